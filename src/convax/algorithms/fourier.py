"""Steps that the Fourier formulations share: fast lengths, spectra, their product, and containment of NaN."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from convax.core.spec import ConvSpec

__all__ = ["contained", "fast_length", "inverse", "kernel_spectrum", "spectrum", "why_no_fourier"]


@functools.cache
def fast_length(least: int) -> int:
    """The smallest 2^a 3^b 5^c of at least `least`: lengths whose transform splits into small factors.

    Example:
        >>> fast_length(1025)
        1080
    """
    best = 1 << max(0, least - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            rest = -(-least // three)
            best = min(best, three << max(0, rest - 1).bit_length())
            three *= 3
        five *= 5
    return best


def why_no_fourier(spec: ConvSpec) -> str | None:
    """The reasons that hold for each Fourier formulation."""
    if spec.accumulator.kind not in ("float", "complex"):
        return f"{spec.dtype} must be exact; a Fourier transform rounds"
    return None


def spectrum(x: Array, points: int) -> Array:
    """Transform of the last axis over `points` samples: half of it for real data."""
    return jnp.fft.fft(x, points) if jnp.iscomplexobj(x) else jnp.fft.rfft(x, points)


def kernel_spectrum(w: Array, points: int) -> Array:
    """The factor that correlates with w: conj(F(conj(w))), which for real w is the conjugate spectrum."""
    return jnp.conj(spectrum(jnp.conj(w), points))


def inverse(product: Array, points: int, like: Array) -> Array:
    """Back to samples, real or complex as `like` is."""
    return jnp.fft.ifft(product, points) if jnp.iscomplexobj(like) else jnp.fft.irfft(product, points)


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


def _power_of_two(values: Array) -> Array:
    """The power of two just below the largest magnitude: dividing by it rounds nothing."""
    largest = jnp.maximum(jnp.max(jnp.abs(values.real)), jnp.max(jnp.abs(values.imag)))
    usable = (largest > 0) & jnp.isfinite(largest)
    return jnp.exp2(jnp.floor(jnp.log2(jnp.where(usable, largest, 1)))).astype(values.dtype)
