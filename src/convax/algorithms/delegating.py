"""What `polyphase` and `swapped` have in common: they change the problem, and hand it to an inner algorithm."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator
from typing import Self

from convax.algorithms.interface import Algorithm
from convax.algorithms.shift_add import ShiftAdd
from convax.core.spec import ConvSpec

__all__ = ["Delegating"]


@dataclasses.dataclass(frozen=True)
class Delegating(Algorithm):
    """An algorithm that leaves the computation to another one, of another convolution.

    Args:
        inner: The algorithm for that convolution.
    """

    inner: Algorithm = ShiftAdd()

    @classmethod
    @abc.abstractmethod
    def gains_nothing(cls, spec: ConvSpec) -> str | None:
        """Why there is no other convolution worth computing, or None where there is."""

    @classmethod
    @abc.abstractmethod
    def inner_spec(cls, spec: ConvSpec) -> ConvSpec:
        """The convolution that `inner` computes; called only where `gains_nothing` is None."""

    @classmethod
    @abc.abstractmethod
    def inner_kinds(cls, inner_spec: ConvSpec) -> tuple[type[Algorithm], ...]:
        """The algorithms that may compute it."""

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        if cls.gains_nothing(spec) is not None:
            yield cls()
            return
        inner = cls.inner_spec(spec)
        for kind in cls.inner_kinds(inner):
            yield from (cls(setting) for setting in kind.candidates(inner, platform))

    def why_not(self, spec: ConvSpec) -> str | None:
        if (reason := self.gains_nothing(spec)) is not None:
            return reason
        if spec.accumulator.kind == "other":
            return f"{spec.dtype} has no arithmetic of its own"
        reason = self.inner.why_not(self.inner_spec(spec))
        return None if reason is None else f"{self.inner} refuses the convolution that is left to it: {reason}"

    def __str__(self) -> str:
        return f"{self.name}({self.inner})"
