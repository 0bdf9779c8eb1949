"""inner_product: few outputs of very many taps, each an inner product; one pass reads the data for all of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Self

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.target import is_for_cpu
from convax.algorithms.windows import padded
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.work import Work
from convax.jax_internals import align_varying

__all__ = ["InnerProduct"]

MOST_OUTPUTS = 64
# Groups from which on a step of the loop is long enough, and outputs up to which one reduction keeps all their sums
# in registers.
FEW_GROUPS, MANY_OUTPUTS = 16, 24
# XLA sums each lane over all its rows before it turns to the next: so many rows stay in the cache meanwhile. Threads
# share the blocks of rows, once there are so many.
ROWS, MANY_BLOCKS = 64, 4
# Outputs up to which a GPU sums each on its own; XLA makes one kernel of them.
FEW_SUMS = 8


@dataclasses.dataclass(frozen=True)
class InnerProduct(Algorithm):
    """Output i = the inner product of the kernel with the window at i, all outputs in one pass over the data.

    Gradients with respect to a depthwise (or single) kernel have this shape: the "kernel" is as long as the
    signal, and there are as many outputs as the layer has taps. Samples side by side are summed by one variadic
    reduction; groups side by side by a loop over the taps, which adds to all outputs at each step.

    Args:
        lanes: Partial sums that are kept apart until the end; short sums keep the rounding error small, and
            fill the vector registers.
    """

    name = "inner_product"
    idea = "one reduction per output, all in a single pass"
    lanes: int = 64

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        yield cls()

    def why_not(self, spec: ConvSpec) -> str | None:
        if spec.accumulator.kind == "other":
            return f"{spec.dtype} has no arithmetic of its own"
        if spec.geometry.output > MOST_OUTPUTS:
            return f"{spec.geometry.output} outputs; a single reduction serves at most {MOST_OUTPUTS}"
        if spec.geometry.upsample > 1:
            return f"upsample {spec.geometry.upsample} would multiply by inserted zeros; polyphase skips them"
        return None

    def work(self, spec: ConvSpec) -> Work:
        passes = 1 if spec.geometry.padding == (0, 0) else 2
        extra = (passes - 1) * 2 * spec.sizes[0] * spec.accumulator.bytes
        kind = "reduce" if spec.geometry.dilation == 1 else "reduce_strided"
        return Work({kind: spec.multiply_adds}, spec.bytes + extra, passes + 1)

    def order(self, spec: ConvSpec) -> Axes:
        return "NHC" if spec.layout.channels_last and self._in_loop(spec) else "NCH"

    def _in_loop(self, spec: ConvSpec) -> bool:
        """Whether a loop over the taps adds to all outputs and groups at each step."""
        if not _is_single(spec) or spec.groups < FEW_GROUPS:
            return False
        return spec.layout.channels_last or spec.geometry.output > MANY_OUTPUTS

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        geometry = spec.geometry
        if not _is_single(spec):
            z, kernel = padded(x, geometry)[:, :, None], w[None]
            if not is_for_cpu():
                return jnp.stack(_sums(z, kernel, geometry, 4, (3, 4)), axis=3)
            return self._in_one_reduction(z, kernel, geometry)
        # A gradient's operands lie in the order (c, g, l) or (c, l, g), and the axes of size one are nowhere.
        order = (1, 2, 0) if self.order(spec) == "NHC" else (1, 0, 2)
        axis = order.index(2)
        z = padded(lax.squeeze(x, (0,)).transpose(order), geometry, axis)
        kernel = lax.squeeze(w, (1,)).transpose(order)
        if not is_for_cpu():
            return jnp.stack(_sums(z, kernel, geometry, axis, (0, axis)), axis=1)[None, :, None]
        if self._in_loop(spec):
            return self._in_steps(z, kernel, geometry, axis).T[None, :, None]
        return self._in_one_reduction(z, kernel, geometry, contracted=0)[None, :, None]

    def _in_one_reduction(self, z: Array, w: Array, geometry: Geometry, contracted: int = 3) -> Array:
        """Products of the windows of z with w along the last axis, summed over it and another one."""
        last = z.ndim - 1
        products = [_window(z, output, geometry.taps, geometry, last) * w for output in range(geometry.output)]
        sums = []
        for start, shape in self._pieces(geometry.taps):
            stop = start + math.prod(shape)
            pieces = [p[..., start:stop].reshape(*p.shape[:-1], *shape) for p in products]
            totals = _sum_each(pieces, (contracted, last + 1), last - 1)
            sums.append(totals.sum(axis=(-2, -1), dtype=totals.dtype))  # NumPy's sum of narrow integers would widen
        return sum(sums[1:], start=sums[0])

    def _pieces(self, taps: int) -> Iterator[tuple[int, tuple[int, int, int]]]:
        """Where each piece of the taps starts, and its blocks, rows and lanes."""
        block = ROWS * self.lanes
        blocks = taps // block if taps >= MANY_BLOCKS * block else 0
        rows, rest = divmod(taps - blocks * block, self.lanes)
        start = 0
        for shape in ((blocks, ROWS, self.lanes), (1, rows, self.lanes), (1, rest, 1)):
            if size := math.prod(shape):
                yield start, shape
                start += size

    def _in_steps(self, z: Array, w: Array, geometry: Geometry, axis: int) -> Array:
        """z and w of (c, g, l) or (c, l, g) -> (i, g): one channel and `lanes` taps at each step of a loop."""
        z, w = align_varying(z, w)
        pieces, rest = divmod(geometry.taps, self.lanes)
        axis -= 1  # of a channel
        last = (geometry.output - 1) * geometry.stride

        def products(channel: Array, tap: Array | int, taps: int) -> list[Array]:
            reach = last + (taps - 1) * geometry.dilation + 1
            data = _part(z, channel, tap * geometry.dilation, reach, axis)
            kernel = _part(w, channel, tap, taps, axis)
            return [_window(data, output, taps, geometry, axis) * kernel for output in range(geometry.output)]

        def whole_piece(number: Array, sums: list[Array]) -> list[Array]:
            new = products(number // pieces, number % pieces * self.lanes, self.lanes)
            return [old + more for old, more in zip(sums, new, strict=True)]

        def last_piece(channel: Array, totals: list[Array]) -> list[Array]:
            new = products(channel, pieces * self.lanes, rest)
            return [old + more.sum(axis, dtype=z.dtype) for old, more in zip(totals, new, strict=True)]

        shape = list(w.shape[1:])
        shape[axis] = self.lanes
        zeros = align_varying(jnp.zeros(shape, z.dtype), z)[0]
        totals = [zeros.sum(axis, dtype=z.dtype)] * geometry.output
        if pieces:
            sums = lax.fori_loop(0, w.shape[0] * pieces, whole_piece, [zeros] * geometry.output)
            totals = [lanes.sum(axis, dtype=z.dtype) for lanes in sums]
        if rest:
            totals = lax.fori_loop(0, w.shape[0], last_piece, totals)
        return jnp.stack(totals)


def _is_single(spec: ConvSpec) -> bool:
    """Whether each group has one signal and one feature, as in the gradient of a depthwise layer."""
    return spec.group_batch == spec.group_features == 1


def _part(operand: Array, channel: Array, start: Array | int, size: int, axis: int) -> Array:
    """A channel of the operand, cut along an axis."""
    return lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(operand, channel, keepdims=False), start, size, axis)


def _window(z: Array, output: int, taps: int, geometry: Geometry, axis: int) -> Array:
    """The samples of z that so many taps of an output meet."""
    start = output * geometry.stride
    return lax.slice_in_dim(z, start, start + (taps - 1) * geometry.dilation + 1, geometry.dilation, axis=axis)


def _sums(z: Array, w: Array, geometry: Geometry, axis: int, axes: tuple[int, int]) -> Sequence[Array]:
    """One sum over `axes` for each output, of the products of its window along `axis` with w."""
    products = [_window(z, output, geometry.taps, geometry, axis) * w for output in range(geometry.output)]
    if geometry.output <= FEW_SUMS:
        return [product.sum(axes, dtype=z.dtype) for product in products]
    return _in_one(products, axes)


def _sum_each(arrays: list[Array], axes: tuple[int, int], position: int) -> Array:
    """Sums of equally shaped arrays over `axes` in one reduction, stacked along a new axis at `position`."""
    return jnp.stack(_in_one(arrays, axes), axis=position)


def _in_one(arrays: list[Array], axes: tuple[int, int]) -> Sequence[Array]:
    zero = jnp.zeros((), arrays[0].dtype)
    totals: Sequence[Array] = lax.reduce(
        tuple(arrays),
        (zero,) * len(arrays),
        lambda left, right: tuple(a + b for a, b in zip(left, right, strict=True)),
        axes,
    )
    return totals
