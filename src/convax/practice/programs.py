"""What is in a learner's function once JAX has traced it: its primitives, and how many."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import jax

from convax.jax_internals import inner_jaxprs
from convax.practice.grading import Arguments

__all__ = ["Program", "arrays_of", "with_arrays"]


class Program:
    """A traced call, its inner functions included.

    Args:
        function: What to trace.
        arguments: Arrays are traced, numbers stay numbers.
    """

    def __init__(self, function: Callable[..., Any], arguments: Arguments) -> None:
        traced = jax.make_jaxpr(lambda *arrays: function(*with_arrays(arguments, arrays)))(*arrays_of(arguments))
        self.equations: list[Any] = []
        waiting = [traced.jaxpr]
        while waiting:
            jaxpr = waiting.pop()
            self.equations += jaxpr.eqns
            for equation in jaxpr.eqns:
                waiting += inner_jaxprs(equation)

    @property
    def primitives(self) -> list[tuple[str, Any]]:
        """Names with parameters."""
        return [(equation.primitive.name, equation.params) for equation in self.equations]

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.primitives}

    def commonest(self) -> str:
        """The primitives in words, the most frequent first."""
        counts = collections.Counter(name for name, _ in self.primitives if name not in ("jit", "pjit"))
        return ", ".join(name for name, _ in counts.most_common(5)) or "nothing at all"


def arrays_of(arguments: Arguments) -> list[Any]:
    """The arguments that are arrays."""
    return [argument for argument in arguments if not isinstance(argument, int)]


def with_arrays(arguments: Arguments, arrays: Any) -> tuple[Any, ...]:
    """The arguments with the arrays replaced, one by one."""
    rest = iter(arrays)
    return tuple(argument if isinstance(argument, int) else next(rest) for argument in arguments)
