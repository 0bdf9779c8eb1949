"""polyphase: a stride or an upsampling of s becomes s interleaved convolutions with 1/s of the taps each."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from jax import Array

from convax.algorithms.containment import contained
from convax.algorithms.delegating import Delegating
from convax.algorithms.direct import Direct
from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.matmul import Matmul
from convax.algorithms.overlap_save import OverlapSave
from convax.algorithms.shift_add import ShiftAdd
from convax.algorithms.windows import pad_last, padded
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Polyphase"]


@dataclasses.dataclass(frozen=True)
class Polyphase(Delegating):
    """Fold the step into channels or features, then hand a smaller convolution to `inner`.

    Upsampling by u: output u*q + r sees only taps of one phase, so the u phases become u times as many features
    at the signal's own rate, and the results interleave; no inserted zero is multiplied. With `inner` the fold
    form of `matmul` this is the matrix product with overlap-add by which transposed layers are computed.

    Stride s: the samples that a tap meets are s apart, so s phases of the signal become s times as many
    channels, and the stride is 1.
    """

    name = "polyphase"
    idea = "stride or upsampling folded into channels"

    @classmethod
    def gains_nothing(cls, spec: ConvSpec) -> str | None:
        one_rate = spec.geometry.upsample == spec.geometry.stride == 1
        return "there is no stride and no upsampling to split" if one_rate else None

    @classmethod
    def inner_spec(cls, spec: ConvSpec) -> ConvSpec:
        return _folded(spec)

    @classmethod
    def inner_kinds(cls, inner_spec: ConvSpec) -> tuple[type[Algorithm], ...]:
        kinds = (ShiftAdd, Matmul, OverlapSave, Direct)
        return (*kinds, Polyphase) if inner_spec.geometry.stride > 1 else kinds

    def order(self, spec: ConvSpec) -> Axes:
        return self.inner.order(_folded(spec))

    def work(self, spec: ConvSpec) -> Work:
        data, _, output = spec.sizes
        moved = data if spec.geometry.upsample == 1 else output
        counts = {"loop_strided": moved, "branch": int(_fills_with_zeros(spec.geometry))}
        return self.inner.work(_folded(spec)) + Work(counts, (2 * moved + data) * spec.accumulator.bytes, 2)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        fold = _apply_stride if spec.geometry.upsample == 1 else _apply_upsample

        def convolve(x: Array, w: Array) -> Array:
            return fold(self.inner, x, w, spec)

        # Zeros that fill up the phases meet samples outside of the window, and zero times NaN is NaN.
        return contained(convolve, x, w, spec.geometry) if _fills_with_zeros(spec.geometry) else convolve(x, w)


@functools.lru_cache(maxsize=256)  # asked for by each candidate in turn
def _folded(spec: ConvSpec) -> ConvSpec:
    """The convolution that `inner` computes."""
    geometry = spec.geometry
    narrow = spec.accumulator
    if geometry.upsample == 1:
        taps = -(-geometry.reach // geometry.stride)
        inner = Geometry(geometry.output + taps - 1, taps)
        return spec.normal(
            geometry=inner, channels=spec.normal().channels * geometry.stride, dtype=narrow, out_dtype=None
        )
    phases = _phases(geometry)
    outputs = -(-geometry.output // geometry.upsample)
    span = (outputs - 1) * geometry.stride + phases.samples
    padding = (-phases.sample, span - geometry.length + phases.sample)
    inner = Geometry(geometry.length, phases.samples, stride=geometry.stride, padding=padding)
    return spec.normal(geometry=inner, features=spec.features * phases.count, dtype=narrow, out_dtype=None)


def _apply_stride(inner: Algorithm, x: Array, w: Array, spec: ConvSpec) -> Array:
    geometry, folded = spec.geometry, _folded(spec)
    stride, taps = geometry.stride, folded.geometry.taps
    z = padded(x, geometry)
    z = pad_last(z, 0, folded.geometry.length * stride - z.shape[-1])
    z = z.reshape(*z.shape[:3], folded.geometry.length, stride).swapaxes(-1, -2)
    z = z.reshape(*z.shape[:2], -1, folded.geometry.length)
    kernel = pad_last(w, 0, 0, geometry.dilation - 1)
    kernel = pad_last(kernel, 0, taps * stride - kernel.shape[-1])
    kernel = kernel.reshape(*kernel.shape[:3], taps, stride).swapaxes(-1, -2)
    kernel = kernel.reshape(*kernel.shape[:2], -1, taps)
    return inner.apply(z, kernel, folded)


def _apply_upsample(inner: Algorithm, x: Array, w: Array, spec: ConvSpec) -> Array:
    geometry, folded, phases = spec.geometry, _folded(spec), _phases(spec.geometry)
    groups, features, channels, _ = w.shape
    # The zero after the last tap stands where a phase meets no tap.
    kernel = pad_last(w, 0, 1)[..., phases.taps].transpose(0, 1, 3, 2, 4)
    y = inner.apply(x, kernel.reshape(groups, features * phases.count, channels, phases.samples), folded)
    y = y.reshape(y.shape[0], groups, features, phases.count, -1).swapaxes(-1, -2)
    y = pad_last(y, phases.first, geometry.upsample - phases.first - phases.count)
    return y.reshape(*y.shape[:3], -1)[..., : geometry.output]


@dataclasses.dataclass(frozen=True)
class _Phases:
    """The output phases of an upsampling that meet taps.

    Args:
        first: Number of the first one; the others follow it, with a phase between them that meets no tap counted too.
        sample: Index of the first sample that output 0 of any of them may see.
        taps: For each phase, and each sample from that one on, the tap that meets it; the number of taps where none.
    """

    first: int
    sample: int
    taps: np.ndarray

    @property
    def count(self) -> int:
        """Phases."""
        return int(self.taps.shape[0])

    @property
    def samples(self) -> int:
        """Samples that one output may see."""
        return int(self.taps.shape[1])


@functools.lru_cache(maxsize=256)
def _phases(geometry: Geometry) -> _Phases:
    up, stride, before = geometry.upsample, geometry.stride, geometry.padding[0]
    # Output u*q + r meets sample stride*q + m at place u*m + before - stride*r of the window, in 0 .. reach - 1.
    first = -(before // up)
    last = (geometry.reach - 1 - before + stride * (up - 1)) // up
    phase, sample = np.arange(up)[:, None], np.arange(first, max(first, last) + 1)
    place = up * sample + before - stride * phase
    known = (place >= 0) & (place < geometry.reach) & (place % geometry.dilation == 0)
    rows, columns = (_extent(known.any(axis)) for axis in (1, 0))
    taps = np.where(known, place // geometry.dilation, geometry.taps)[rows, columns]
    return _Phases(rows.start, first + columns.start, taps)


def _extent(marked: np.ndarray) -> slice:
    """From the first to the last that is marked; the first of all where none is."""
    places = np.flatnonzero(marked)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 1)


def _fills_with_zeros(geometry: Geometry) -> bool:
    """Whether the phases of the kernel are of unequal length, so that the shorter ones are filled up."""
    if geometry.upsample == 1:
        return geometry.dilation > 1 or geometry.taps % geometry.stride > 0
    return bool((_phases(geometry).taps == geometry.taps).any())
