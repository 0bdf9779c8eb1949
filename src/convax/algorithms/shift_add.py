"""shift_add: one shifted copy of the signal per tap, scaled and summed; XLA fuses them into few passes."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Self

from jax import Array, lax

from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.windows import padded, strided_window
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["ShiftAdd"]

# Each term is an operation of the compiled program: more of them take seconds to compile.
MOST_TERMS = 192


@dataclasses.dataclass(frozen=True)
class ShiftAdd(Algorithm):
    """y[i] = sum over taps k of w[k] * z[i * stride + k * dilation], as a sum of slices.

    Best where there is nothing to share between outputs: one channel, or one channel per group (depthwise),
    and up to a hundred taps. The signal is read once from memory for each block of terms.

    Args:
        block: Most terms that are fused into one pass; beyond some forty, their shifted loads and the taps no
            longer stay in registers, and a pass slows down by more than another pass costs.
    """

    name = "shift_add"
    idea = "a sum of shifted slices, fused into one pass over memory"
    block: int = 32

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
        blocks = len(self._blocks(spec))
        copies = 0 if spec.geometry.padding == (0, 0) else 2 * spec.sizes[0]
        # The blocks' own traffic hides behind their arithmetic: with and without counting it, measured times agree
        # with the latter (1e6 samples, 101 taps: 2.4 ms, of which the multiply-adds are 2.4).
        kind = "loop" if spec.geometry.stride == 1 else "loop_strided"
        launches = blocks + (blocks > 1) + (copies > 0)
        return Work({kind: spec.multiply_adds}, spec.bytes + copies * spec.accumulator.bytes, launches)

    def order(self, spec: ConvSpec) -> Axes:
        return "NHC" if spec.layout.channels_last else "NCH"

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        # The axes of data and result as they lie in memory: a transposition would cost more than all else.
        if self.order(spec) == "NHC":
            z = padded(x.transpose(0, 3, 1, 2), spec.geometry, axis=1)
            return self._sum(z, w.transpose(0, 2, 3, 1), spec, axis=1).transpose(0, 2, 3, 1)
        return self._sum(padded(x, spec.geometry), w.transpose(0, 2, 3, 1), spec, axis=3)

    def _sum(self, z: Array, w: Array, spec: ConvSpec, axis: int) -> Array:
        """The sums of z, (n, g, c, l) or (n, l, g, c), with w (g, c, k, o): (n, g, o, i) or (n, i, g, o)."""

        def product(tap: int, channel: int) -> Array:
            window = strided_window(z, tap, spec.geometry, axis)
            if axis == 3:  # (n, g, 1, i) * (g, o, 1)
                return window[:, :, channel, None] * w[None, :, channel, tap, :, None]
            return window[..., channel, None] * w[None, None, :, channel, tap]  # (n, i, g, 1) * (g, o)

        first, *others = self._blocks(spec)
        y = _sum_of(product(tap, channel) for tap, channel in first)
        for terms in others:
            # The barrier keeps XLA from fusing the blocks into the one long pass that they are to avoid.
            y = lax.optimization_barrier(y) + _sum_of(product(tap, channel) for tap, channel in terms)
        return y

    def _blocks(self, spec: ConvSpec) -> list[list[tuple[int, int]]]:
        """The terms (tap, channel), in blocks of nearly equal size."""
        terms = list(itertools.product(range(spec.geometry.taps), range(spec.group_channels)))
        count = -(-len(terms) // self.block)
        size = -(-len(terms) // count)
        return [terms[start : start + size] for start in range(0, len(terms), size)]


def _sum_of(products: Iterator[Array]) -> Array:
    return sum(products, start=next(products))
