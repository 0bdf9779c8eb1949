"""swapped: the signal takes the kernel's place, where the kernel is the longer operand or the signal is upsampled."""

from __future__ import annotations

import dataclasses
import functools

from jax import Array, lax

from convax.algorithms.containment import contained
from convax.algorithms.delegating import Delegating
from convax.algorithms.direct import Direct
from convax.algorithms.inner_product import InnerProduct
from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.matmul import Matmul
from convax.algorithms.overlap_save import OverlapSave
from convax.algorithms.shift_add import ShiftAdd
from convax.core.geometry import Geometry
from convax.core.layout import Layout
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Swapped"]

_AS_KERNEL, _AS_DATA = str.maketrans("NC", "OI"), str.maketrans("OI", "NC")


@dataclasses.dataclass(frozen=True)
class Swapped(Delegating):
    """y[i] = sum over j of x[j] * v[upsample * j + padding - stride * i], with v the dilated kernel.

    Read backwards (from the last output to the first), this is the correlation of v with the taps x: stride stays
    stride, upsampling and dilation change places. Gradients of transposed layers with respect to their kernels
    have a short result, an upsampled signal and a "kernel" as long as the layer's output; swapped, they have
    dilated taps, of which no inserted zero is multiplied.
    """

    name = "swapped"
    idea = "signal and kernel change places; the result is reversed"

    @classmethod
    def gains_nothing(cls, spec: ConvSpec) -> str | None:
        if spec.geometry.upsample > 1 or spec.geometry.taps > spec.geometry.length:
            return None
        return "the kernel is the shorter operand and the signal is not upsampled: there is nothing to gain"

    @classmethod
    def inner_spec(cls, spec: ConvSpec) -> ConvSpec:
        return _swapped(spec)

    @classmethod
    def inner_kinds(cls, inner_spec: ConvSpec) -> tuple[type[Algorithm], ...]:
        return Matmul, InnerProduct, ShiftAdd, OverlapSave, Direct

    def order(self, spec: ConvSpec) -> Axes:
        return self.inner.order(_swapped(spec))

    def work(self, spec: ConvSpec) -> Work:
        output = spec.sizes[2]
        counts = {"loop_strided": output, "branch": int(self._checks(spec))}
        return self.inner.work(_swapped(spec)) + Work(counts, 2 * output * spec.accumulator.bytes, 1)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        swapped = _swapped(spec)

        def convolve(x: Array, w: Array) -> Array:
            # (n, g, c, l) and (g, o, c, k) change places: the features are the batch now, and the batch the features.
            y = self.inner.apply(w.transpose(1, 0, 2, 3), x.transpose(1, 0, 2, 3), swapped)
            return lax.rev(y, (3,)).transpose(2, 1, 0, 3)

        return contained(convolve, x, w, spec.geometry) if self._checks(spec) else convolve(x, w)

    def _checks(self, spec: ConvSpec) -> bool:
        """Whether zeros around and between the taps, or a transform, meet samples outside of the window.

        There zero times NaN is NaN.
        """
        geometry = _swapped(spec).geometry
        return max(geometry.padding) > 0 or geometry.upsample > 1 or isinstance(self.inner, OverlapSave)


@functools.lru_cache(maxsize=256)  # asked for by each candidate in turn
def _swapped(spec: ConvSpec) -> ConvSpec:
    """The convolution that `inner` computes."""
    geometry = spec.geometry
    last = geometry.stride * (geometry.output - 1)
    before = last - geometry.padding[0]
    after = last + geometry.spread - before - geometry.reach
    return spec.normal(
        geometry=Geometry(
            geometry.taps,
            geometry.length,
            stride=geometry.stride,
            dilation=geometry.upsample,
            upsample=geometry.dilation,
            padding=(before, after),
        ),
        batch=spec.group_features,
        features=spec.groups * spec.group_batch,
        layout=Layout(spec.layout.kernel.translate(_AS_DATA), spec.layout.data.translate(_AS_KERNEL), spec.layout.out),
        dtype=spec.accumulator,
        out_dtype=None,
    )
