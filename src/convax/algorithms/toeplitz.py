"""toeplitz: the signal in rows of a block length, times a banded matrix that holds the kernel once per column."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Literal, Self

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.containment import contained
from convax.algorithms.interface import Algorithm
from convax.algorithms.products import precision_of_own
from convax.algorithms.windows import pad_last, padded
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Toeplitz"]

Form = Literal["product", "layer"]


@dataclasses.dataclass(frozen=True)
class Toeplitz(Algorithm):
    """y[r * block + i] = sum over j of row[r, j] * band[j, i], where band[j, i] = w[j - i].

    It spends block + taps - 1 multiplications where the definition needs `taps`, but in a matrix product, which
    runs many times faster than a loop. Best for one channel and some hundred taps.

    Args:
        block: Outputs per row.
        form: "product": the rows that a window spans are laid side by side and multiplied by the band; "layer":
            a row's samples are the channels of a dense layer that slides over the rows, so that lax's convolution
            lays them side by side in the cache.
    """

    name = "toeplitz"
    idea = "rows of the signal times a banded matrix of the kernel"
    block: int = 64
    form: Form = "product"

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        blocks = (32, 64, 128, 256) if platform == "cpu" or spec.geometry.taps > 64 else (64,)
        yield from (cls(block) for block in blocks if block <= max(blocks[0], spec.geometry.output))
        # XLA's CPU has a fast convolution for this type alone; other devices lay nothing side by side in a cache.
        if spec.accumulator.name == "float32" and platform == "cpu":
            yield from (cls(block, "layer") for block in (16, 32, 64) if block <= max(16, spec.geometry.output))

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
        counts: dict[str, float] = {"loop": 4 * band, "branch": 1}
        moved = 2 * data + output + 2 * band
        if self.form == "layer":
            counts |= {"conv_nhc": amount, "conv_row": signals * rows, "conv_call": 1, "conv_group": spec.groups - 1}
        else:
            counts |= {"gemm": amount, "gemm_call": spec.groups}
            moved += 2 * data * span
        return Work(counts, moved * spec.accumulator.bytes, 5)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        # The zeros of the band meet samples outside of the window: zero times NaN is NaN.
        z, geometry = padded(x, spec.geometry), spec.geometry.over_padded
        return contained(functools.partial(self._rows, spec=spec), z, w, geometry)

    def _rows(self, z: Array, w: Array, spec: ConvSpec) -> Array:
        rows, _ = self._parts(spec)
        z = pad_last(z, 0, -z.shape[-1] % self.block)[:, :, 0]
        z = z.reshape(*z.shape[:2], -1, self.block)
        multiply = self._layer if self.form == "layer" else self._product
        y = multiply(z, self._band(w, spec), spec)  # (n, g, r, o, i)
        y = y.transpose(0, 1, 3, 2, 4)
        return y.reshape(*y.shape[:3], rows * self.block)[..., : spec.geometry.output]

    def _band(self, w: Array, spec: ConvSpec) -> Array:
        """band[..., i, s, j] = w[..., s * block + j - i]: (g, o, c, k) -> (g, o, block, span, block)."""
        span = self._parts(spec)[1]
        columns = span * self.block
        # A period of columns + 1, read in rows of `columns`, moves on by one sample from row to row.
        period = pad_last(w[:, :, 0], 0, columns + 1 - w.shape[3])
        rows = jnp.broadcast_to(period[:, :, None], (*period.shape[:2], self.block, columns + 1))
        flat = rows.reshape(*rows.shape[:2], -1)[..., : self.block * columns]
        return flat.reshape(*flat.shape[:2], self.block, span, self.block)

    def _product(self, z: Array, band: Array, spec: ConvSpec) -> Array:
        rows, span = self._parts(spec)
        z = jnp.pad(z, ((0, 0), (0, 0), (0, rows + span - 1 - z.shape[2]), (0, 0)))
        windows = jnp.concatenate([z[:, :, shift : shift + rows] for shift in range(span)], axis=3)
        groups, features = band.shape[:2]
        band = band.transpose(0, 3, 4, 1, 2).reshape(groups, span * self.block, features * self.block)
        precision = precision_of_own(spec)
        if groups == 1:
            y = lax.dot_general(windows[:, 0], band[0], (((2,), (0,)), ((), ())), precision=precision)[None]
        else:
            y = lax.dot_general(windows, band, (((3,), (1,)), ((1,), (0,))), precision=precision)
        return y.reshape(groups, -1, rows, features, self.block).swapaxes(0, 1)

    def _layer(self, z: Array, band: Array, spec: ConvSpec) -> Array:
        rows, span = self._parts(spec)
        missing = rows + span - 1 - z.shape[2]

        def group(operands: tuple[Array, Array]) -> Array:
            signals, band = operands
            kernel = band.transpose(2, 3, 0, 1).reshape(span, self.block, -1)
            return lax.conv_general_dilated(
                signals,
                kernel,
                window_strides=(1,),
                padding=((0, missing),),
                dimension_numbers=("NHC", "HIO", "NHC"),
                precision=spec.precision,
            )

        groups, features = band.shape[:2]
        y = group((z[:, 0], band[0]))[None] if groups == 1 else lax.map(group, (z.swapaxes(0, 1), band))
        return y.reshape(groups, -1, rows, features, self.block).swapaxes(0, 1)
