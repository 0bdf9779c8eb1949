"""toeplitz: the signal in rows of a block length, times a banded matrix that holds the kernel once per column."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Self

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from convax.algorithms.containment import contained
from convax.algorithms.interface import Algorithm
from convax.algorithms.windows import pad_last, padded
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Toeplitz"]


@dataclasses.dataclass(frozen=True)
class Toeplitz(Algorithm):
    """y[r * block + i] = sum over j of row[r, j] * band[j, i], where band[j, i] = w[j - i].

    It spends block + taps - 1 multiplications where the definition needs `taps`, but in a matrix product, which
    runs many times faster than a loop. Best for one channel and some hundred taps.

    Args:
        block: Outputs per row.
    """

    name = "toeplitz"
    idea = "rows of the signal times a banded matrix of the kernel"
    block: int = 64

    @classmethod
    def candidates(cls, spec: ConvSpec) -> Iterator[Self]:
        yield from (cls(block) for block in (32, 64, 128, 256) if block <= max(32, spec.geometry.output))

    def why_not(self, spec: ConvSpec) -> str | None:
        if spec.accumulator.kind == "other":
            return f"{spec.dtype} has no arithmetic of its own"
        if spec.group_channels > 1:
            return f"{spec.group_channels} channels per group; matmul contracts them without a band of zeros"
        if not spec.geometry.is_plain:
            return "stride, dilation and upsample must be 1; polyphase leads there"
        return None

    def _parts(self, spec: ConvSpec) -> tuple[int, int]:
        """Rows of the signal, and rows that one window spans."""
        return -(-spec.geometry.output // self.block), -(-(self.block + spec.geometry.taps - 1) // self.block)

    def work(self, spec: ConvSpec) -> Work:
        rows, span = self._parts(spec)
        data, _, output = spec.sizes
        signals = spec.group_batch * spec.groups
        amount = signals * rows * self.block * spec.group_features * self.block * span
        band = spec.features * span * self.block**2
        moved = 2 * data * span + 2 * data + output + 2 * band
        counts = {"gemm": amount, "gemm_call": spec.groups, "loop": 4 * band}
        return Work(counts, moved * spec.accumulator.bytes, 5)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        # The zeros of the band meet samples outside of the window: zero times NaN is NaN.
        return contained(functools.partial(self._rows, spec=spec), padded(x, spec.geometry), w)

    def _rows(self, z: Array, w: Array, spec: ConvSpec) -> Array:
        rows, span = self._parts(spec)
        batch, groups = z.shape[:2]
        features, taps = w.shape[1], w.shape[3]
        z = z[:, :, 0]
        z = pad_last(z, 0, (rows + span - 1) * self.block - z.shape[-1])
        z = z.reshape(batch, groups, rows + span - 1, self.block)
        windows = jnp.concatenate([z[:, :, shift : shift + rows] for shift in range(span)], axis=3)
        # band[j, i] = w[j - i]: a constant table of indices; index `taps` is the zero after the last tap.
        tap = np.arange(span * self.block)[:, None] - np.arange(self.block)[None, :]
        index = np.where((tap >= 0) & (tap < taps), tap, taps)
        band = pad_last(w[:, :, 0], 0, 1)[:, :, index].transpose(0, 2, 1, 3)
        band = band.reshape(groups, span * self.block, features * self.block)
        if groups == 1:
            y = lax.dot_general(windows[:, 0], band[0], (((2,), (0,)), ((), ())), precision=spec.precision)[None]
        else:
            y = lax.dot_general(windows, band, (((3,), (1,)), ((1,), (0,))), precision=spec.precision)
        y = y.reshape(groups, batch, rows, features, self.block).transpose(1, 0, 3, 2, 4)
        return y.reshape(batch, groups, features, rows * self.block)[..., : spec.geometry.output]
