"""A fence between parts of a program: XLA compiles what is inside on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.target import is_for_cpu
from convax.algorithms.unit_axes import squeezed
from convax.jax_internals import align_varying

__all__ = ["fenced", "kept"]


def fenced(function: Callable[..., Any], *operands: Any) -> Any:
    """`function(*operands)`, not fused with what comes before and after it.

    XLA's CPU fuses a chain of elementwise operations whatever its length, and drops `lax.optimization_barrier` before
    it does. A loop of a hundred shifted loads then runs out of registers, and one that ends in a slice or a
    concatenation tests its bounds for each element. A branch is compiled on its own; its condition hides behind a
    barrier until it is too late to leave it out. A GPU would have to ask the host which branch to take, so there this
    is a plain call.

    Example:
        >>> fenced(lambda x: x + 1, jnp.ones(2))
        Array([2., 2.], dtype=float32)
    """
    if not is_for_cpu():
        return function(*operands)
    leaves, structure = jax.tree.flatten(operands)
    leaves = list(align_varying(*leaves))  # inside a shard_map both branches must agree
    shapes = [leaf.shape for leaf in leaves]
    results = jax.eval_shape(function, *operands)

    def inside(*leaves: Array) -> Any:
        whole = (leaf.reshape(shape) for leaf, shape in zip(leaves, shapes, strict=True))
        return jax.tree.map(squeezed, function(*jax.tree.unflatten(structure, whole)))

    def never(*leaves: Array) -> Any:
        parts = jax.tree.map(lambda result: squeezed(jnp.zeros(result.shape, result.dtype)), results)
        return jax.tree.map(lambda part: align_varying(part, leaves[0])[0], parts)

    parts = lax.cond(lax.optimization_barrier(jnp.bool_(True)), inside, never, *map(squeezed, leaves))
    return jax.tree.map(lambda part, result: part.reshape(result.shape), parts, results)


def kept(value: Any) -> Any:
    """The value, written to memory before it is used: a GPU would otherwise sum it anew in each program that reads it.

    Example:
        >>> kept(jnp.ones(2))
        Array([1., 1.], dtype=float32)
    """
    return value if is_for_cpu() else lax.optimization_barrier(value)
