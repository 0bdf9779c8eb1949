"""What every formulation offers: a reason why not, a count of its work, and the computation itself."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Self

from jax import Array

from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Algorithm"]


@dataclasses.dataclass(frozen=True)
class Algorithm(abc.ABC):
    """One way to compute a convolution: a frozen value whose fields are its tunables.

    Attributes:
        name: The word by which a caller asks for it.
        idea: One sentence, shown beside the name.
    """

    name: ClassVar[str]
    idea: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def candidates(cls, spec: ConvSpec) -> Iterator[Self]:
        """Settings that are worth comparing for `spec`; at least one, even where the algorithm cannot serve."""

    @abc.abstractmethod
    def why_not(self, spec: ConvSpec) -> str | None:
        """One printable sentence why this algorithm cannot serve `spec`, or None where it can."""

    @abc.abstractmethod
    def work(self, spec: ConvSpec) -> Work:
        """Operations, bytes and launches; called only where `why_not` is None."""

    @abc.abstractmethod
    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        """The convolution in normal form.

        Args:
            x: Data of shape (group_batch, groups, group_channels, length), in the accumulator's type.
            w: Kernel of shape (groups, group_features, group_channels, taps), in the accumulator's type.
            spec: The convolution; its layout and batch groups are already dealt with.

        Returns:
            The sums, of shape (group_batch, groups, group_features, output), in the accumulator's type.
        """

    def __str__(self) -> str:
        settings = ", ".join(
            f"{field.name}={getattr(self, field.name)}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        )
        return f"{self.name}({settings})" if settings else self.name
