"""A fence between parts of a program: XLA's CPU compiles what is inside on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from convax.jax_internals import align_varying

__all__ = ["fenced"]


def fenced(function: Callable[..., Any], *operands: Any) -> Any:
    """`function(*operands)`, not fused with what comes before and after it.

    XLA's CPU fuses a chain of elementwise operations whatever its length, and drops `lax.optimization_barrier` before
    it does. A loop of a hundred shifted loads then runs out of registers, and one that ends in a slice or a
    concatenation tests its bounds for each element. A branch is compiled on its own; its condition hides behind a
    barrier until it is too late to leave it out. Where a branch costs more than it saves (a GPU has to ask the host)
    this is a plain call.

    Example:
        >>> fenced(lambda x: x + 1, jnp.ones(2))
        Array([2., 2.], dtype=float32)
    """
    leaves, structure = jax.tree.flatten(operands)
    operands = jax.tree.unflatten(structure, align_varying(*leaves))  # inside a shard_map both branches must agree
    results = jax.eval_shape(function, *operands)

    def never(*operands: Any) -> Any:
        witness = jax.tree.leaves(operands)[0]
        return jax.tree.map(lambda result: align_varying(jnp.zeros(result.shape, result.dtype), witness)[0], results)

    def apart(*operands: Any) -> Any:
        return lax.cond(lax.optimization_barrier(jnp.bool_(True)), function, never, *operands)

    return lax.platform_dependent(*operands, cpu=apart, default=function)
