"""Steps that the Fourier formulations share: fast lengths, spectra, their products, and the way back.

XLA's CPU shares a batch of transforms between threads, unless a thread of that pool runs it: then it is done by that
one alone. Who runs it is the thread that was last to finish the step before. So what comes between two transforms had
better be no loop that threads share; one that ends in an update of some part of an array never is.
"""

from __future__ import annotations

import functools

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.target import is_for_cpu
from convax.core.spec import ConvSpec
from convax.core.work import is_split

__all__ = ["fast_length", "inverse", "kernel_spectrum", "multiplied", "spectrum", "why_no_fourier"]


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


def multiplied(spectra: Array, kernels: Array) -> Array:
    """Spectra times those of kernels, which broadcast to them: half by half in place, where threads would share it.

    One spectrum for each kernel is multiplied at once: gradients need it again, and in place it would be copied first.
    """
    shape = jnp.broadcast_shapes(spectra.shape, kernels.shape)
    is_shared = spectra.size > kernels.size and is_for_cpu() and is_split(0, 2 * spectra.nbytes)
    if not is_shared or shape != spectra.shape:
        return spectra * kernels
    # What is changed in place has the shape that was transformed: XLA would copy it into another.
    axes = [axis for axis, size in enumerate(shape) if size > 1]
    spectra, kernels = (each.reshape([each.shape[axis] for axis in axes]) for each in (spectra, kernels))
    half = -(-spectra.shape[0] // 2)
    for start in (0, half):
        stop = min(start + half, spectra.shape[0])
        theirs = kernels if kernels.shape[0] == 1 else kernels[start:stop]
        spectra = lax.dynamic_update_slice_in_dim(spectra, spectra[start:stop] * theirs, start, 0)
    return spectra.reshape(shape)


def inverse(product: Array, points: int, like: Array) -> Array:
    """Back to samples, real or complex as `like` is."""
    return jnp.fft.ifft(product, points) if jnp.iscomplexobj(like) else jnp.fft.irfft(product, points)
