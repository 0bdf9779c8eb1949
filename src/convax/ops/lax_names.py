"""conv_general_dilated: lax's signature and results, with the one-dimensional case planned and explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms import Algorithm
from convax.core import ConvSpec, Geometry, Layout, resolve_padding
from convax.core.arguments import as_positive
from convax.errors import ArgumentError, ArgumentTypeError, ShapeError
from convax.ops.arrays import as_array
from convax.ops.eager import call
from convax.ops.planned import planned
from convax.ops.ranks import check_channels

__all__ = ["conv_general_dilated"]


def conv_general_dilated(
    lhs: Any,
    rhs: Any,
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Any = None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision: Any = None,
    preferred_element_type: Any = None,
    out_sharding: Any = None,
    *,
    algorithm: str | Algorithm | None = None,
) -> Array:
    """`jax.lax.conv_general_dilated`, planned where it has one spatial dimension.

    With two or more spatial dimensions the call goes to lax as it is. With one, the result is lax's, but for a
    kernel longer than its input, which lax answers with an empty array and convax with an error.

    Args:
        lhs: Data, three axes for one spatial dimension.
        rhs: Kernel, three axes, of the same element type.
        window_strides: One stride per spatial dimension, (2,).
        padding: "VALID", "SAME", "SAME_LOWER" (and "CAUSAL", "FULL"), or one pair per dimension, [(1, 2)].
        lhs_dilation: One upsampling factor per spatial dimension, or None.
        rhs_dilation: One dilation per spatial dimension, or None.
        dimension_numbers: None for ("NCH", "OIH", "NCH"); three strings, or lax.ConvDimensionNumbers.
        feature_group_count: Groups of channels.
        batch_group_count: Groups of the batch.
        precision: As in lax.
        preferred_element_type: Type of the result.
        out_sharding: As in lax; such calls are lax's own.
        algorithm: A name or value of `convax.algorithms`; None for the planner's choice.

    Returns:
        The convolution, in the layout that dimension_numbers names.

    Raises:
        ShapeError: Ranks, channels, groups or lengths that do not fit.
        ArgumentError: Padding words or dimension numbers that cannot be used.
        ArgumentTypeError: Unequal element types, numbers where sequences are wanted.

    Example:
        >>> conv_general_dilated(jnp.ones((1, 1, 5)), jnp.ones((1, 1, 3)), (1,), "VALID").shape
        (1, 1, 3)
    """
    lhs, rhs = as_array("lhs", lhs), as_array("rhs", rhs)
    settings = {
        "lhs_dilation": lhs_dilation,
        "rhs_dilation": rhs_dilation,
        "dimension_numbers": dimension_numbers,
        "feature_group_count": feature_group_count,
        "batch_group_count": batch_group_count,
        "precision": precision,
        "preferred_element_type": preferred_element_type,
        "out_sharding": out_sharding,
    }
    if lhs.ndim > 3 and lhs.ndim == rhs.ndim:
        return lax.conv_general_dilated(jnp.asarray(lhs), jnp.asarray(rhs), window_strides, padding, **settings)
    return call(
        _conv_general_dilated,
        (lhs, rhs),
        window_strides=_hashable(window_strides),
        padding=_hashable(padding),
        algorithm=algorithm,
        **{name: _hashable(value) for name, value in settings.items()},
    )


def _hashable(value: Any) -> Any:
    return tuple(_hashable(entry) for entry in value) if isinstance(value, list) else value


def _conv_general_dilated(
    lhs: Any,
    rhs: Any,
    *,
    window_strides: Any,
    padding: Any,
    lhs_dilation: Any,
    rhs_dilation: Any,
    dimension_numbers: Any,
    feature_group_count: int,
    batch_group_count: int,
    algorithm: Any,
    **lax_settings: Any,
) -> Array:
    lhs, rhs = jnp.asarray(lhs), jnp.asarray(rhs)
    _check_operands(lhs, rhs)
    layout = _layout(lhs, rhs, dimension_numbers)
    stride = _single("window_strides", window_strides)
    upsample = 1 if lhs_dilation is None else _single("lhs_dilation", lhs_dilation)
    dilation = 1 if rhs_dilation is None else _single("rhs_dilation", rhs_dilation)
    feature_groups = as_positive("feature_group_count", feature_group_count)
    batch_groups = as_positive("batch_group_count", batch_group_count)
    (batch, channel, space), (feature, inner, tap), _ = layout.dimension_numbers
    length, taps = lhs.shape[space], rhs.shape[tap]
    if taps == 0:
        raise ShapeError("the kernel is empty", f"rhs has shape {rhs.shape}, so 0 taps", "pass at least one tap")
    check_channels(lhs.shape, rhs.shape, layout, lhs.shape[channel], rhs.shape[inner], feature_groups)
    ends = _ends(padding, length, (taps - 1) * dilation + 1, stride, upsample)
    geometry = Geometry(length, taps, stride, dilation, upsample, ends)
    ConvSpec(geometry, lhs.shape[batch], lhs.shape[channel], rhs.shape[feature], feature_groups, batch_groups)
    if feature_groups > 1 and batch_groups > 1:
        raise ShapeError(
            f"feature_group_count={feature_groups} and batch_group_count={batch_groups} are both more than 1",
            "lax defines the convolution for one kind of groups at a time",
            "leave one of them at 1",
        )
    geometry.check_output()
    return planned(
        lhs,
        rhs,
        layout=layout,
        stride=stride,
        padding=ends,
        upsample=upsample,
        dilation=dilation,
        feature_groups=feature_groups,
        batch_groups=batch_groups,
        algorithm=algorithm,
        **lax_settings,
    )


def _check_operands(lhs: Array, rhs: Array) -> None:
    if lhs.ndim != 3 or rhs.ndim != 3:
        repair = "give both three axes: lhs (batch, channels, length), rhs (features, channels, taps)"
        if lhs.ndim == rhs.ndim == 1:
            repair = "pass lhs[None, None, :] and rhs[None, None, :], or call convax.conv1d_basic(lhs, rhs)"
        elif lhs.ndim == rhs.ndim == 2:
            repair = f"an axis is missing: if {lhs.shape[1]} and {rhs.shape[1]} are lengths, pass lhs[:, None, :], rhs[:, None, :]"
        raise ShapeError(
            f"lhs of shape {lhs.shape} and rhs of shape {rhs.shape} are no operands of a 1-D convolution",
            f"lax wants 3 axes each (batch, channels, length), not {lhs.ndim} and {rhs.ndim}",
            repair,
        )
    if lhs.dtype != rhs.dtype:
        raise ArgumentTypeError(
            f"lhs is {lhs.dtype} and rhs is {rhs.dtype}",
            "lax convolves operands of one element type",
            "convert one of them: rhs.astype(lhs.dtype), or call convax.conv1d, which promotes",
        )


def _layout(lhs: Array, rhs: Array, numbers: Any) -> Layout:
    if isinstance(numbers, tuple) and len(numbers) == 3 and all(isinstance(word, str) for word in numbers):
        for word, what in zip(numbers, ("lhs", "rhs", "output"), strict=True):
            if len(word) != 3:
                raise ArgumentError(
                    f"dimension_numbers={numbers!r}: {word!r} names {len(word)} axes of the {what}, which has 3",
                    f"a 1-D convolution has one spatial letter; {word!r} has {len(word) - 2}",
                    'write ("NCH", "OIH", "NCH") or ("NHC", "HIO", "NHC")',
                )
        return Layout.parse(f"{numbers[0]},{numbers[1]}->{numbers[2]}")
    return Layout.from_dimension_numbers(lax.conv_dimension_numbers(lhs.shape, rhs.shape, numbers))


def _single(name: str, value: Any) -> int:
    """The one number of a sequence that has one per spatial dimension."""
    if not isinstance(value, (tuple, list)) and not hasattr(value, "__len__"):
        raise ArgumentTypeError(
            f"{name}={value!r} is one number, and lax takes one per spatial dimension",
            repair=f"write {name}=({value!r},), or call convax.conv1d, which takes a number",
        )
    if len(value) != 1:
        raise ShapeError(
            f"{name}={value!r} has {len(value)} entries",
            "a 1-D convolution has 1 spatial dimension",
            f"write {name}=(1,)",
        )
    return as_positive(name, value[0])


def _ends(padding: Any, length: int, reach: int, stride: int, upsample: int) -> tuple[int, int]:
    if isinstance(padding, str):
        if upsample > 1 and padding.upper() != "VALID":
            raise ArgumentError(
                f"padding={padding!r} with lhs_dilation=({upsample},): lax defines no word for an upsampled signal",
                repair="give the padding as numbers, or call convax.conv_transpose1d, which knows SAME",
            )
        return resolve_padding(padding, length, reach, stride)
    if not isinstance(padding, (tuple, list)) or len(padding) != 1 or not isinstance(padding[0], (tuple, list)):
        raise ArgumentTypeError(
            f"padding={padding!r} is not a word and not one pair per spatial dimension",
            "a 1-D convolution has 1 spatial dimension",
            "write padding=[(before, after)], for example [(1, 1)], or call convax.conv1d, which takes numbers",
        )
    return resolve_padding(padding[0], length, reach, stride)
