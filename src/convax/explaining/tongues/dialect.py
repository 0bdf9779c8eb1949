"""How a house of arrays writes what all of them can do: reorder, reshape, flip, pad."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

__all__ = ["JAX", "KERAS", "NUMPY", "TORCH", "Dialect"]


@dataclasses.dataclass(frozen=True)
class Dialect:
    """Expressions of arrays, as text.

    Args:
        name: The prefix of its functions, "np".
        imports: What the code begins with.
    """

    name: str
    imports: tuple[str, ...]

    def array(self, expression: str, dtype: str | None) -> str:
        """An array of what the caller has, of another element type where one is named."""
        return f"{self.name}.asarray({expression}{f', {self.dtype(dtype)}' if dtype else ''})"

    def dtype(self, name: str) -> str:
        """An element type."""
        return f"{self.name}.{'bool_' if name == 'bool' else name}"

    def transpose(self, expression: str, order: Sequence[int]) -> str:
        """Axes in another order."""
        return f"{expression}.transpose({_listed(order)})"

    def reshape(self, expression: str, shape: Sequence[int]) -> str:
        """Another shape."""
        return f"{expression}.reshape({_listed(shape)})"

    def flip(self, expression: str) -> str:
        """The last axis backwards."""
        return f"{self.name}.flip({expression}, -1)"

    def move(self, expression: str, source: int, target: int) -> str:
        """One axis to another place."""
        return f"{self.name}.moveaxis({expression}, {source}, {target})"

    def broadcast(self, expression: str, shape: Sequence[int]) -> str:
        """Repeated to a shape."""
        return f"{self.name}.broadcast_to({expression}, ({_listed(shape)}{',' * (len(shape) == 1)}))"

    def conjugate(self, expression: str) -> str:
        """The complex conjugate."""
        return f"{expression}.conj()"

    def pad(self, expression: str, axis: int, rank: int, ends: tuple[int, int], mode: str | None = None) -> str:
        """Samples added at both ends of an axis."""
        pairs = ", ".join(f"({ends[0]}, {ends[1]})" if each == axis else "(0, 0)" for each in range(rank))
        word = "" if mode is None else f', mode="{mode}"'
        return f"{self.name}.pad({expression}, [{pairs}]{word})"

    def cast(self, expression: str, dtype: str) -> str:
        """Another element type."""
        return f"{expression}.astype({self.dtype(dtype)})"


class _Torch(Dialect):
    def array(self, expression: str, dtype: str | None) -> str:
        return f"torch.as_tensor({expression}{f', dtype={self.dtype(dtype)}' if dtype else ''})"

    def dtype(self, name: str) -> str:
        return f"torch.{name}"

    def transpose(self, expression: str, order: Sequence[int]) -> str:
        return f"{expression}.permute({_listed(order)})"

    def flip(self, expression: str) -> str:
        return f"{expression}.flip(-1)"

    def move(self, expression: str, source: int, target: int) -> str:
        return f"{expression}.movedim({source}, {target})"

    def pad(self, expression: str, axis: int, rank: int, ends: tuple[int, int], mode: str | None = None) -> str:
        pairs = (0, 0) * (rank - 1 - axis % rank)
        if mode is None:
            return f"F.pad({expression}, ({_listed((*ends, *pairs))}))"
        word = {"edge": "replicate", "wrap": "circular"}.get(mode, mode)
        return f'F.pad({expression}, ({_listed(ends)}), mode="{word}")'

    def cast(self, expression: str, dtype: str) -> str:
        return f"{expression}.to({self.dtype(dtype)})"


class _Keras(Dialect):
    def array(self, expression: str, dtype: str | None) -> str:
        return f"ops.convert_to_tensor({expression}{f', {self.dtype(dtype)}' if dtype else ''})"

    def dtype(self, name: str) -> str:
        return f'"{name}"'

    def transpose(self, expression: str, order: Sequence[int]) -> str:
        return f"ops.transpose({expression}, ({_listed(order)}))"

    def reshape(self, expression: str, shape: Sequence[int]) -> str:
        return f"ops.reshape({expression}, ({_listed(shape)}{',' * (len(shape) == 1)}))"

    def conjugate(self, expression: str) -> str:
        return f"ops.conj({expression})"

    def cast(self, expression: str, dtype: str) -> str:
        return f"ops.cast({expression}, {self.dtype(dtype)})"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


NUMPY = Dialect("np", ("import numpy as np",))
JAX = Dialect("jnp", ("import jax.numpy as jnp",))
TORCH = _Torch("torch", ("import torch", "import torch.nn.functional as F"))
KERAS = _Keras("ops", ("from keras import ops",))
