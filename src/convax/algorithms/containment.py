"""Containment: a NaN reaches the outputs whose window holds it, whatever a formulation does inside."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

__all__ = ["contained", "masked"]


def contained(convolve: Callable[[Array, Array], Array], z: Array, w: Array) -> Array:
    """Keep NaN and Inf of the signal to the outputs whose window holds them.

    A transform spreads one NaN over its whole block, and adds up what a window would not. So where any output is
    not finite, the signal's non-finite samples are set to zero and counted: the outputs whose window held one
    become NaN, the others are computed from the finite samples, scaled so that their sum does not overflow. In
    the common case this costs one pass over the output; the repair (another two convolutions) runs only when it
    is needed.

    Args:
        convolve: The formulation, as a function of signal and kernel.
        z: Signal, (..., channels, length).
        w: Kernel, (groups, features, channels, taps).
    """
    y = convolve(z, w)

    def repair(z: Array, w: Array, y: Array) -> Array:
        finite = jnp.isfinite(z)
        clean = jnp.where(finite, z, 0)
        scale, kernel_scale = _power_of_two(clean), _power_of_two(w)
        sums = convolve(clean / scale, w / kernel_scale) * scale * kernel_scale
        hits = convolve(jnp.where(finite, 0, 1).astype(z.dtype), jnp.ones_like(w))
        # The count is a whole number but for the rounding of the transform.
        return jnp.where(hits.real > 0.5, jnp.nan, sums)

    # The finite sum stands for "all are finite": one vectorised pass instead of a test for each element.
    return lax.cond(jnp.isfinite(jnp.sum(y * 0)), lambda z, w, y: y, repair, z, w, y)


def masked(convolve: Callable[[Array, Array], Array], x: Array, w: Array) -> Array:
    """Keep NaN and Inf of the signal to the outputs whose window holds them, for sums that meet more samples.

    Like `contained`, for formulations that multiply samples outside of a window by zero: the data is tested
    instead of the result, since such a sum is not finite only where its data (or kernel) is not.
    """
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return convolve(x, w)

    def repair(x: Array, w: Array) -> Array:
        finite = jnp.isfinite(x)
        hits = convolve(jnp.where(finite, 0, 1).astype(x.dtype), jnp.ones_like(w))
        return jnp.where(hits.real > 0.5, jnp.nan, convolve(jnp.where(finite, x, 0), w))

    return lax.cond(jnp.isfinite(jnp.sum(x * 0)), convolve, repair, x, w)


def _power_of_two(values: Array) -> Array:
    """The power of two just below the largest magnitude: dividing by it rounds nothing."""
    largest = jnp.maximum(jnp.max(jnp.abs(values.real)), jnp.max(jnp.abs(values.imag)))
    usable = (largest > 0) & jnp.isfinite(largest)
    return jnp.exp2(jnp.floor(jnp.log2(jnp.where(usable, largest, 1)))).astype(values.dtype)
