"""A fence between parts of a program: XLA compiles what is inside on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import Array, lax

from convax.algorithms.target import is_for_cpu
from convax.algorithms.unit_axes import squeezed
from convax.xla_internals import call_apart

__all__ = ["fenced", "kept"]


def fenced(function: Callable[..., Any], *operands: Any) -> Any:
    """`function(*operands)`, not fused with what comes before and after it.

    XLA's CPU fuses a chain of elementwise operations whatever its length, and drops `lax.optimization_barrier` before
    it does. A loop of a hundred shifted loads then runs out of registers, and one that ends in a slice or a
    concatenation tests its bounds for each element. A call that XLA is asked to leave a call is compiled on its own.
    A GPU's compiler has limits to what it fuses, so there this is a plain call.

    Example:
        >>> import jax.numpy as jnp
        >>> fenced(lambda x: x + 1, jnp.ones(2))
        Array([2., 2.], dtype=float32)
    """
    if not is_for_cpu():
        return function(*operands)
    leaves, structure = jax.tree.flatten(operands)
    shapes = [leaf.shape for leaf in leaves]
    results: Any = None

    def inside(*leaves: Array) -> Any:
        nonlocal results
        whole = (leaf.reshape(shape) for leaf, shape in zip(leaves, shapes, strict=True))
        whole_results = function(*jax.tree.unflatten(structure, whole))
        results = jax.tree.map(jax.typeof, whole_results)
        return jax.tree.map(squeezed, whole_results)

    parts = call_apart(inside, *map(squeezed, leaves))  # traced by now
    return jax.tree.map(lambda part, result: part.reshape(result.shape), parts, results)


def kept(value: Any) -> Any:
    """The value, written to memory before it is used: a GPU would otherwise sum it anew in each program that reads it.

    Example:
        >>> import jax.numpy as jnp
        >>> kept(jnp.ones(2))
        Array([1., 1.], dtype=float32)
    """
    return value if is_for_cpu() else lax.optimization_barrier(value)
