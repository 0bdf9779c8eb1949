"""conv_transpose1d: the transpose (adjoint) of a strided convolution, in PyTorch's convention."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array
from jaxtyping import ArrayLike, Shaped

from convax.algorithms import Algorithm
from convax.core import Geometry, Layout
from convax.core.arguments import as_integer, as_positive
from convax.core.padding import nearest, resolve_padding
from convax.errors import ArgumentError, ShapeError
from convax.ops.arrays import as_array, promote
from convax.ops.eager import call
from convax.ops.layers import add_bias
from convax.ops.planned import planned
from convax.ops.ranks import Ranks

__all__ = ["conv_transpose1d"]


def conv_transpose1d(
    x: Shaped[ArrayLike, "..."],
    w: Shaped[ArrayLike, "..."],
    bias: Shaped[ArrayLike, " features"] | None = None,
    *,
    stride: int = 1,
    padding: str | int | tuple[int, int] = 0,
    output_padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    layout: str = "NCH",
    algorithm: str | Algorithm | None = None,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Array:
    """The adjoint of `conv1d` with the same stride, padding, dilation and groups: it spreads each sample by w.

    y[n, o, i * stride + k * dilation - before] += x[n, c, i] * w[c, o, k], summed over c, i and k, plus bias[o].

    Args:
        x: Data, shape (..., C, L) in layout "NCH", (..., L, C) in "NHC".
        w: Kernel, shape (C, O / groups, K) in layout "NCH" (PyTorch's order), (K, C, O / groups) in "NHC".
        bias: One number per feature, shape (O,).
        stride: Samples that each input sample moves the output by.
        padding: Samples cut off at both ends, or (before, after); "VALID" for L * stride + max(reach - stride, 0)
            outputs and "SAME" for L * stride outputs, as lax, Flax and Keras count them.
        output_padding: Outputs appended at the end, less than stride or dilation; zero with a padding word.
        dilation: Samples between two taps.
        groups: Groups that channels and features are split into.
        layout: As in `conv1d`.
        algorithm: As in `conv1d`.
        precision: As in lax.
        preferred_element_type: As in lax.

    Returns:
        The data with C replaced by O, and L by (L - 1) * stride - before - after + (K - 1) * dilation + 1 +
        output_padding.

    Raises:
        ShapeError: Ranks, channels, groups or lengths that do not fit.
        ArgumentError: A stride, padding or output_padding that cannot be used.
        ArgumentTypeError: Types that do not promote, or a bias that would widen the result.

    Example:
        >>> conv_transpose1d([1., 2.], [1., 1., 1.], stride=2)
        Array([1., 1., 3., 2., 2.], dtype=float32)

    References:
        V. Dumoulin, F. Visin: A guide to convolution arithmetic for deep learning, 2016, chapter 4.
    """
    arrays = (as_array("x", x), as_array("w", w), *(() if bias is None else (as_array("bias", bias),)))
    return call(
        _conv_transpose1d,
        arrays,
        bias_is_typed=hasattr(bias, "dtype"),
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
        layout=layout,
        algorithm=algorithm,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def _conv_transpose1d(
    x: Any,
    w: Any,
    bias: Any = None,
    *,
    bias_is_typed: bool,
    stride: int,
    padding: Any,
    output_padding: int,
    dilation: int,
    groups: int,
    layout: str,
    algorithm: Any,
    precision: Any,
    preferred_element_type: Any,
) -> Array:
    # PyTorch's kernel order is that of the convolution whose adjoint this is: its inputs are our outputs.
    parsed = Layout.parse(layout)
    arrangement = Layout(parsed.data, "IOH" if parsed.kernel == "OIH" else parsed.kernel, parsed.out)
    stride, dilation, groups = (
        as_positive(name, value) for name, value in (("stride", stride), ("dilation", dilation), ("groups", groups))
    )
    x, w = promote(x, w, ("x", "w"))
    ranks = Ranks.of(x, w, arrangement, kernel_letters=arrangement.kernel)
    x, w = ranks.data(x), ranks.kernel(w)
    length, channels = x.shape[arrangement.data.index("H")], x.shape[arrangement.data.index("C")]
    letters = [arrangement.kernel.index(letter) for letter in "IOH"]
    kernel = w.transpose(letters)
    _check_kernel(x.shape, w.shape, arrangement, channels, kernel.shape, groups)
    reach = (kernel.shape[2] - 1) * dilation + 1
    before, after = _cut(padding, length, reach, stride)
    extra = _extra(output_padding, padding, stride, dilation)
    spread = (reach - 1 - before, reach - 1 - after + extra)
    geometry = Geometry(length, kernel.shape[2], dilation=dilation, upsample=stride, padding=spread)
    _check_output(geometry, length, reach, stride, (before, after), extra)
    # (C, O / g, K) -> (g, C / g, O / g, K) -> (O, C / g, K), flipped: the kernel of the adjoint.
    split = kernel.reshape(groups, channels // groups, *kernel.shape[1:]).transpose(0, 2, 1, 3)
    adjoint = jnp.flip(split.reshape(-1, channels // groups, kernel.shape[2]), axis=-1)
    y = planned(
        x,
        adjoint,
        layout=Layout(arrangement.data, "OIH", arrangement.out),
        padding=spread,
        upsample=stride,
        dilation=dilation,
        feature_groups=groups,
        algorithm=algorithm,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )
    if bias is not None:
        y = add_bias(y, bias, bias_is_typed, arrangement)
    return ranks.result(y)


def _cut(padding: Any, length: int, reach: int, stride: int) -> tuple[int, int]:
    """Samples cut off before and after, from a number, a pair or one of the words that lax knows here."""
    if not isinstance(padding, str):
        return resolve_padding(padding, length, reach, stride)
    words = ("VALID", "SAME")
    if padding.upper() not in words:
        raise ArgumentError(
            f"padding={padding!r} has no meaning for a transposed convolution",
            repair=nearest(padding, dict.fromkeys(words)),
        )
    if padding.upper() == "VALID":
        return 0, min(0, reach - stride)
    # The total is what leaves length * stride outputs; lax puts the smaller half of the cut at the start.
    total = reach - stride
    kept_before = reach - 1 if stride > reach - 1 else -(-(reach + stride - 2) // 2)
    before = reach - 1 - kept_before
    return before, total - before


def _extra(output_padding: Any, padding: Any, stride: int, dilation: int) -> int:
    extra = as_integer("output_padding", output_padding)
    if extra and isinstance(padding, str):
        raise ArgumentError(
            f"output_padding={extra} with padding={padding!r}: the word already fixes the number of outputs",
            repair="leave output_padding=0, or give the padding as numbers",
        )
    if not 0 <= extra < max(stride, dilation, 1) and extra:
        raise ArgumentError(
            f"output_padding={extra} must be at least 0 and less than the stride or the dilation",
            f"max(stride, dilation) = max({stride}, {dilation}) = {max(stride, dilation)}",
            "a strided convolution maps at most `stride` lengths to one, so no more can be in doubt",
        )
    return extra


def _check_kernel(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    layout: Layout,
    channels: int,
    kernel: tuple[int, ...],
    groups: int,
) -> None:
    if kernel[2] == 0:
        raise ShapeError(
            "the kernel is empty", f"w has shape {w_shape}, so 0 taps", "pass a kernel of at least one tap"
        )
    if kernel[0] != channels:
        repair = f"pass a kernel of shape ({channels}, output features / groups, taps) in the order IOH"
        if kernel[1] == channels:
            repair = "its first two axes stand the other way round: w.swapaxes(0, 1), as PyTorch orders them"
        raise ShapeError(
            f"x of shape {x_shape} has {channels} channels ({layout.data}), and the transposed kernel of shape {w_shape} "
            f"({layout.kernel}) takes {kernel[0]}",
            f"{channels} is not {kernel[0]}",
            repair,
        )
    if channels % groups:
        raise ShapeError(
            f"groups={groups} does not divide the {channels} channels of x (shape {x_shape}, layout {layout.data})",
            f"{channels} / {groups} = {channels // groups} remainder {channels % groups}",
            f"take a number of groups that divides {channels}",
        )


def _check_output(geometry: Geometry, length: int, reach: int, stride: int, cut: tuple[int, int], extra: int) -> None:
    # The adjoint of no samples has no meaning; the general check would speak of the inner convolution's padding.
    if geometry.padded - geometry.reach >= 0 and length:
        return
    outputs = (length - 1) * stride - cut[0] - cut[1] + reach + extra
    raise ShapeError(
        f"padding={cut} cuts off all outputs of the transposed convolution",
        f"({length} - 1) * {stride} - {cut[0]} - {cut[1]} + {reach} + {extra} = {outputs}",
        f"cut at most {max(0, (length - 1) * stride + reach + extra - 1)} samples in total",
    )
