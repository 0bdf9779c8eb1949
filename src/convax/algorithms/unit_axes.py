"""Axes of size one, left out where a value enters a call, a branch or a loop.

XLA lays an axis of size one that a reshape inserted outermost, and the operands of those in the order of their axes: to
a compiler that takes the two for different orders of memory, each such operand is a copy.
"""

from __future__ import annotations

from jax import Array

__all__ = ["squeezed"]


def squeezed(value: Array) -> Array:
    """The value without its axes of size one.

    Example:
        >>> import jax.numpy as jnp
        >>> squeezed(jnp.ones((1, 2, 1, 3))).shape
        (2, 3)
    """
    return value.reshape([size for size in value.shape if size != 1])
