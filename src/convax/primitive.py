"""The JAX primitive `conv1d`: lax's one-dimensional family, planned where it is compiled.

Its derivatives and its batching are lax's own rules, traced and run again with each convolution in them replaced
by `conv1d`. So gradients with respect to data and kernel, and vmap over either, are convolutions that are planned
in their own right, and the rules follow JAX's versions by themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax import Array, lax
from jax.extend.core import Primitive

from convax import jax_internals
from convax.algorithms import Algorithm
from convax.algorithms.normal_form import compute
from convax.algorithms.target import compiling_for
from convax.core import ConvSpec, DType, Geometry, Layout
from convax.planner import choose

__all__ = ["bind_conv1d", "can_plan", "conv1d_p", "spec_of"]


def spec_of(x: Any, w: Any, params: dict[str, Any]) -> ConvSpec:
    """The convolution that the primitive's operands (arrays or abstract values) and parameters describe."""
    layout = Layout.from_dimension_numbers(params["dimension_numbers"])
    (batch, channel, space), (feature, _, tap), _ = params["dimension_numbers"]
    preferred = params["preferred_element_type"]
    geometry = Geometry(
        length=x.shape[space],
        taps=w.shape[tap],
        stride=params["window_strides"][0],
        dilation=params["rhs_dilation"][0],
        upsample=params["lhs_dilation"][0],
        padding=(int(params["padding"][0][0]), int(params["padding"][0][1])),
    )
    return ConvSpec(
        geometry,
        batch=x.shape[batch],
        channels=x.shape[channel],
        features=w.shape[feature],
        feature_groups=params["feature_group_count"],
        batch_groups=params["batch_group_count"],
        layout=layout,
        dtype=DType(x.dtype.name),
        out_dtype=None if preferred is None else DType(jax.numpy.dtype(preferred).name),
        precision=params["precision"],
    )


def bind_conv1d(x: Array, w: Array, *, algorithm: str | Algorithm | None = None, **params: Any) -> Array:
    """One convolution of the family, with the parameters of `lax.conv_general_dilated_p`.

    lax itself serves operands that are sharded over the axes of an explicit mesh (it knows their sharding), and
    sizes that are not known yet (in a program that is exported for any batch).
    """
    if not can_plan(jax.typeof(x), jax.typeof(w), params):
        return lax.conv_general_dilated_p.bind(x, w, **params)
    if algorithm is not None:
        # A request that cannot be served fails here, where the caller's line is on the traceback.
        choose(spec_of(x, w, params), jax.default_backend(), algorithm)
    x, w = jax_internals.align_varying(x, w)
    return conv1d_p.bind(x, w, algorithm=algorithm, **params)


def can_plan(x: Any, w: Any, params: dict[str, Any]) -> bool:
    """Whether convax plans a convolution of abstract values: one dimension, known sizes, no explicit sharding."""
    sharding = params["out_sharding"]  # inside of shard_map that of one device, over no axis
    if len(params["window_strides"]) != 1 or (sharding is not None and any(sharding.spec)):
        return False
    return not any(_is_sharded_explicitly(value) or _is_symbolic(value) for value in (x, w))


def _is_sharded_explicitly(value: Any) -> bool:
    return any(axis is not None for axis in value.sharding.spec)


def _is_symbolic(value: Any) -> bool:
    return not all(isinstance(size, int) for size in value.shape)


def _replan(algorithm: str | Algorithm | None) -> dict[Primitive, Callable[..., Array]]:
    return {lax.conv_general_dilated_p: functools.partial(bind_conv1d, algorithm=algorithm)}


def _abstract_evaluation(x: Any, w: Any, *, algorithm: str | Algorithm | None, **params: Any) -> Any:
    return jax_internals.abstract_convolution(x, w, **params)


@functools.lru_cache(maxsize=4096)
def _compiled(params: tuple[tuple[str, Any], ...]) -> Callable[[Array, Array], Array]:
    return jax.jit(functools.partial(conv1d_p.bind, **dict(params)))


def _implementation(x: Array, w: Array, **params: Any) -> Array:
    return _compiled(tuple(params.items()))(x, w)


def _transpose(cotangent: Array, x: Any, w: Any, *, algorithm: str | Algorithm | None, **params: Any) -> Array:
    """The gradient with respect to whichever operand is unknown; it chooses its own algorithm."""
    known_is_data = jax_internals.is_known(x)
    known = x if known_is_data else w

    def rule(cotangent: Array, known: Array) -> Array:
        operands = (known, w) if known_is_data else (x, known)
        return jax_internals.lax_transpose(cotangent, *operands, **params)

    unknown = (w if known_is_data else x).aval
    if cotangent.size == 0 or known.size == 0:
        return jax.numpy.zeros(unknown.shape, unknown.dtype)
    traced = jax.make_jaxpr(rule)(cotangent, known)
    return jax_internals.evaluate_with(traced, _replan(None), cotangent, known)[0]


def _batch(
    operands: tuple[Array, Array],
    dimensions: tuple[int | None, int | None],
    *,
    algorithm: str | Algorithm | None,
    **params: Any,
) -> tuple[Array, int]:
    one = functools.partial(lax.conv_general_dilated_p.bind, **params)
    traced = jax.make_jaxpr(jax.vmap(one, in_axes=dimensions))(*operands)
    return jax_internals.evaluate_with(traced, _replan(algorithm), *operands)[0], 0


def _formulation(platform: str) -> Callable[..., Array]:
    def conv1d(x: Array, w: Array, *, algorithm: str | Algorithm | None, **params: Any) -> Array:
        spec = spec_of(x, w, params)
        with compiling_for(platform):
            return compute(choose(spec, platform, algorithm), x, w, spec)

    return conv1d


conv1d_p = jax_internals.make_primitive("conv1d", _implementation, _abstract_evaluation)
jax_internals.define_bilinear(conv1d_p, _transpose, _transpose)
jax_internals.register_batching(conv1d_p, _batch)
jax_internals.register_lowering(conv1d_p, _formulation)
