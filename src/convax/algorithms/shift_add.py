"""shift_add: one shifted copy of the signal per tap, scaled and summed; XLA fuses them into few passes."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from typing import Self

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.fence import fenced, kept
from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.pieces import along_length, signal_by_signal
from convax.algorithms.target import is_for_cpu
from convax.algorithms.windows import padded, windows
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.threads import threads
from convax.core.work import Work, is_split

__all__ = ["ShiftAdd"]

# Each term is an operation of the compiled program: more of them take seconds to compile.
MOST_TERMS = 192
# A loop over a number of outputs that the threads share evenly, however many take part, needs no test of its bounds.
EVEN = 2 if threads() <= 2 else 64
# Bytes from which on the result of one pass is kept apart from what follows: XLA would sum it again at each use.
KEPT = 256 << 10
# Bytes of a row and its result that do not stay in the cache from pass to pass, and outputs of a piece that does.
LONG, PIECE = 48 << 20, 1 << 18
# Terms from which on a GPU pads ahead.
MANY_TESTS = 16
# Bytes of temporaries from which on depthwise signals take turns: glibc returns so many to the system after each call.
MANY = 24 << 20


@dataclasses.dataclass(frozen=True)
class ShiftAdd(Algorithm):
    """y[i] = sum over taps k of w[k] * z[i * stride + k * dilation], as a sum of slices.

    Best where there is nothing to share between outputs: one channel, or one channel per group (depthwise),
    and up to a hundred taps. The signal is read once for each block of terms.

    Args:
        block: Most terms that are fused into one pass; beyond some twenty, their shifted loads and the taps no
            longer stay in registers, and a pass slows down by more than another pass costs. Very few make passes
            that XLA does not divide between threads, which is faster where waking a thread takes longer.
    """

    name = "shift_add"
    idea = "a sum of shifted slices, fused into one pass over memory"
    block: int = 16

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        if platform != "cpu":
            # Beside each other in memory, channels have no loads to share between outputs, and run out of registers.
            large, small = (32, 16) if spec.layout.channels_last else (64, 32)
            yield cls(large)
            if spec.geometry.taps * spec.group_channels > small:
                yield cls(small)
            return
        yield cls()
        # As many terms as an element has bytes: no more than one operation a byte.
        undivided = cls(spec.accumulator.bytes)
        if undivided._splits(spec) < cls()._splits(spec):
            yield undivided

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
        data, _, _ = spec.sizes
        copies = 2 * data * (spec.geometry.padding != (0, 0))
        splits, passes = self._splits(spec), self._passes(spec)
        kind = "loop" if spec.geometry.stride == 1 else "loop_strided"
        counts = {kind: spec.multiply_adds, "split": splits}
        # What the blocks read and write again hides behind their arithmetic: counted, it makes the estimates worse.
        return Work(counts, spec.bytes + copies * spec.accumulator.bytes, passes + (copies > 0))

    def order(self, spec: ConvSpec) -> Axes:
        return "NHC" if spec.layout.channels_last else "NCH"

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        if not (is_for_cpu() and self._is_long(spec)):
            return self._at_once(x, w, spec)
        geometry = spec.geometry
        part = Geometry(PIECE + geometry.reach - 1, geometry.taps, dilation=geometry.dilation)
        piece = functools.partial(self._at_once, w=w, spec=dataclasses.replace(spec, geometry=part))
        return along_length(functools.partial(fenced, piece), padded(x, geometry), 1, PIECE, geometry)

    def _at_once(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        # The axes of data and result as they lie in memory: a transposition would cost more than all else.
        channels_last, single = self.order(spec) == "NHC", spec.group_channels == spec.group_features == 1
        if single:  # An axis of size one, inside of a fence, would cost a copy.
            x, w = lax.squeeze(x, (2,)), lax.squeeze(w, (1, 2)).T
            x = x.transpose(0, 2, 1) if channels_last else x
        else:
            w = w.transpose(2, 3, 0, 1)
            x = x.transpose(0, 3, 1, 2) if channels_last else x
        axis = 1 if channels_last else x.ndim - 1

        # On a GPU the padding is a test for each sample that is loaded: with many taps, a pass of its own is cheaper.
        ahead = spec.geometry.padding != (0, 0) and spec.geometry.taps * spec.group_channels >= MANY_TESTS

        def convolve(x: Array, w: Array) -> Array:
            z = padded(x, spec.geometry, axis)
            return self._sum(kept(z) if ahead else z, w, spec, axis)

        take_turns = is_for_cpu() and single and self._temporaries(spec) > MANY
        y = signal_by_signal(convolve, x, w) if take_turns else convolve(x, w)
        if single:
            y = y.transpose(0, 2, 1) if channels_last else y
            return y[:, :, None]
        return y.transpose(0, 2, 3, 1) if channels_last else y

    def _sum(self, z: Array, w: Array, spec: ConvSpec, axis: int) -> Array:
        """z (n, g, c, l) or (n, l, g, c) with w (c, k, g, o): (n, g, o, i) or (n, i, g, o); without c and o if one."""
        blocks, ranges = self._blocks(spec), self._ranges(spec)

        def product(z: Array, w: Array, tap: int, channel: int, outputs: range) -> Array:
            window = windows(z, tap, outputs, spec.geometry, axis)
            if len(ranges) > 1:  # (i,) * (): all make a single row
                return window[0, 0] * w[tap, 0] if z.ndim == 3 else window[0, 0, channel] * w[channel, tap, 0, 0]
            if z.ndim == 3:
                return window * w[tap].reshape((1, 1, -1) if axis == 1 else (1, -1, 1))
            if axis == 1:  # (n, i, g, 1) * (g, o)
                return window[..., channel, None] * w[channel, tap, None, None]
            return window[:, :, channel, None] * w[channel, tap, None, :, :, None]  # (n, g, 1, i) * (g, o, 1)

        def one_pass(z: Array, w: Array, terms: list[tuple[int, int]], outputs: range) -> Array:
            products = (product(z, w, tap, channel, outputs) for tap, channel in terms)
            return sum(products, start=next(products))

        def first(z: Array, w: Array) -> list[Array]:
            return [one_pass(z, w, blocks[0], outputs) for outputs in ranges]

        def add(parts: list[Array], z: Array, w: Array, terms: list[tuple[int, int]]) -> list[Array]:
            return [part + one_pass(z, w, terms, outputs) for part, outputs in zip(parts, ranges, strict=True)]

        # The last pass of several has no fence behind it: XLA then fuses it with what joins or uses its result.
        alone = len(blocks) == len(ranges) == 1 and spec.bytes > KEPT
        parts = fenced(first, z, w) if len(blocks) > 1 or alone else first(z, w)
        for terms in blocks[1:-1]:
            parts = fenced(functools.partial(add, terms=terms), kept(parts), z, w)
        if len(blocks) > 1:
            parts = add(kept(parts), z, w, blocks[-1])
        return jnp.concatenate(parts).reshape((1,) * (z.ndim - 1) + (-1,)) if len(parts) > 1 else parts[0]

    def _blocks(self, spec: ConvSpec) -> list[list[tuple[int, int]]]:
        """The terms (tap, channel), in blocks of nearly equal size."""
        terms = list(itertools.product(range(spec.geometry.taps), range(spec.group_channels)))
        size = -(-len(terms) // self._passes(spec))
        return [terms[start : start + size] for start in range(0, len(terms), size)]

    def _passes(self, spec: ConvSpec) -> int:
        return -(-spec.geometry.taps * spec.group_channels // self.block)

    def _is_long(self, spec: ConvSpec) -> bool:
        """Whether passes over all of a row would find none of it in the cache."""
        rows = spec.group_batch * spec.groups * max(spec.group_channels, spec.group_features)
        return self._passes(spec) > 1 and spec.geometry.stride == 1 and rows == 1 and spec.bytes > LONG

    def _temporaries(self, spec: ConvSpec) -> int:
        """Bytes of the padded data, and of the sums that a pass hands to the next."""
        data, _, output = spec.sizes
        return spec.accumulator.bytes * (data * (spec.geometry.padding != (0, 0)) + output * (self._passes(spec) > 1))

    def _ranges(self, spec: ConvSpec) -> list[range]:
        """All outputs; or those that threads can share evenly and the rest, where threads would share one row."""
        output = spec.geometry.output
        whole = output // EVEN * EVEN
        rows = spec.group_batch * spec.features
        if rows > 1 or whole in (0, output) or self.order(spec) == "NHC" or not (is_for_cpu() and self._splits(spec)):
            return [range(output)]
        return [range(whole), range(whole, output)]

    def _splits(self, spec: ConvSpec) -> int:
        """Passes that XLA's CPU divides between threads."""
        passes = self._passes(spec)
        return passes * is_split(2 * spec.multiply_adds / passes, spec.bytes)
