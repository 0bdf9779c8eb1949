"""conv_transpose1d: the transpose (adjoint) of a strided convolution, in PyTorch's convention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jaxtyping import ArrayLike, Shaped

from convax.algorithms import Algorithm
from convax.core import Geometry, Layout
from convax.core.arguments import as_integer, as_positive
from convax.core.padding import PADDING_WORDS, nearest, resolve_padding
from convax.errors import ArgumentError, ShapeError
from convax.ops.arrays import as_array, promote
from convax.ops.eager import call
from convax.ops.groups import check_transposed_channels
from convax.ops.layers import add_bias
from convax.ops.planned import planned
from convax.ops.ranks import Ranks

__all__ = ["arrangement_of", "conv_transpose1d", "cut_of"]


def conv_transpose1d(
    x: Shaped[ArrayLike, "..."] | Sequence[Any],
    w: Shaped[ArrayLike, "..."] | Sequence[Any],
    bias: Shaped[ArrayLike, " features"] | Sequence[Any] | None = None,
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
        layout: As in `conv1d`, but that "NCH" stands for "NCH,IOH": I is the axis of x's channels, of size C, and O
            that of the features, of size O / groups.
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
    arrangement = arrangement_of(layout)
    stride, dilation, groups = (
        as_positive(name, value) for name, value in (("stride", stride), ("dilation", dilation), ("groups", groups))
    )
    x, w = promote(x, w, ("x", "w"))
    ranks, x_shape = Ranks.of(x, w, arrangement, per_group="O"), x.shape
    x, w = ranks.data(x), ranks.kernel(w)
    length, channels = x.shape[arrangement.data.index("H")], x.shape[arrangement.data.index("C")]
    letters = [arrangement.kernel.index(letter) for letter in "IOH"]
    kernel = w.transpose(letters)
    _check_sizes(x_shape, w.shape, length, kernel.shape[2])
    check_transposed_channels(x_shape, w.shape, arrangement, groups, x.shape)
    reach = (kernel.shape[2] - 1) * dilation + 1
    before, after = cut_of(padding, length, reach, stride)
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


def arrangement_of(layout: Any) -> Layout:
    """The axes; without a word for the kernel, channels first means PyTorch's order."""
    parsed = Layout.parse(layout)
    return Layout(parsed.data, "IOH", parsed.out) if parsed.data == "NCH" and "," not in layout else parsed


def cut_of(padding: Any, length: int, reach: int, stride: int) -> tuple[int, int]:
    """Samples cut off before and after, from a number, a pair or one of the words that lax knows here."""
    if not isinstance(padding, str):
        return resolve_padding(padding, length, reach, stride)
    words = ("VALID", "SAME")
    if padding.upper() not in words:
        if padding.upper() not in PADDING_WORDS:
            raise ArgumentError(
                f"padding={padding!r} is no padding word", repair=nearest(padding, dict.fromkeys(words))
            )
        before, after = resolve_padding(padding, length, reach, stride)
        raise ArgumentError(
            f"padding={padding!r} has no meaning of its own for a transposed convolution",
            "the words here say how many outputs there are: 'VALID', 'SAME'",
            f"for the adjoint of conv1d with that padding write it as numbers: padding=({before}, {after})",
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
    most = max(stride, dilation) - 1
    if not 0 <= extra <= most:
        raise ArgumentError(
            f"output_padding={extra} must be at least 0 and less than the stride or the dilation",
            f"max(stride, dilation) - 1 = max({stride}, {dilation}) - 1 = {most}",
            f"write output_padding={min(max(extra, 0), most)}; for more or fewer outputs give padding=(before, after), "
            "where negative numbers append",
        )
    return extra


def _check_sizes(x_shape: tuple[int, ...], w_shape: tuple[int, ...], length: int, taps: int) -> None:
    if taps == 0:
        raise ShapeError(
            "the kernel is empty", f"w has shape {w_shape}, so 0 taps", "pass a kernel of at least one tap"
        )
    if length == 0:
        raise ShapeError("x is empty", f"x has shape {x_shape}, so 0 samples", "pass at least one sample")


def _check_output(geometry: Geometry, length: int, reach: int, stride: int, cut: tuple[int, int], extra: int) -> None:
    # The general check would speak of the inner convolution's padding.
    if geometry.padded >= geometry.reach:
        return
    outputs = (length - 1) * stride - cut[0] - cut[1] + reach + extra
    whole = (length - 1) * stride + reach + extra
    raise ShapeError(
        f"padding={cut} cuts off all {whole} outputs of the transposed convolution",
        f"output length = ({length} - 1) * {stride} - {cut[0]} - {cut[1]} + {reach} + {extra} = {outputs}",
        f"cut at most {whole - 1} of them, before and after together",
    )
