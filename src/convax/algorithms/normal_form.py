"""Between lax's family (layouts, batch groups, narrow types) and the normal form that algorithms compute in."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.interface import Algorithm
from convax.core.spec import ConvSpec

__all__ = ["compute"]


def compute(algorithm: Algorithm, x: Array, w: Array, spec: ConvSpec) -> Array:
    """The convolution of `x` and `w`, in the layout and type of `spec`, computed by `algorithm`."""
    if spec.is_empty:
        return jnp.zeros(spec.output_shape, spec.result.name)
    data = x if algorithm.takes_narrow else x.astype(spec.accumulator.name)
    y = algorithm.apply(_data(data, spec), _kernel(w, spec), spec)
    return _result(y, spec)


def _data(x: Array, spec: ConvSpec) -> Array:
    """(batch, channels, length) in any order -> (group_batch, groups, group_channels, length)."""
    batch, feature, space = spec.layout.dimension_numbers[0]
    # Axes are split before they are moved: XLA then cancels this reshape and transpose against an algorithm's own.
    if spec.batch_groups > 1:
        x = x.transpose(batch, feature, space)
        x = x.reshape(spec.batch_groups, spec.group_batch, spec.group_channels, spec.geometry.length)
        return x.transpose(1, 0, 2, 3)
    split = _split_axis(x, feature, spec.feature_groups)
    batch, space = batch + (batch > feature), space + (space > feature)
    return split.transpose(batch, feature, feature + 1, space)


def _kernel(w: Array, spec: ConvSpec) -> Array:
    """(features, group_channels, taps) in any order -> (groups, group_features, group_channels, taps)."""
    feature, channel, space = spec.layout.dimension_numbers[1]
    split = _split_axis(w.astype(spec.accumulator.name), feature, spec.groups)
    channel, space = channel + (channel > feature), space + (space > feature)
    return split.transpose(feature, feature + 1, channel, space)


def _result(y: Array, spec: ConvSpec) -> Array:
    """(group_batch, groups, group_features, output) -> the layout and type that the caller asked for."""
    # NumPy's bool is "any product is true"; the accumulator has counted them.
    y = y != 0 if spec.result.name == "bool" else y.astype(spec.result.name)
    batch, feature, space = spec.layout.dimension_numbers[2]
    order = sorted(((batch, (0,)), (feature, (1, 2)), (space, (3,))))
    y = y.transpose([axis for _, axes in order for axis in axes])
    return lax.reshape(y, spec.output_shape)


def _split_axis(array: Array, axis: int, groups: int) -> Array:
    """The axis of size groups * each -> two axes (groups, each)."""
    shape = array.shape
    return array.reshape(*shape[:axis], groups, shape[axis] // groups if groups else 0, *shape[axis + 1 :])
