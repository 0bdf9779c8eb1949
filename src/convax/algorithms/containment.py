"""Containment: a NaN reaches the outputs whose window holds it, whatever a formulation does inside."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.pieces import group_by_group, signal_by_signal
from convax.algorithms.target import is_for_cpu
from convax.algorithms.unit_axes import squeezed

__all__ = ["contained"]

Convolve = Callable[[Array, Array], Array]


def contained(convolve: Convolve, z: Array, w: Array, *, repair: Convolve | None = None) -> Array:
    """Keep NaN and Inf of the signal to the outputs whose window holds them.

    A transform spreads one NaN over its whole block, and adds up what a window would not; a formulation that fills
    up with zeros multiplies them by it. Either way some output is not finite then. So where one is not, the
    signal's non-finite samples are set to zero and counted: the outputs whose window held one become NaN, the
    others are computed from the finite samples, scaled so that their sum does not overflow. In the common case
    this costs one pass over the output; the repair (another two convolutions) runs only when it is needed.

    Args:
        convolve: The formulation, as a function of signal and kernel.
        z: Signal, (..., channels, length).
        w: Kernel, (groups, features, channels, taps).
        repair: The repaired result from signal and kernel; None for two convolutions one after the other.
    """
    y = convolve(z, w)
    if not jnp.issubdtype(y.dtype, jnp.inexact):
        return y

    def repaired(z: Array, w: Array) -> Array:
        if repair is not None:
            return repair(z, w)
        # In small pieces, since XLA sets aside the memory of the branch that needs most, whether it is taken or not.
        one = functools.partial(_repaired, convolve)
        return group_by_group(functools.partial(signal_by_signal, one), z, w, y.shape[-1])

    # The finite sum stands for "all are finite": one vectorised pass instead of a test for each element.
    needed = ~jnp.isfinite(jnp.sum(y * 0))
    if not is_for_cpu():
        return lax.cond(needed, repaired, lambda z, w: y, z, w)
    # A loop of one turn or none leaves the result where it is; a branch would copy it.
    signal, kernel = squeezed(z), squeezed(w)

    def turn(state: tuple[Array, Array]) -> tuple[Array, Array]:
        return state[0] & False, squeezed(repaired(signal.reshape(z.shape), kernel.reshape(w.shape)))

    return lax.while_loop(lambda state: state[0], turn, (needed, squeezed(y)))[1].reshape(y.shape)


def _repaired(convolve: Convolve, z: Array, w: Array) -> Array:
    finite = jnp.isfinite(z)
    clean = jnp.where(finite, z, 0)
    scale, kernel_scale = _power_of_two(clean), _power_of_two(w)
    sums = convolve(clean / scale, w / kernel_scale)
    # Zero, but XLA cannot know: side by side the two convolutions would need twice the memory. A loop over the two
    # would do as well, and take as long to compile as both.
    later = jnp.minimum(jnp.abs(jnp.nan_to_num(sums.ravel()[0].real)), 0)
    hits = convolve((~finite).astype(z.dtype) + later.astype(z.dtype), jnp.ones_like(w))
    # What is small comes first: the product of the two need not be a number.
    small, large = jnp.minimum(scale.real, kernel_scale.real), jnp.maximum(scale.real, kernel_scale.real)
    # The count is a whole number but for the rounding of the transform.
    return jnp.where(hits.real > 0.5, jnp.nan, sums * small.astype(w.dtype) * large.astype(w.dtype))


def _power_of_two(values: Array) -> Array:
    """A power of two near the largest magnitude: dividing by it rounds nothing."""
    largest = jnp.maximum(jnp.max(jnp.abs(values.real)), jnp.max(jnp.abs(values.imag)))
    usable = (largest > 0) & jnp.isfinite(largest)
    # Half of it, since rounding away all of its fraction may double it.
    half = jnp.where(usable, largest / 2, 1)
    return lax.reduce_precision(half, jnp.finfo(half.dtype).nexp, 0).astype(values.dtype)
