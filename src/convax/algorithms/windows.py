"""Padding, trimming and slicing of one axis: the steps that most formulations begin with."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from convax.core.geometry import Geometry

__all__ = ["pad_axis", "pad_last", "padded", "strided_window", "windows"]


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


def windows(z: Array, tap: int, outputs: range, geometry: Geometry, axis: int = -1) -> Array:
    """The samples that tap number `tap` meets, one for each of some outputs."""
    start = outputs.start * geometry.stride + tap * geometry.dilation
    stop = start + (len(outputs) - 1) * geometry.stride + 1
    return lax.slice_in_dim(z, start, stop, geometry.stride, axis=axis % z.ndim)


def strided_window(z: Array, tap: int, geometry: Geometry, axis: int = -1) -> Array:
    """The same for all outputs."""
    return windows(z, tap, range(geometry.output), geometry, axis)
