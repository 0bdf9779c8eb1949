"""Steps that the Fourier formulations share: fast lengths, spectra, and the way back."""

from __future__ import annotations

import functools

import jax.numpy as jnp
from jax import Array

from convax.core.spec import ConvSpec

__all__ = ["fast_length", "inverse", "kernel_spectrum", "spectrum", "why_no_fourier"]


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
