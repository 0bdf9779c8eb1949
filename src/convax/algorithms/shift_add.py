"""shift_add: one shifted copy of the signal per tap, scaled and summed; XLA fuses all of them into one pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Self

from jax import Array

from convax.algorithms.interface import Algorithm
from convax.algorithms.windows import padded, strided_window
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["ShiftAdd"]

# Each term is an operation of the compiled program: more of them take seconds to compile.
MOST_TERMS = 128

# Up to about this many terms their shifted loads and the kernel's taps stay in registers.
FEW_TERMS = 40


@dataclasses.dataclass(frozen=True)
class ShiftAdd(Algorithm):
    """y[i] = sum over taps k of w[k] * z[i * stride + k * dilation], as a sum of slices.

    Best where there is nothing to share between outputs: one channel, or one channel per group (depthwise),
    and some tens of taps. The signal is read once from memory, each output is written once.
    """

    name = "shift_add"
    idea = "a sum of shifted slices, fused into one pass over memory"

    @classmethod
    def candidates(cls, spec: ConvSpec) -> Iterator[Self]:
        yield cls()

    def why_not(self, spec: ConvSpec) -> str | None:
        terms = spec.geometry.taps * spec.group_channels
        if terms > MOST_TERMS:
            return (
                f"{spec.geometry.taps} taps x {spec.group_channels} channels are {terms} terms; "
                f"beyond {MOST_TERMS} the program takes long to compile"
            )
        if spec.geometry.upsample > 1:
            return f"upsample {spec.geometry.upsample} would multiply by inserted zeros; polyphase skips them"
        if spec.accumulator.kind == "other":
            return f"{spec.dtype} has no arithmetic of its own"
        return None

    def work(self, spec: ConvSpec) -> Work:
        passes = 1 if spec.geometry.padding == (0, 0) else 2
        extra = (passes - 1) * 2 * spec.sizes[0] * spec.accumulator.bytes
        kind = "loop" if spec.geometry.stride == 1 else "loop_strided"
        if spec.geometry.taps * spec.group_channels > FEW_TERMS:
            kind += "_long"
        return Work({kind: spec.multiply_adds}, spec.bytes + extra, passes)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        z = padded(x, spec.geometry)
        total: Array | None = None
        for tap in range(spec.geometry.taps):
            window = strided_window(z, tap, spec.geometry)
            for channel in range(spec.group_channels):
                # (n, g, 1, i) * (g, o, 1): broadcast over signals and outputs.
                term = window[:, :, channel, None, :] * w[None, :, :, channel, tap, None]
                total = term if total is None else total + term
        assert total is not None, "an empty convolution does not reach an algorithm"
        return total
