"""From the arguments of `lax.conv_general_dilated` to the planned primitive: the step that all functions share."""

from __future__ import annotations

import functools
from typing import Any

import jax
from jax import Array, lax

from convax.algorithms import Algorithm
from convax.core import Layout
from convax.jax_internals import evaluate_with
from convax.planner import resolve_algorithm
from convax.primitive import bind_conv1d

__all__ = ["planned"]


def planned(
    x: Array,
    w: Array,
    *,
    layout: Layout,
    stride: int = 1,
    padding: tuple[int, int] = (0, 0),
    upsample: int = 1,
    dilation: int = 1,
    feature_groups: int = 1,
    batch_groups: int = 1,
    algorithm: str | Algorithm | None = None,
    **lax_settings: Any,
) -> Array:
    """The convolution of three-axis operands that have been checked.

    lax's own function is traced and its one convolution replaced: so precision, result type and sharding are
    read from the caller's arguments and from JAX's configuration exactly as lax reads them.
    """
    algorithm = resolve_algorithm(algorithm)
    convolution = functools.partial(
        lax.conv_general_dilated,
        window_strides=(stride,),
        padding=(padding,),
        lhs_dilation=(upsample,),
        rhs_dilation=(dilation,),
        dimension_numbers=lax.ConvDimensionNumbers(*layout.dimension_numbers),
        feature_group_count=feature_groups,
        batch_group_count=batch_groups,
        **lax_settings,
    )
    traced = jax.make_jaxpr(convolution)(x, w)
    replacement = functools.partial(bind_conv1d, algorithm=algorithm)
    return evaluate_with(traced, {lax.conv_general_dilated_p: replacement}, x, w)[0]
