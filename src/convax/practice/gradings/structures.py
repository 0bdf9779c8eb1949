"""What a traced program must look like where an exercise asks for more than the right values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convax.practice.grading import Arguments

__all__ = ["Primitives", "one_convolution", "short_transforms", "uses"]

Primitives = Sequence[tuple[str, Any]]
CONVOLUTION = "conv_general_dilated"


def one_convolution(primitives: Primitives, arguments: Arguments) -> str | None:
    """One convolution does all."""
    count = sum(name == CONVOLUTION for name, _ in primitives)
    return None if count == 1 else f"its program has {count} convolutions, and one is enough"


def uses(parameter: str) -> Callable[[Primitives, Arguments], str | None]:
    """A check that lax's convolution is given the exercise's number, its third argument, as this parameter."""

    def check(primitives: Primitives, arguments: Arguments) -> str | None:
        given = [params[parameter] for name, params in primitives if name == CONVOLUTION]
        if (arguments[2],) in given:
            return None
        return f"lax could do that by itself, with {parameter}=({arguments[2]},); it got {given[0]}"

    return check


def short_transforms(primitives: Primitives, arguments: Arguments) -> str | None:
    """No Fourier transform is longer than the exercise's number, its third argument."""
    longest = max((max(params["fft_lengths"]) for name, params in primitives if name == "fft"), default=0)
    if longest <= arguments[2]:
        return None
    return f"there is a Fourier transform of {longest} samples; none may be longer than points = {arguments[2]}"
