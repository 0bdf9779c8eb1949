"""What the judge knows of an exercise: the truth, cases to try, and what known mistakes would have returned."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["Arguments", "Grading", "Lens", "Meant", "Random", "of_dtype", "whole"]

Arguments = tuple[Any, ...]  # NumPy arrays, and plain ints for what is not an array
Random = np.random.Generator


@dataclasses.dataclass(frozen=True)
class Lens:
    """A known mistake: if a result equals what it would return, in every case, then it was made.

    Args:
        diagnosis: The mistake in a few words; tests and programs go by it.
        result: What the mistake returns for a case's arguments; it may raise where it would return nothing.
        says: What the learner is told, one sentence.
        repair: What to do about it.
    """

    diagnosis: str
    result: Callable[..., Any]
    says: str
    repair: str


@dataclasses.dataclass(frozen=True)
class Meant:
    """How lax should read the operands of the exercise's convolution.

    Args:
        data: Sizes of batch, channels and length.
        kernel: Sizes of features, channels and taps.
    """

    data: tuple[int, int, int]
    kernel: tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Grading:
    """How one exercise is judged.

    Args:
        truth: The definition, in NumPy and float64.
        cases: Random cases; the judge sorts them by size.
        sized: A case whose signal has (about) as many samples as asked for.
        lenses: Known mistakes, the likeliest first.
        length_axis: The axis of the result that runs along the signal.
        meant: How lax should read the operands, where there is one way only.
        dtypes: Element types that are tried with 64-bit types on.
        structure: Looks at primitives with their parameters and at the arguments; says what is amiss, or None.
    """

    truth: Callable[..., Any]
    cases: Callable[[Random], Iterator[Arguments]]
    sized: Callable[[Random, int], Arguments]
    lenses: tuple[Lens, ...]
    length_axis: int = -1
    meant: Callable[..., Meant] | None = None
    dtypes: tuple[str, ...] = ("float32", "float64", "float16")
    structure: Callable[[Sequence[tuple[str, Any]], Arguments], str | None] | None = None

    def expected(self, arguments: Arguments) -> Any:
        """The true result, in float64."""
        return self.truth(*(wide(argument) for argument in arguments))


def wide(argument: Any) -> Any:
    """An array in float64, a number as it is."""
    return argument if isinstance(argument, int) else np.asarray(argument, np.float64)


def whole(random: Random, *shape: int) -> Any:
    """Whole numbers from -2 to 4 as float32, easy to read and exact in every type; the first is not zero."""
    values = random.integers(-2, 5, shape).astype(np.float32)
    values.flat[0] = values.flat[0] or 2.0
    return values


def of_dtype(arguments: Arguments, dtype: str) -> Arguments:
    """The arrays in another type, the numbers as they are."""
    return tuple(argument if isinstance(argument, int) else argument.astype(dtype) for argument in arguments)
