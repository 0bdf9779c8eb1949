"""What every formulation offers: a reason why not, a count of its work, and the computation itself."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from jax import Array

from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Algorithm", "Axes"]

Axes = Literal["NCH", "NHC"]


@dataclasses.dataclass(frozen=True)
class Algorithm(abc.ABC):
    """One way to compute a convolution: a frozen value whose fields are its tunables.

    Attributes:
        name: The word by which a caller asks for it.
        idea: One sentence, shown beside the name.
        takes_narrow: Whether it takes data as they are, to widen each value where it is multiplied, and may narrow the
            sums itself; to others come data and go results in the accumulator's type.
    """

    name: ClassVar[str]
    idea: ClassVar[str]
    takes_narrow: ClassVar[bool] = False

    @classmethod
    @abc.abstractmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        """Settings that are worth comparing for `spec`; at least one, even where the algorithm cannot serve.

        Args:
            spec: The convolution.
            platform: "cpu", "cuda", ...: what it would run on.
        """

    @abc.abstractmethod
    def why_not(self, spec: ConvSpec) -> str | None:
        """One printable sentence why this algorithm cannot serve `spec`, or None where it can."""

    @abc.abstractmethod
    def work(self, spec: ConvSpec) -> Work:
        """Operations, bytes and launches, in the order of axes that it computes in; only where `why_not` is None."""

    def order(self, spec: ConvSpec) -> Axes:
        """The order of axes that it computes in: samples side by side, unless it says otherwise."""
        return "NCH"

    def total_work(self, spec: ConvSpec) -> Work:
        """`work`, and what it takes to bring data and result from and to the order in which they lie in memory."""
        data, _, output = spec.sizes
        channels_last = self.order(spec) == "NHC"
        moved = data * (spec.layout.channels_last != channels_last)
        moved += output * (spec.layout.result_channels_last != channels_last)
        work = self.work(spec)
        if moved:
            work += Work({"transpose": moved}, 2 * moved * spec.accumulator.bytes, 1)
        if spec.accumulator != spec.dtype:
            work += Work({"convert": data + output}, 0, 0)
        return work

    @abc.abstractmethod
    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        """The convolution in normal form.

        Args:
            x: Data of shape (group_batch, groups, group_channels, length), in the accumulator's type (see
                `takes_narrow`).
            w: Kernel of shape (groups, group_features, group_channels, taps), in the accumulator's type.
            spec: The convolution; its layout and batch groups are already dealt with. (An algorithm that computes
                in another order of axes than this one transposes first; where that is the order in memory, XLA
                cancels the two transpositions.)

        Returns:
            The sums, of shape (group_batch, groups, group_features, output), in the accumulator's type or the result's.
        """

    def __str__(self) -> str:
        settings = ", ".join(
            f"{field.name}={getattr(self, field.name)}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        )
        return f"{self.name}({settings})" if settings else self.name
