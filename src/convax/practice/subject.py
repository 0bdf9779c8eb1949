"""A learner's function before the judge, and how it is called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from convax.practice.exercise import Exercise
from convax.practice.failures import call, in_words, source_of
from convax.practice.finding import Finding, listing, shown_type
from convax.practice.grading import Arguments, Grading
from convax.practice.programs import arrays_of, with_arrays
from convax.practice.reading import Reading, exchanged, noting, reading_of_error, too_few_axes

__all__ = ["Subject", "as_jax", "cases_of"]


@dataclasses.dataclass(frozen=True)
class Subject:
    """A function before the judge.

    Args:
        function: The learner's.
        exercise: Which it should solve.
        grading: How that is judged.
        cases: From small to large.
        watch: Is told each call before it is made.
    """

    function: Callable[..., Any]
    exercise: Exercise
    grading: Grading
    cases: tuple[Arguments, ...]
    watch: Callable[[str], None]

    @property
    def names(self) -> tuple[str, ...]:
        return self.exercise.parameters

    def asks(self, arguments: Arguments, when: str = "") -> Any:
        """Calls the function as a learner would, with JAX's arrays."""
        self.say(arguments, when)
        return call(lambda: self.function(*as_jax(arguments)))

    def say(self, arguments: Arguments, when: str) -> None:
        given = ", ".join(
            f"{name}={argument if isinstance(argument, int) else f'<{shown_type(argument)}>'}"
            for name, argument in zip(self.names, arguments, strict=True)
        )
        self.watch(f"{self.exercise.name}({given}){f', {when}' if when else ''}")

    def failed(self, error: BaseException, arguments: Arguments, when: str = "") -> Finding:
        """The finding for a call that raised."""
        words = in_words(error, source_of(self.function), when)
        precise = too_few_axes(error)
        if precise is None:
            precise = self.exchange(arguments, reading_of_error(error))
        if precise is not None:
            words = dataclasses.replace(precise, lines=(*_said(words), *precise.lines))
        return dataclasses.replace(words, case=listing(self.names, arguments, "raises", self.expected(arguments)))

    def exchange(self, arguments: Arguments, failed: Reading | None = None) -> Finding | None:
        """Axes that lax reads otherwise than meant, in this call.

        Args:
            arguments: Of the call.
            failed: How lax read a call that it refused.
        """
        if self.grading.meant is None:
            return None
        with noting() as readings:
            call(
                lambda: jax.make_jaxpr(lambda *arrays: self.function(*with_arrays(arguments, arrays)))(
                    *arrays_of(as_jax(arguments))
                )
            )
        flat = all(array.ndim == 1 for array in arrays_of(arguments))
        for reading in [*readings, *([] if failed is None else [failed])]:
            finding = exchanged(reading, self.grading.meant(*arguments), self.names, flat)
            if finding is not None:
                return finding
        return None

    def expected(self, arguments: Arguments) -> Any:
        return np.asarray(self.grading.expected(arguments))


def _said(words: Finding) -> tuple[str, ...]:
    """What was raised where, without what it means."""
    return (words.lines[0], *(line for line in words.lines[1:] if line.startswith(" ")))


def as_jax(arguments: Arguments) -> tuple[Any, ...]:
    """Arrays as JAX's, numbers as they are."""
    return tuple(argument if isinstance(argument, int) else jnp.asarray(argument) for argument in arguments)


def cases_of(exercise: Exercise, grading: Grading) -> tuple[Arguments, ...]:
    """Examples and random cases, from small to large; always the same."""
    examples = [
        tuple(value if isinstance(value, int) else np.asarray(value, np.float32) for value in example.arguments)
        for example in exercise.examples
    ]
    cases = [*examples, *grading.cases(np.random.default_rng(1))]
    return tuple(sorted(cases, key=lambda case: sum(array.size for array in arrays_of(case))))
