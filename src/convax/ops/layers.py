"""conv1d: the layer of a network, or the filtering of many signals, with axes named by letters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jaxtyping import ArrayLike, Shaped

from convax.algorithms import Algorithm
from convax.core import Geometry, Layout, resolve_padding
from convax.core.arguments import as_positive
from convax.core.padding import resolve_padding_mode
from convax.errors import ShapeError
from convax.ops.arrays import as_array, cast_bias, promote
from convax.ops.eager import call
from convax.ops.groups import check_channels
from convax.ops.planned import planned
from convax.ops.ranks import Ranks

__all__ = ["conv1d"]


def conv1d(
    x: Shaped[ArrayLike, "..."] | Sequence[Any],
    w: Shaped[ArrayLike, "..."] | Sequence[Any],
    bias: Shaped[ArrayLike, " features"] | Sequence[Any] | None = None,
    *,
    stride: int = 1,
    padding: str | int | tuple[int, int] = "VALID",
    padding_mode: str = "zeros",
    dilation: int = 1,
    groups: int = 1,
    layout: str = "NCH",
    algorithm: str | Algorithm | None = None,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Array:
    """Cross-correlate signals of several channels with a kernel of several features.

    y[n, o, i] = bias[o] + sum over c, k of w[o, c, k] * z[n, c, i * stride + k * dilation], where z is x with
    its padding, and c runs over the channels of the group that o belongs to.

    Args:
        x: Data, shape (..., C, L) in layout "NCH", (..., L, C) in "NHC"; any number of leading batch axes, none
            included. Two one-dimensional arrays are one signal and one kernel.
        w: Kernel, shape (O, C / groups, K) in layout "NCH", (K, C / groups, O) in "NHC".
        bias: One number per feature, shape (O,).
        stride: Samples between two windows.
        padding: "VALID", "SAME", "SAME_LOWER", "CAUSAL" or "FULL" in any case, samples at both ends, or
            (before, after). Negative numbers trim.
        padding_mode: What is added: "zeros", "reflect", "edge" (or "replicate"), "circular".
        dilation: Samples between two taps.
        groups: Independent groups that channels and features are split into; C for a depthwise convolution.
        layout: The axes by letters: N batch, C channels, and H, W, L or T for space; or "data,kernel->output".
        algorithm: A name or value of `convax.algorithms`; None for the planner's choice.
        precision: As in lax.
        preferred_element_type: Type of the result, as in lax.

    Returns:
        The data with C replaced by O and L by floor((before + L + after - (K - 1) * dilation - 1) / stride) + 1.

    Raises:
        ShapeError: Ranks, channels, groups or lengths that do not fit.
        ArgumentError: A stride, padding word or layout that cannot be used.
        ArgumentTypeError: Types that do not promote, or a bias that would widen the result.
        AlgorithmError: The requested algorithm does not exist or cannot serve.

    Example:
        >>> x, w = jnp.ones((2, 3, 10)), jnp.ones((4, 3, 5))
        >>> conv1d(x, w, padding="SAME").shape
        (2, 4, 10)
        >>> conv1d([1., 2., 3.], [1., 1.], padding="CAUSAL")
        Array([1., 3., 5.], dtype=float32)
    """
    arrays = (as_array("x", x), as_array("w", w), *(() if bias is None else (as_array("bias", bias),)))
    return call(
        _conv1d,
        arrays,
        bias_is_typed=hasattr(bias, "dtype"),
        stride=stride,
        padding=padding,
        padding_mode=padding_mode,
        dilation=dilation,
        groups=groups,
        layout=layout,
        algorithm=algorithm,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def _conv1d(
    x: Any,
    w: Any,
    bias: Any = None,
    *,
    bias_is_typed: bool,
    stride: int,
    padding: Any,
    padding_mode: str,
    dilation: int,
    groups: int,
    layout: str,
    algorithm: Any,
    precision: Any,
    preferred_element_type: Any,
) -> Array:
    arrangement = Layout.parse(layout)
    stride, dilation, groups = (
        as_positive(name, value) for name, value in (("stride", stride), ("dilation", dilation), ("groups", groups))
    )
    mode = resolve_padding_mode(padding_mode)
    x, w = promote(x, w, ("x", "w"))
    ranks, x_shape = Ranks.of(x, w, arrangement, per_group="I"), x.shape
    x, w = ranks.data(x), ranks.kernel(w)
    space = arrangement.data.index("H")
    length, taps = x.shape[space], w.shape[arrangement.kernel.index("H")]
    _check_taps(w.shape, taps)
    check_channels(x_shape, w.shape, arrangement, groups, three_axes=x.shape)
    ends = resolve_padding(padding, length, (taps - 1) * dilation + 1, stride)
    geometry = Geometry(length, taps, stride, dilation, padding=ends)
    geometry.check_output()
    if mode is not None:
        x, ends = _pad(x, space, ends, mode, padding_mode), (0, 0)
    y = planned(
        x,
        w,
        layout=arrangement,
        stride=stride,
        padding=ends,
        dilation=dilation,
        feature_groups=groups,
        algorithm=algorithm,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )
    if bias is not None:
        y = add_bias(y, bias, bias_is_typed, arrangement)
    return ranks.result(y)


def add_bias(y: Array, bias: Any, typed: bool, layout: Layout) -> Array:
    """One number per feature, added along the feature axis."""
    feature = layout.out.index("C")
    vector = cast_bias(bias, y.dtype, y.shape[feature], typed)
    return y + vector.reshape([-1 if axis == feature else 1 for axis in range(3)])


def _check_taps(shape: tuple[int, ...], taps: int) -> None:
    if taps == 0:
        raise ShapeError("the kernel is empty", f"w has shape {shape}, so 0 taps", "pass a kernel of at least one tap")


def _pad(x: Array, space: int, ends: tuple[int, int], mode: str, word: str) -> Array:
    """Pad (or trim, where an end is negative) the spatial axis by other samples than zeros."""
    before, after = ends
    length = x.shape[space]
    most = {"reflect": length - 1, "wrap": math.inf, "edge": math.inf}[mode] if length else 0
    if max(before, after) > most:
        raise ShapeError(
            f"padding_mode={word!r} cannot add {max(before, after)} samples to {length}",
            f"a reflection holds {length} - 1 = {most} samples" if length else "there is no sample to repeat",
            f"pad by at most {most} samples, or use padding_mode={'edge' if length else 'zeros'!r}",
        )
    widths = [(0, 0)] * x.ndim
    widths[space] = (max(0, before), max(0, after))
    padded = jnp.pad(x, widths, mode=mode)
    start, stop = max(0, -before), padded.shape[space] - max(0, -after)
    return padded[tuple(slice(start, stop) if axis == space else slice(None) for axis in range(x.ndim))]
