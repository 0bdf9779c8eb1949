"""conv_general_dilated: lax's signature and results, with the one-dimensional case planned and explained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from convax.algorithms import Algorithm
from convax.core import Geometry, Layout, resolve_padding
from convax.core.arguments import as_integer, as_positive
from convax.errors import ArgumentError, ArgumentTypeError, ShapeError
from convax.ops.arrays import as_array
from convax.ops.eager import call
from convax.ops.groups import LAX_WORDS, check_channels
from convax.ops.planned import planned

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
    if lhs.ndim == rhs.ndim != 3 and (lhs.ndim > 3 or _is_empty(window_strides)):
        return lax.conv_general_dilated(jnp.asarray(lhs), jnp.asarray(rhs), window_strides, padding, **settings)
    return call(
        _conv_general_dilated,
        (lhs, rhs),
        window_strides=_hashable(window_strides),
        padding=_hashable(padding),
        algorithm=algorithm,
        **{name: _hashable(value) for name, value in settings.items()},
    )


def _is_empty(window_strides: Any) -> bool:
    """Whether the call has no spatial dimension at all: lax's matrix product."""
    return isinstance(window_strides, (tuple, list)) and not window_strides


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
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
    (batch, _, space), (feature, _, tap), _ = layout.dimension_numbers
    length, taps = lhs.shape[space], rhs.shape[tap]
    if taps == 0:
        raise ShapeError("the kernel is empty", f"rhs has shape {rhs.shape}, so 0 taps", "pass at least one tap")
    check_channels(lhs.shape, rhs.shape, layout, feature_groups, LAX_WORDS)
    ends = _ends(padding, length, (taps - 1) * dilation + 1, stride, upsample)
    geometry = Geometry(length, taps, stride, dilation, upsample, ends)
    _check_batch_groups(batch_groups, {"signals of lhs": lhs.shape[batch], "features of rhs": rhs.shape[feature]})
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


def _check_batch_groups(groups: int, sizes: dict[str, int]) -> None:
    for what, size in sizes.items():
        if size % groups:
            common = math.gcd(*sizes.values())
            raise ShapeError(
                f"batch_group_count={groups} does not divide the {size} {what}",
                f"{size} / {groups} = {size // groups} remainder {size % groups}",
                f"take a number that divides {' and '.join(f'the {n} {w}' for w, n in sizes.items())}, for example "
                f"batch_group_count={common}",
            )


def _check_operands(lhs: Array, rhs: Array) -> None:
    if lhs.ndim != 3 or rhs.ndim != 3:
        repair = "give both three axes: lhs (batch, channels, length), rhs (features, channels, taps)"
        if lhs.ndim == rhs.ndim == 1:
            repair = "pass lhs[None, None, :] and rhs[None, None, :], or call convax.conv1d_basic(lhs, rhs)"
        elif lhs.ndim == rhs.ndim == 2:
            repair = (
                f"an axis is missing: if {lhs.shape[1]} and {rhs.shape[1]} are lengths, pass lhs[:, None, :] and "
                "rhs[:, None, :]"
            )
        raise ShapeError(
            f"lhs of shape {lhs.shape} and rhs of shape {rhs.shape} are no operands of a convolution",
            f"a 1-D convolution takes 3 axes each (batch, channels, length), not {lhs.ndim} and {rhs.ndim}",
            repair,
        )
    if lhs.dtype != rhs.dtype:
        raise ArgumentTypeError(
            f"lhs is {lhs.dtype} and rhs is {rhs.dtype}",
            "lax convolves operands of one element type",
            "convert one of them: rhs.astype(lhs.dtype), or call convax.conv1d, which promotes",
        )


def _layout(lhs: Array, rhs: Array, numbers: Any) -> Layout:
    """lax's own reading of `dimension_numbers`; where it refuses, the words are explained."""
    try:
        return Layout.from_dimension_numbers(lax.conv_dimension_numbers(lhs.shape, rhs.shape, numbers))
    except (TypeError, ValueError) as error:
        reason = str(error)
        words = numbers if isinstance(numbers, (tuple, list)) else ()
        if len(words) != 3 or not all(isinstance(word, str) for word in words):
            kind = f"a sequence of {len(words)}" if words else f"of type {type(numbers).__name__}"
            reason = f"it is {kind}, and three words are wanted: for lhs, rhs and the output"
        else:
            for word, operand in zip(words, ("lhs", "rhs", "the output"), strict=True):
                if len(word) != 3:
                    reason = f"{word!r} names {len(word)} axes, and {operand} has 3: one of them is spatial"
                    break
        raise ArgumentTypeError(
            f"dimension_numbers={numbers!r} does not name the axes",
            reason,
            'write dimension_numbers=("NCH", "OIH", "NCH") or ("NHC", "HIO", "NHC")',
        ) from None


def _single(name: str, value: Any) -> int:
    """The one number of a sequence that has one per spatial dimension."""
    if not hasattr(value, "__len__") or isinstance(value, str):
        raise ArgumentTypeError(
            f"{name}={value!r} is not a sequence",
            "lax takes one number per spatial dimension, and a 1-D convolution has 1",
            f"write {name}=({value!r},), or call convax.conv1d, which takes a number",
        )
    if len(value) != 1:
        raise ShapeError(
            f"{name}={value!r} has {len(value)} entries",
            "a 1-D convolution has 1 spatial dimension",
            f"write {name}=({value[0] if len(value) else 1!r},)",
        )
    number = as_integer(f"{name}[0]", value[0])
    if number < 1:
        raise ArgumentError(
            f"{name}={tuple(value)!r}: {number} must be at least 1",
            _MEANING[name].format("backwards" if number < 0 else "not at all"),
            f"write {name}=(1,) for the plain case",
        )
    return number


_MEANING = {
    "window_strides": "the window would move {}",
    "lhs_dilation": "the samples would move apart {}",
    "rhs_dilation": "the taps would move apart {}",
}


def _ends(padding: Any, length: int, reach: int, stride: int, upsample: int) -> tuple[int, int]:
    if isinstance(padding, str):
        spread = (length - 1) * upsample + 1 if length else 0
        ends = resolve_padding(padding, spread, reach, stride)
        if upsample > 1 and padding.upper() != "VALID":
            raise ArgumentError(
                f"padding={padding!r} with lhs_dilation=({upsample},): lax defines no word for an upsampled signal",
                f"is it meant for the {length} samples, or for the {spread} that they are spread to?",
                f"for the {spread} write padding=[{ends}]; convax.conv_transpose1d knows SAME for the {length}",
            )
        return ends
    if not isinstance(padding, (tuple, list)) or len(padding) != 1 or not isinstance(padding[0], (tuple, list)):
        given = (padding, padding) if isinstance(padding, int) else padding
        known = isinstance(given, (tuple, list)) and len(given) == 2 and all(isinstance(end, int) for end in given)
        raise ArgumentTypeError(
            f"padding={padding!r} is not a word and not one pair per spatial dimension",
            "a 1-D convolution has 1 spatial dimension",
            f"write padding=[{tuple(given) if known else (1, 1)}], or call convax.conv1d, which takes numbers",
        )
    return resolve_padding(padding[0], length, reach, stride)
