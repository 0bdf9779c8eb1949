"""direct: lax's own convolution, in the layout that the backend computes in. The fallback that never refuses."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Literal, Self

from jax import Array, lax

from convax.algorithms.containment import contained
from convax.algorithms.fence import fenced
from convax.algorithms.interface import Algorithm
from convax.algorithms.tap_by_tap import tap_by_tap
from convax.algorithms.target import is_for_cpu, multiplies
from convax.algorithms.windows import padded
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Direct"]

# Bytes of results up to which XLA's CPU computes a transposed convolution by adding them up.
MOST_COLUMNS = 8 << 30

_NUMBERS = {"NHC": ("NHC", "HIO", "NHC"), "NCH": ("NCH", "OIH", "NCH")}


@dataclasses.dataclass(frozen=True)
class Direct(Algorithm):
    """`lax.conv_general_dilated`, with the padding ahead of the call where XLA's CPU cannot be trusted with it.

    Args:
        layout: Axes in which lax is called. XLA's CPU has fast code for "NHC" only, cuDNN prefers "NCH".
    """

    name = "direct"
    idea = "lax's own convolution, in the backend's layout"
    layout: Literal["NHC", "NCH"] = "NHC"

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        yield cls("NHC")
        # XLA's CPU brings other layouts into that one in a program's entry only; the same convolution inside a loop
        # or a branch is computed by a plain loop nest, fifty times as slow.
        if platform != "cpu":
            yield cls("NCH")

    def why_not(self, spec: ConvSpec) -> str | None:
        return None

    def work(self, spec: ConvSpec) -> Work:
        rows = spec.group_batch * spec.groups * spec.geometry.output
        # XLA's CPU has hand-written loops for real floats of one width; whatever else it meets goes through a plain
        # loop nest, for which groups are first expanded into a dense kernel of zeros.
        if spec.accumulator.name != "float32":
            amount = spec.multiply_adds * spec.groups
            return Work({"conv_naive": amount, "conv_row": rows, "conv_call": 1}, spec.bytes, 1)
        if _is_transposed(spec):
            columns = _columns(spec)
            counts = {"gemm": columns * spec.group_channels, "conv_column": columns, "conv_call": 1}
            return Work(counts | {"conv_step": columns // spec.group_features}, spec.bytes, 1)
        kind = f"conv_{self.layout.lower()}" if spec.group_features >= 8 else f"conv_{self.layout.lower()}_thin"
        counts = {"conv_row": rows, "conv_call": 1}
        if is_for_cpu():
            # It lays the samples of each window side by side for its products, group by group.
            counts["conv_patch"] = spec.multiply_adds // spec.group_features
            kind = "conv_grouped" if spec.groups > 1 else kind
        # Groups are a loop of small convolutions, each with a start-up of its own.
        return Work(counts | {kind: spec.multiply_adds, "conv_group": spec.groups - 1}, spec.bytes, 1)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        geometry = spec.geometry
        if not is_for_cpu():
            if spec.accumulator.is_integer:
                return tap_by_tap(x, w, spec)
            # cuDNN multiplies what lies between the taps by zero, and zero times NaN is NaN.
            if geometry.stride > 1 and geometry.dilation > 1:
                return contained(functools.partial(self._convolve, spec=spec, geometry=geometry), x, w, geometry)
        elif _pads_wrongly(spec):
            x = fenced(functools.partial(padded, geometry=geometry), x)
            geometry = geometry.over_padded
        return self._convolve(x, w, spec, geometry)

    def _convolve(self, x: Array, w: Array, spec: ConvSpec, geometry: Geometry) -> Array:
        batch, groups, channels, length = x.shape
        features, taps = w.shape[1], w.shape[3]
        if self.layout == "NHC":
            lhs = x.transpose(0, 3, 1, 2).reshape(batch, length, groups * channels)
            rhs = w.transpose(3, 2, 0, 1).reshape(taps, channels, groups * features)
        else:
            lhs = x.reshape(batch, groups * channels, length)
            rhs = w.reshape(groups * features, channels, taps)
        half = spec.dtype.name
        if multiplies(half) and spec.result == spec.dtype:  # summed in float32 and rounded once, as always
            lhs, rhs = lhs.astype(half), rhs.astype(half)
        y = lax.conv_general_dilated(
            lhs,
            rhs,
            window_strides=(geometry.stride,),
            padding=(geometry.padding,),
            lhs_dilation=(geometry.upsample,),
            rhs_dilation=(geometry.dilation,),
            dimension_numbers=_NUMBERS[self.layout],
            feature_group_count=groups,
            precision=spec.precision,
        ).astype(x.dtype)
        if self.layout == "NHC":
            return y.reshape(batch, geometry.output, groups, features).transpose(0, 2, 3, 1)
        return y.reshape(batch, groups, features, geometry.output)


def _is_transposed(spec: ConvSpec) -> bool:
    """Whether XLA's CPU multiplies all samples by all taps, and adds up the results where they belong."""
    geometry = spec.geometry
    plain = geometry.stride == geometry.dilation == spec.groups == 1
    fits = _columns(spec) * spec.accumulator.bytes <= MOST_COLUMNS
    return is_for_cpu() and geometry.upsample > 1 and plain and fits and not _pads_wrongly(spec)


def _columns(spec: ConvSpec) -> int:
    """How many such results there are: for each sample, each tap and each feature."""
    geometry = spec.geometry
    return spec.group_batch * geometry.length * geometry.taps * spec.group_features


def _pads_wrongly(spec: ConvSpec) -> bool:
    """Whether XLA's CPU reads beside the signal: then the padding goes ahead, fenced, or XLA would fold it back.

    Where float32 is trimmed before and padded after, its loops read past the end, and the results hold what lies there
    (openxla/xla issue 48713). Where a window meets nothing but padding, or float64 is padded before, they load what
    lies beside the signal; they do not use it, but where nothing is mapped the process dies. (Not so between inserted
    zeros, which would take many times as long written out.)
    """
    geometry, (before, after) = spec.geometry, spec.geometry.padding
    if before < 0 < after or max(before, after) >= geometry.reach:
        return True
    return before > 0 and geometry.upsample == 1 and spec.accumulator.name == "float64"
