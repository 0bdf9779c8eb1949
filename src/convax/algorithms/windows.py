"""Padding, trimming and slicing of one axis: the steps that most formulations begin with."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.target import is_for_cpu
from convax.core.geometry import Geometry

__all__ = ["joined", "met", "pad_axis", "pad_last", "padded", "padded_apart", "strided_window", "windows", "within"]


def pad_axis(x: Array, axis: int, before: int, after: int, interior: int = 0) -> Array:
    """Zeros before, after and between the samples of an axis; negative numbers trim."""
    if before == after == interior == 0:
        return x
    widths = [(0, 0, 0)] * x.ndim
    widths[axis] = (before, after, interior)
    return lax.pad(x, jnp.zeros((), x.dtype), widths)


def pad_last(x: Array, before: int, after: int, interior: int = 0) -> Array:
    """`pad_axis` of the last axis."""
    return pad_axis(x, -1, before, after, interior)


def padded(x: Array, geometry: Geometry, axis: int = -1) -> Array:
    """The signal that the window slides over: upsampled, then padded or trimmed."""
    return pad_axis(x, axis, *geometry.padding, geometry.upsample - 1)


def padded_apart(x: Array, geometry: Geometry, axis: int = -1) -> Array:
    """The same where it is a pass of its own: XLA's CPU copies what is joined, and tests each sample that is padded."""
    before, after = geometry.padding
    if geometry.upsample > 1 or min(before, after) < 1 or not is_for_cpu():
        return padded(x, geometry, axis)
    shape = list(x.shape)
    ends = []
    for size in (before, after):
        shape[axis] = size
        ends.append(jnp.zeros(shape, x.dtype))
    return joined([ends[0], x, ends[1]], axis)


def joined(parts: Sequence[Array], axis: int = -1) -> Array:
    """The parts one after the other. XLA's CPU copies them, but would widen a bfloat16 and narrow it again."""
    if len(parts) == 1:
        return parts[0]
    if parts[0].dtype != jnp.bfloat16 or not is_for_cpu():
        return jnp.concatenate(parts, axis)
    bits = jnp.concatenate([lax.bitcast_convert_type(part, jnp.uint16) for part in parts], axis)
    return lax.bitcast_convert_type(bits, jnp.bfloat16)


def within(geometry: Geometry) -> range:
    """The outputs whose windows lie within a signal that is not upsampled, and meet none of its padding.

    Example:
        >>> within(Geometry(10, 3, padding=(1, 1)))
        range(1, 9)
    """
    before, _ = geometry.padding
    stop = (before + geometry.length - geometry.reach) // geometry.stride + 1
    return range(max(0, -(-before // geometry.stride)), min(stop, geometry.output))


def met(x: Array, outputs: range, geometry: Geometry, axis: int = -1) -> Array:
    """The samples that the windows of some outputs meet, padded where the signal, not upsampled, does not reach."""
    start = outputs.start * geometry.stride - geometry.padding[0]
    stop = start + (len(outputs) - 1) * geometry.stride + geometry.reach
    first = min(max(0, start), geometry.length)
    last = max(first, min(stop, geometry.length))
    before = min(max(0, -start), stop - start)
    inside = lax.slice_in_dim(x, first, last, axis=axis % x.ndim)
    return pad_axis(inside, axis, before, stop - start - before - (last - first))


def windows(z: Array, tap: int, outputs: range, geometry: Geometry, axis: int = -1) -> Array:
    """The samples that tap number `tap` meets, one for each of some outputs."""
    start = outputs.start * geometry.stride + tap * geometry.dilation
    stop = start + (len(outputs) - 1) * geometry.stride + 1
    return lax.slice_in_dim(z, start, stop, geometry.stride, axis=axis % z.ndim)


def strided_window(z: Array, tap: int, geometry: Geometry, axis: int = -1) -> Array:
    """The same for all outputs."""
    return windows(z, tap, range(geometry.output), geometry, axis)
