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
from convax.algorithms.windows import met, padded_apart, windows, within
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.threads import threads
from convax.core.work import Work, is_split

__all__ = ["ShiftAdd"]

# Each term is an operation of the compiled program: more of them take seconds to compile.
MOST_TERMS = 192
# Sizes of blocks to be tried where passes are divided between threads and had better not be.
FEWER = (12, 8, 4, 2)
# A loop over a number of outputs that the threads share evenly, however many take part, needs no test of its bounds.
EVEN = 2 if threads() <= 2 else 64
# Times that XLA's CPU computes a value anew within a loop before it keeps it apart.
MOST_REPEATED = 15
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
            longer stay in registers, and a pass slows down by more than another pass costs. Fewer make passes that
            XLA does not divide between threads, which is faster where waking a thread takes longer.
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
        if cls()._splits(spec):
            yield from itertools.islice((fewer for fewer in map(cls, FEWER) if not fewer._splits(spec)), 1)

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
        kind = "loop" if spec.geometry.stride == 1 else "loop_strided"
        # What the blocks read and write again hides behind their arithmetic: counted, it makes the estimates worse.
        copies = 2 * self._copied(spec) * spec.accumulator.bytes
        counts = {kind: spec.multiply_adds, "split": self._splits(spec) + is_split(0, copies)}
        return Work(counts, spec.bytes + copies, self._passes(spec) + (copies > 0))

    def order(self, spec: ConvSpec) -> Axes:
        return "NHC" if spec.layout.channels_last else "NCH"

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        if not (is_for_cpu() and self._is_long(spec)):
            return self._at_once(x, w, spec)
        geometry = spec.geometry
        part = Geometry(PIECE + geometry.reach - 1, geometry.taps, dilation=geometry.dilation)
        piece = functools.partial(self._at_once, w=w, spec=dataclasses.replace(spec, geometry=part))
        return along_length(functools.partial(fenced, piece), padded_apart(x, geometry), 1, PIECE, geometry)

    def _at_once(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        batch, groups, features = x.shape[0], x.shape[1], w.shape[1]  # which may be some of those of `spec`
        # The axes of data and result as they lie in memory: a transposition would cost more than all else.
        channels_last, single = self.order(spec) == "NHC", spec.group_channels == spec.group_features == 1
        x, w = x.transpose(0, 3, 1, 2) if channels_last else x, w.transpose(2, 3, 0, 1)
        if single:
            # An axis of size one would cost a copy inside of a fence; and where XLA reads an array in another shape
            # than it has, it takes all its reads of it for one, and wakes threads for next to nothing.
            along = 1 if channels_last else 3
            x = lax.squeeze(x, [other for other, size in enumerate(x.shape) if size == 1 and other != along])
            w = w.reshape(-1, groups)
        axis = -1 - channels_last * (int(groups > 1) if single else 2)

        def convolve(x: Array, w: Array) -> Array:
            if not self._is_padded_ahead(spec):
                return self._sum(x, w, spec, spec.geometry, axis)
            z = kept(fenced(functools.partial(padded_apart, geometry=spec.geometry, axis=axis), x))
            return self._sum(z, w, spec, spec.geometry.over_padded, axis)

        take_turns = is_for_cpu() and single and batch > 1 and self._temporaries(spec) > MANY
        y = signal_by_signal(convolve, x, w) if take_turns else convolve(x, w)
        if channels_last:
            return y.reshape(batch, -1, groups, features).transpose(0, 2, 3, 1)
        return y.reshape(batch, groups, features, -1)

    def _sum(self, z: Array, w: Array, spec: ConvSpec, geometry: Geometry, axis: int) -> Array:
        """z (n, g, c, l) or (n, l, g, c) with w (c, k, g, o): (n, g, o, i) or (n, i, g, o).

        Where each group has one channel and one feature, (n, g, l) or (n, l, g) without those of size one, and (k, g).
        """
        blocks, ranges = self._blocks(spec), self._ranges(spec)
        row = spec.group_batch * spec.features == 1

        def product(z: Array, w: Array, tap: int, channel: int, outputs: range) -> Array:
            samples = windows(met(z, outputs, geometry, axis), tap, range(len(outputs)), geometry, axis)
            if w.shape[1:] == (1,):
                return samples * w[tap, 0]
            if w.ndim == 2:  # (n, g, i) * (1, g, 1), or (n, i, g) * (1, 1, g); without n if that is one
                groups = (-1, 1) if axis == -1 else (-1,)
                return samples * w[tap].reshape((1,) * (samples.ndim - len(groups)) + groups)
            if axis == -3:  # (n, i, g, 1) * (g, o)
                return samples[..., channel, None] * w[channel, tap, None, None]
            if row:
                return samples[:, :, channel, None] * w[channel, tap, 0, 0]
            return samples[:, :, channel, None] * w[channel, tap, None, :, :, None]  # (n, g, 1, i) * (g, o, 1)

        def one_pass(z: Array, w: Array, terms: list[tuple[int, int]], outputs: range) -> Array:
            products = (product(z, w, tap, channel, outputs) for tap, channel in terms)
            return sum(products, start=next(products))

        def first(z: Array, w: Array) -> list[Array]:
            return [one_pass(z, w, blocks[0], outputs) for outputs in ranges]

        def add(parts: list[Array], z: Array, w: Array, terms: list[tuple[int, int]]) -> list[Array]:
            return [part + one_pass(z, w, terms, outputs) for part, outputs in zip(parts, ranges, strict=True)]

        # The last pass of several has no fence behind it: XLA then fuses it with what joins or uses its result.
        parts = fenced(first, z, w) if self._is_fenced(spec) else first(z, w)
        for terms in blocks[1:-1]:
            parts = fenced(functools.partial(add, terms=terms), kept(parts), z, w)
        if len(blocks) > 1:
            parts = add(kept(parts), z, w, blocks[-1])
        return jnp.concatenate(parts, axis) if len(parts) > 1 else parts[0]

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
        """The outputs, in parts that are summed each on their own.

        Those that meet padding stand apart from those within the signal. Where threads would share one row, what
        they can share evenly stands apart from the rest, of two at least: a single one would be joined as a scalar.
        """
        edges = self._edges(spec)
        inner = max(edges, key=len)
        even = range(inner.start, inner.start + (len(inner) - 2) // EVEN * EVEN)
        rows = spec.group_batch * spec.features
        if rows > 1 or len(inner) % EVEN == 0 or not even or not (is_for_cpu() and self._splits(spec)):
            return edges
        before = [range(inner.start)] if inner.start else []
        return [*before, even, range(even.stop, spec.geometry.output)]

    def _edges(self, spec: ConvSpec) -> list[range]:
        """All outputs; or those that meet padding, those that do not, and again those that do.

        None has a single one: a fence hands that on as a scalar, and XLA joins it to the others one by one.
        """
        everything = range(spec.geometry.output)
        if spec.geometry.padding == (0, 0) or self._passes(spec) > 1 or not is_for_cpu():
            return [everything]
        inner = within(spec.geometry)
        start = max(2, inner.start) if inner.start else 0
        stop = everything.stop if inner.stop == everything.stop else min(everything.stop - 2, inner.stop)
        if stop - start < 2:
            return [everything]
        return [part for part in (range(start), range(start, stop), range(stop, everything.stop)) if part]

    def _is_padded_ahead(self, spec: ConvSpec) -> bool:
        """Whether padding is a pass of its own, and no test for each sample that is loaded."""
        passes = self._passes(spec)
        many = passes > 1 if is_for_cpu() else spec.geometry.taps * spec.group_channels >= MANY_TESTS
        return many and spec.geometry.padding != (0, 0)

    def _is_fenced(self, spec: ConvSpec) -> bool:
        """Whether the first pass is compiled on its own."""
        if self._passes(spec) > 1:
            return True
        # Parts are joined by a pass of their own then. Where they are rows in one piece, or no padding makes them
        # differ, XLA joins them within the loop that sums them for less.
        alike = len(self._edges(spec)) == 1 or self.order(spec) == "NHC"
        return spec.bytes > KEPT and (len(self._ranges(spec)) == 1 or not alike)

    def _copied(self, spec: ConvSpec) -> int:
        """Elements that are copied apart from the sums: the padded data, or the outputs whose parts are joined."""
        data, _, output = spec.sizes
        joined = self._passes(spec) == 1 and self._is_fenced(spec) and len(self._ranges(spec)) > 1
        return data if self._is_padded_ahead(spec) else output * joined

    def _splits(self, spec: ConvSpec) -> int:
        """Passes that XLA's CPU divides between threads."""
        window, outputs = spec.sizes[2] // spec.group_features, spec.sizes[2]

        def is_divided(number: int, terms: int) -> bool:
            # Another shape is moved into the loop, unless it would be repeated there too often; then all reads of
            # the data count as one.
            reads = 1 if spec.group_channels > 1 and terms <= MOST_REPEATED else terms
            sums = outputs * (1 + (number > 0))  # what is written, and what the pass before has written
            return is_split(2 * terms * outputs, spec.accumulator.bytes * (reads * window + sums))

        return sum(is_divided(number, len(terms)) for number, terms in enumerate(self._blocks(spec)))
