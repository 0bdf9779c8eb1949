"""fft: one transform of the whole signal, a product, and one transform back."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import Any, Self

import jax.numpy as jnp
from jax import Array

from convax.algorithms.containment import contained
from convax.algorithms.fence import fenced
from convax.algorithms.fourier import (
    fast_length,
    inverse,
    kernel_spectrum,
    multiplied,
    spectrum,
    why_no_fourier,
)
from convax.algorithms.interface import Algorithm
from convax.algorithms.pieces import group_by_group
from convax.algorithms.rows import Laid
from convax.algorithms.target import is_for_cpu
from convax.algorithms.windows import pad_last
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Fft"]

# Bytes of transformed data up to which all is done at once, and those of a piece, where there is more: larger than in
# other formulations, for a piece is many transforms.
WHOLE, PIECE = 16 << 20, 8 << 20
# Points from which on operands are padded apart from what comes before. XLA's CPU takes 20 ms to reverse and pad 10^6
# samples in one loop, 0.5 in two; shorter ones take longer to compile that way.
LONG = 1 << 16


@dataclasses.dataclass(frozen=True)
class Fft(Algorithm):
    """y = F^-1(F(x) * conj(F(conj(w)))): the convolution theorem, over a cycle of the signal and one end of padding.

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
        points = Cycle.of(spec.geometry).points
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
        cycle = Cycle.of(spec.geometry)
        # Groups that fit the cache at a time.
        rows = x.shape[0] * max(x.shape[2], w.shape[1]) + w.shape[1] * w.shape[2]
        group = rows * cycle.points * spec.accumulator.bytes
        whole = group * x.shape[1] <= WHOLE or not is_for_cpu()
        convolve = functools.partial(_convolve, geometry=spec.geometry, precision=spec.precision)

        def in_pieces(x: Array, w: Array) -> Array:
            if whole and x.shape[:2] == (spec.group_batch, spec.groups):
                return convolve(x, w, laid=Laid.of(spec))
            return group_by_group(convolve, x, w, spec.geometry.output, max(1, PIECE // group))

        return contained(in_pieces, x, w, spec.geometry, order=(*spec.normal_order, (0, 1, 2, 3)))


@dataclasses.dataclass(frozen=True)
class Cycle:
    """Where a cyclic convolution takes signal and kernel from, and leaves its outputs.

    The places are such that a layer and its two gradients have their operands in common: they transform three arrays,
    not six, and three results.

    Args:
        points: Its length.
        ends: Zeros before and after the signal, or samples that it loses; others follow up to the cycle's length.
        reverses: Whether the kernel's last tap comes first. So it does where a gradient is given the forward
            convolution's kernel reversed, and what is transformed is that kernel again.
        first: Place of output 0.
    """

    points: int
    ends: tuple[int, int]
    reverses: bool
    first: int

    @classmethod
    def of(cls, geometry: Geometry) -> Self:
        """The shortest fast one.

        Example:
            >>> Cycle.of(Geometry(500, 500, padding=(499, 499)))
            Cycle(points=1000, ends=(0, 0), reverses=True, first=0)
        """
        (before, after), last = geometry.padding, geometry.reach - 1
        reverses = 0 <= before <= last <= after
        ends = (0, 0) if reverses else (before, min(0, after))
        if geometry.spread + sum(ends) < 1:
            ends = geometry.padding  # all of the signal is lost, and some of what pads it
        # Zeros at one end are enough: from the last sample on, the cycle returns to those before the first.
        longer = max(0, before, after)
        kept = geometry.padded - max(0, before) - max(0, after)
        points = fast_length(max(kept + longer, geometry.reach, geometry.padded - last))
        return cls(points, ends, reverses, last - before if reverses else 0)

    def filled(self, rows: Array, ends: tuple[int, int], spread: int) -> Array:
        """All points of it: samples that are so far apart, zeros between and at both ends of them, and zeros after."""
        before, after = ends
        held = before + (rows.shape[-1] - 1) * spread + 1 + after
        fill = lambda rows: pad_last(rows, before, after + self.points - held, spread - 1)
        return fenced(fill, rows) if self.points >= LONG else fill(rows)


def _convolve(x: Array, w: Array, geometry: Geometry, precision: Any, laid: tuple[Laid, Laid] | None = None) -> Array:
    cycle = Cycle.of(geometry)
    of_signal, of_kernel = laid or (Laid.plainly(x), Laid.plainly(w))

    def transformed(rows: Array) -> Array:
        return spectrum(cycle.filled(rows, cycle.ends, geometry.upsample), cycle.points)

    def transformed_kernel(taps: Array) -> Array:
        factor = spectrum if cycle.reverses else kernel_spectrum
        return factor(cycle.filled(taps, (0, 0), geometry.dilation), cycle.points)

    signals = of_signal.by_rows(transformed, x)
    kernels = of_kernel.by_rows(transformed_kernel, w, backwards=cycle.reverses)
    y = inverse(multiply(signals, kernels, precision), cycle.points, x)
    stop = cycle.first + (geometry.output - 1) * geometry.stride + 1
    return y[..., cycle.first : stop : geometry.stride]


def multiply(signals: Array, kernels: Array, precision: Any) -> Array:
    """(n, g, c, f) and (g, o, c, f) -> (n, g, o, f): the products of spectra, summed over channels."""
    if kernels.shape[2] == 1:
        return multiplied(signals, kernels[None, :, :, 0])
    return jnp.einsum("ngcf,gocf->ngof", signals, kernels, precision=precision)
