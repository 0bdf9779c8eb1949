"""fft: one transform of the whole signal, a product, and one transform back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, Self

import jax.numpy as jnp
from jax import Array

from convax.algorithms.containment import contained
from convax.algorithms.fourier import (
    fast_length,
    inverse,
    kernel_spectrum,
    multiplied,
    spectrum,
    why_no_fourier,
)
from convax.algorithms.interface import Algorithm
from convax.algorithms.pieces import WHOLE, group_by_group
from convax.algorithms.target import is_for_cpu
from convax.algorithms.windows import pad_last, padded
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Fft"]

# Bytes of transformed data that are worked on at a time: a twentieth faster than the piece of other formulations.
PIECE = 4 << 20


@dataclasses.dataclass(frozen=True)
class Fft(Algorithm):
    """y = F^-1(F(z) * conj(F(conj(w)))): the convolution theorem over a length that holds the padded signal.

    Best where kernel and signal are of similar, large length. Stride is a selection of the full result.
    """

    name = "fft"
    idea = "one Fourier transform of the whole signal"

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        yield cls()

    def why_not(self, spec: ConvSpec) -> str | None:
        return why_no_fourier(spec)

    def work(self, spec: ConvSpec) -> Work:
        points = fast_length(spec.geometry.padded)
        signals = spec.group_batch * spec.groups
        kernels = spec.features * spec.group_channels
        transforms = signals * (spec.group_channels + spec.group_features) + kernels
        bins = points // (1 if spec.accumulator.kind == "complex" else 2)
        products = signals * spec.group_features * spec.group_channels * bins
        # A single long transform runs on one thread and leaves the cache.
        kind = "fft" if points <= 1 << 15 else "fft_long"
        counts = {kind: transforms * points * math.log2(max(2, points)), "loop_complex": products, "branch": 1}
        return Work(counts, 4 * transforms * points * spec.accumulator.bytes, 6)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        geometry = spec.geometry
        points = fast_length(geometry.padded)

        def convolve(x: Array, w: Array) -> Array:
            z = padded(x, geometry)  # here, for XLA makes one pass of this and of what fills up the transform
            dilated = pad_last(w, 0, 0, geometry.dilation - 1)
            product = multiply(spectrum(z, points), kernel_spectrum(dilated, points), spec.precision)
            y = inverse(product, points, z)
            return y[..., : (geometry.output - 1) * geometry.stride + 1 : geometry.stride]

        def in_pieces(x: Array, w: Array) -> Array:
            # Groups that fit the cache at a time.
            rows = x.shape[0] * max(x.shape[2], w.shape[1]) + w.shape[1] * w.shape[2]
            group = rows * points * spec.accumulator.bytes
            whole = group * x.shape[1] <= WHOLE or not is_for_cpu()
            most = x.shape[1] if whole else max(1, PIECE // group)
            return group_by_group(convolve, x, w, geometry.output, most)

        return contained(in_pieces, x, w, geometry)


def multiply(signals: Array, kernels: Array, precision: Any) -> Array:
    """(n, g, c, f) and (g, o, c, f) -> (n, g, o, f): the products of spectra, summed over channels."""
    if kernels.shape[2] == 1:
        return multiplied(signals, kernels[None, :, :, 0])
    return jnp.einsum("ngcf,gocf->ngof", signals, kernels, precision=precision)
