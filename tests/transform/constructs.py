"""Functions with a convolution inside of each construct that JAX has, as other people write them; all take (x, w)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import PartitionSpec as P

from convax.jax_internals import inner_jaxprs

__all__ = ["CONSTRUCTS", "FORWARD_ONLY", "Function", "conv", "operands", "primitives_of"]

Function = Callable[..., Any]
CHANNELS, LENGTH = 4, 12


def operands(dtype: str = "float64") -> tuple[jax.Array, jax.Array]:
    """Data (2, 4, 12) and kernel (4, 4, 3), small enough that deep stacks stay finite."""
    random = np.random.default_rng(0)
    x = random.standard_normal((2, CHANNELS, LENGTH))
    w = random.standard_normal((CHANNELS, CHANNELS, 3)) / 4
    return jnp.asarray(x, dtype), jnp.asarray(w, dtype)


def conv(x: Any, w: Any, **settings: Any) -> Any:
    """lax's own convolution, SAME."""
    return lax.conv_general_dilated(x, w, (1,), "SAME", **settings)


def primitives_of(function: Function, *arguments: Any) -> list[str]:
    """Names of all primitives that a function is made of, those of inner functions included."""
    return list(_names(jax.make_jaxpr(function)(*arguments).jaxpr))


def _names(jaxpr: Any) -> Any:
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in inner_jaxprs(equation):
            yield from _names(inner)


def _nested_jit(x: Any, w: Any) -> Any:
    inner = jax.jit(lambda x: jnp.tanh(conv(x, w)))
    return inner(jax.jit(lambda x: inner(x) + 1)(x))


def _scan(x: Any, w: Any) -> Any:
    def step(carry: Any, scale: Any) -> Any:
        carry = jnp.tanh(conv(carry, w) * scale)
        return carry, carry.sum()

    last, sums = lax.scan(step, x, jnp.arange(1.0, 4.0, dtype=x.dtype))
    return last * sums.sum()


def _while(x: Any, w: Any) -> Any:
    def go_on(state: Any) -> Any:
        return (state[0] < 3) & (jnp.abs(conv(state[1], w)).max() < 1e6)

    return lax.while_loop(go_on, lambda state: (state[0] + 1, conv(state[1], w)), (0, x))[1]


def _fori(x: Any, w: Any) -> Any:
    return lax.fori_loop(0, 3, lambda _, y: jnp.tanh(conv(y, w)), x)


def _cond(x: Any, w: Any) -> Any:
    return lax.cond(x.sum() > 0, lambda x: conv(x, w), lambda x: conv(jnp.sin(x), w), x)


def _switch(x: Any, w: Any) -> Any:
    branches = [lambda x: x, lambda x: conv(x, w), lambda x: conv(x, w[..., ::-1])]
    return lax.switch(jnp.int32(2), branches, x)


def _checkpoint(x: Any, w: Any) -> Any:
    return jax.checkpoint(lambda x: jnp.tanh(conv(jnp.tanh(conv(x, w)), w)))(x)


def _checkpoint_with_policy(x: Any, w: Any) -> Any:
    def saves_convolutions(primitive: Any, *_: Any, **params: Any) -> bool:
        if primitive is lax.conv_general_dilated_p:
            assert params["window_strides"] == (1,)
            return True
        return False

    return jax.checkpoint(lambda x: jnp.tanh(conv(jnp.tanh(conv(x, w)), w)), policy=saves_convolutions)(x)


@jax.custom_jvp
def _custom_jvp_layer(x: Any, w: Any) -> Any:
    return conv(x, w)


@_custom_jvp_layer.defjvp
def _custom_jvp_rule(primals: Any, tangents: Any) -> Any:
    (x, w), (dx, dw) = primals, tangents
    return conv(x, w), conv(dx, w) + 2 * conv(x, dw)  # wrong by a factor, so that only this rule gives it


@jax.custom_vjp
def _custom_vjp_layer(x: Any, w: Any) -> Any:
    return conv(x, w)


def _forward(x: Any, w: Any) -> Any:
    return conv(x, w), (x, w)


def _backward(saved: Any, cotangent: Any) -> Any:
    x, w = saved
    return conv(cotangent, w.swapaxes(0, 1)), 3 * w * conv(x, w).sum()  # neither is the gradient


_custom_vjp_layer.defvjp(_forward, _backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _custom_vjp_static(x: Any, w: Any, scale: float) -> Any:
    return conv(x, w) * scale


_custom_vjp_static.defvjp(
    lambda x, w, scale: (conv(x, w) * scale, (x, w)),
    lambda scale, saved, cotangent: (conv(cotangent, saved[1]) * scale, None),
)


def _shard_map(x: Any, w: Any) -> Any:
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    mapped = jax.shard_map(lambda x, w: conv(x, w), mesh=mesh, in_specs=(P("batch"), P()), out_specs=P("batch"))
    return mapped(x, w)


def _vmap(x: Any, w: Any) -> Any:
    each = jax.vmap(lambda x, w: conv(x[None], w)[0], in_axes=(0, None))
    return each(x, w) + jax.vmap(lambda w: conv(x, w))(jnp.stack([w, 2 * w])).sum(0)


def _associative_scan(x: Any, w: Any) -> Any:
    layer = jax.vmap(lambda x: jnp.tanh(conv(x, w)))
    return lax.associative_scan(lambda a, b: a + layer(b), jnp.stack([x, 2 * x, 3 * x]))[-1]


def _map(x: Any, w: Any) -> Any:
    return lax.map(lambda one: conv(one[None], w)[0], x)


def _gradient_inside(x: Any, w: Any) -> Any:
    return jax.grad(lambda x: jnp.sum(jnp.tanh(conv(x, w)) ** 2))(x)


def _higher(x: Any, w: Any) -> Any:
    _, tangent = jax.jvp(lambda x: jnp.tanh(conv(x, w)), (x,), (jnp.ones_like(x),))
    return tangent


def _callback(x: Any, w: Any) -> Any:
    y = conv(x, w)
    jax.debug.callback(lambda _: None, y.sum())
    return y


def _numpy_name(x: Any, w: Any) -> Any:
    return x * jnp.convolve(x[0, 0], w[0, 0], mode="same")[None, None]


def _linearized(x: Any, w: Any) -> Any:
    y, linear = jax.linearize(lambda x: jnp.tanh(conv(x, w)), x)
    return y + linear(x)


def _named_scope(x: Any, w: Any) -> Any:
    with jax.named_scope("block"):
        return conv(x, w)


def _barrier(x: Any, w: Any) -> Any:
    return conv(lax.optimization_barrier(x), w)


CONSTRUCTS: dict[str, Function] = {
    "plain": conv,
    "nested jit": _nested_jit,
    "scan": _scan,
    "while_loop": _while,
    "fori_loop": _fori,
    "cond": _cond,
    "switch": _switch,
    "checkpoint": _checkpoint,
    "checkpoint with policy": _checkpoint_with_policy,
    "custom_jvp": _custom_jvp_layer,
    "custom_vjp": _custom_vjp_layer,
    "custom_vjp with static": lambda x, w: _custom_vjp_static(x, w, 2.0),
    "shard_map": _shard_map,
    "vmap": _vmap,
    "associative_scan": _associative_scan,
    "map": _map,
    "gradient inside": _gradient_inside,
    "jvp inside": _higher,
    "linearize inside": _linearized,
    "debug callback": _callback,
    "jnp.convolve": _numpy_name,
    "named scope": _named_scope,
    "optimization barrier": _barrier,
}
# Loops of unknown length have no gradients by reversal.
FORWARD_ONLY = {"while_loop"}
