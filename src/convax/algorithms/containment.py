"""Containment: a NaN reaches the outputs whose window holds it, whatever a formulation does inside."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from convax.algorithms.pieces import group_by_group, signal_by_signal
from convax.algorithms.target import is_for_cpu
from convax.algorithms.unit_axes import squeezed
from convax.algorithms.windows import pad_last, padded, strided_window
from convax.core.geometry import Geometry

__all__ = ["contained"]

Convolve = Callable[[Array, Array], Array]
Order = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

_AS_THEY_ARE = (0, 1, 2, 3)


def contained(
    convolve: Convolve,
    z: Array,
    w: Array,
    geometry: Geometry,
    *,
    repair: Convolve | None = None,
    order: Order = (_AS_THEY_ARE,) * 3,
) -> Array:
    """Keep NaN and Inf of the signal to the outputs whose window holds them.

    A transform spreads one NaN over its whole block, and adds up what a window would not; a formulation that fills
    up with zeros multiplies them by it. Either way some output is not finite then. So where one is not, the
    signal's non-finite samples are set to zero: the outputs whose window held one become NaN, the others are computed
    from the finite samples, scaled so that their sum does not overflow. In the common case this costs one pass over
    the output; the repair (another convolution) runs only when it is needed.

    Args:
        convolve: The formulation, as a function of signal and kernel.
        z: Signal, (..., groups, channels, length).
        w: Kernel, (groups, features, channels, taps).
        geometry: The windows over `z`.
        repair: The repaired result from signal and kernel; None for another `convolve`.
        order: Axes of signal, kernel and result, outermost first, as they lie in memory: they pass through a loop,
            and in another order each would be copied for it.
    """
    y = convolve(z, w)
    if not jnp.issubdtype(y.dtype, jnp.inexact):
        return y

    def repaired(z: Array, w: Array) -> Array:
        if repair is not None:
            return repair(z, w)
        # In small pieces, since XLA sets aside the memory of the branch that needs most, whether it is taken or not.
        one = functools.partial(_repaired, convolve, geometry=geometry)
        return group_by_group(functools.partial(signal_by_signal, one), z, w, y.shape[-1])

    laid = [value.transpose(axes) for value, axes in zip((z, w, y), order, strict=True)]
    signal, kernel, result = map(squeezed, laid)
    # The finite sum stands for "all are finite": one vectorised pass instead of a test for each element.
    needed = ~jnp.isfinite(jnp.sum(result * 0))
    if not is_for_cpu():
        return lax.cond(needed, repaired, lambda z, w: y, z, w)

    def unlaid(value: Array, number: int) -> Array:
        return value.reshape(laid[number].shape).transpose(np.argsort(order[number]))

    # A loop of one turn or none leaves the result where it is; a branch would copy it.
    def turn(state: tuple[Array, Array]) -> tuple[Array, Array]:
        y = repaired(unlaid(signal, 0), unlaid(kernel, 1))
        return state[0] & False, squeezed(y.transpose(order[2]))

    return unlaid(lax.while_loop(lambda state: state[0], turn, (needed, result))[1], 2)


def _repaired(convolve: Convolve, z: Array, w: Array, geometry: Geometry) -> Array:
    finite = jnp.isfinite(z)
    clean = jnp.where(finite, z, 0)
    scale, kernel_scale = _power_of_two(clean), _power_of_two(w)
    sums = convolve(clean / scale, w / kernel_scale)
    # What is small comes first: the product of the two need not be a number.
    small, large = jnp.minimum(scale.real, kernel_scale.real), jnp.maximum(scale.real, kernel_scale.real)
    return jnp.where(_met(~finite, geometry), jnp.nan, sums * small.astype(w.dtype) * large.astype(w.dtype))


def _met(marked: Array, geometry: Geometry) -> Array:
    """Whether the window of each output meets a marked sample of any channel: (n, g, c, l) -> (n, g, 1, i)."""
    marked = padded(marked.any(2, keepdims=True), geometry)
    length = marked.shape[-1]

    def widened(state: tuple[Array, Array]) -> tuple[Array, Array]:
        taps, met = state
        more = jnp.minimum(taps, geometry.taps - taps)
        beyond = pad_last(met, 0, geometry.reach)
        ahead = lax.dynamic_slice_in_dim(beyond, more * geometry.dilation, length, axis=3)
        return taps + more, met | ahead

    # A loop, for twice as many taps at each turn: one expression for all would double with them.
    _, met = lax.while_loop(lambda state: state[0] < geometry.taps, widened, (jnp.int32(1), marked))
    return strided_window(met, 0, geometry)


def _power_of_two(values: Array) -> Array:
    """A power of two near the largest magnitude: dividing by it rounds nothing."""
    largest = jnp.maximum(jnp.max(jnp.abs(values.real)), jnp.max(jnp.abs(values.imag)))
    usable = (largest > 0) & jnp.isfinite(largest)
    # Half of it, since rounding away all of its fraction may double it.
    half = jnp.where(usable, largest / 2, 1)
    return lax.reduce_precision(half, jnp.finfo(half.dtype).nexp, 0).astype(values.dtype)
