"""shift_add: one shifted copy of the signal per tap, scaled and summed; XLA fuses them into few passes."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Self

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.fence import fenced, kept
from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.passes import Passes
from convax.algorithms.pieces import along_length, signal_by_signal
from convax.algorithms.target import is_for_cpu
from convax.algorithms.windows import joined, met, padded, padded_apart, windows
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.work import Work, is_split

__all__ = ["ShiftAdd"]

Terms = list[tuple[int, int]]

# Each term is an operation of the compiled program: more of them take seconds to compile.
MOST_TERMS = 192
# Terms that are tried in a single pass: it keeps fewer of them in registers than two would, but hands no sums over.
ALONE = 32
# Terms of a pass over samples that lie a multiple of so many bytes apart: the loads of more, each beside its tap, would
# drive one another out of the few sets of the cache that they share.
CROWDED, APART = 8, 2048
# Sizes of blocks to be tried where passes are divided between threads and had better not be.
FEWER = (12, 8, 4, 2)
# Bytes of a row and its result that do not stay in the cache from pass to pass, and outputs of a piece that does.
LONG, PIECE = 48 << 20, 1 << 18
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
    takes_narrow = True
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
        terms, usual = spec.geometry.taps * spec.group_channels, CROWDED if _is_crowded(spec) else cls().block
        blocks = [usual, ALONE] if CROWDED < usual < terms <= ALONE else [usual]
        if Passes(spec, usual).divided:
            undivided = (block for block in FEWER if block < usual and not Passes(spec, block).divided)
            blocks += itertools.islice(undivided, 1)
        yield from map(cls, blocks)

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
        passes = Passes(spec, self.block)
        kind = "loop" if spec.geometry.stride == 1 else "loop_strided"
        # What the passes read and write again hides behind their arithmetic: counted, it makes the estimates worse.
        copies = 2 * passes.copied * spec.accumulator.bytes
        counts = {kind: spec.multiply_adds, "split": passes.divided + is_split(0, copies)}
        return Work(counts, spec.bytes + copies, passes.count + (copies > 0))

    def order(self, spec: ConvSpec) -> Axes:
        return "NHC" if spec.layout.channels_last else "NCH"

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        if not (is_for_cpu() and self._is_long(spec)):
            return self._at_once(x, w, spec)
        geometry = spec.geometry
        part = Geometry(PIECE + geometry.reach - 1, geometry.taps, dilation=geometry.dilation)
        piece = functools.partial(self._at_once, w=w, spec=dataclasses.replace(spec, geometry=part))
        z = padded_apart(x.astype(w.dtype), geometry)
        return along_length(functools.partial(fenced, piece), z, 1, PIECE, geometry)

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
        behind = (int(groups > 1) if single else 2) if channels_last else 0  # axes behind that of the samples
        axis, passes = -1 - behind, Passes(spec, self.block)
        # A bool is no number of this many bits: it says whether the sum is one but zero.
        narrow = (spec.accumulator if spec.result.name == "bool" else spec.result).name

        def convolve(x: Array, w: Array) -> Array:
            if not passes.is_padded_ahead:
                return _sum(x, w, passes, spec.geometry, axis, narrow)
            z = kept(fenced(functools.partial(_padded_ahead, geometry=spec.geometry, axis=axis, wide=w.dtype), x))
            return _sum(z, w, passes, spec.geometry.over_padded, axis, narrow)

        take_turns = is_for_cpu() and single and batch > 1 and passes.temporaries > MANY
        y = signal_by_signal(convolve, x, w) if take_turns else convolve(x, w)
        if channels_last:
            return y.reshape(batch, -1, groups, features).transpose(0, 2, 3, 1)
        return y.reshape(batch, groups, features, -1)

    def _is_long(self, spec: ConvSpec) -> bool:
        """Whether passes over all of a row would find none of it in the cache."""
        rows = spec.group_batch * spec.groups * max(spec.group_channels, spec.group_features)
        return Passes(spec, self.block).count > 1 and spec.geometry.stride == 1 and rows == 1 and spec.bytes > LONG


def _is_crowded(spec: ConvSpec) -> bool:
    """Whether a pass loads samples and taps from addresses that few sets of the processor's first cache serve."""
    is_depthwise = spec.group_channels == spec.group_features == 1 < spec.groups
    step = spec.groups * spec.geometry.dilation * spec.accumulator.bytes
    return spec.layout.channels_last and is_depthwise and step % APART == 0


def _padded_ahead(x: Array, geometry: Geometry, axis: int, wide: Any) -> Array:
    # XLA's CPU has no copies of a bfloat16: it would widen and narrow each. Widened for good, one loop does all.
    return padded(x.astype(wide), geometry, axis) if x.dtype == "bfloat16" else padded_apart(x, geometry, axis)


def _sum(z: Array, w: Array, passes: Passes, geometry: Geometry, axis: int, narrow: str) -> Array:
    """z (n, g, c, l) or (n, l, g, c) with w (c, k, g, o): (n, g, o, i) or (n, i, g, o).

    Where each group has one channel and one feature, (n, g, l) or (n, l, g) without those of size one, and (k, g).
    """
    if passes.end:
        return _sum_in_rows(z, w, passes, geometry, narrow)
    blocks, ranges = passes.terms, passes.parts

    def one_pass(z: Array, w: Array, terms: Terms, outputs: range) -> Array:
        rows = passes.rows(outputs)
        return _weighted(_samples(z, outputs, geometry, axis, rows), w, terms, axis, in_rows=rows > 1)

    def first(z: Array, w: Array) -> list[Array]:
        sums = (one_pass(z, w, blocks[0], outputs) for outputs in ranges)
        return [part.astype(narrow) if len(blocks) == 1 else part for part in sums]

    def add(parts: list[Array], z: Array, w: Array, terms: Terms) -> list[Array]:
        return [part + one_pass(z, w, terms, outputs) for part, outputs in zip(parts, ranges, strict=True)]

    # The last pass of several has no fence behind it: XLA then fuses it with what joins or uses its result.
    parts = fenced(first, z, w) if passes.is_fenced else first(z, w)
    for terms in blocks[1:-1]:
        parts = fenced(functools.partial(add, terms=terms), kept(parts), z, w)
    if len(blocks) > 1:
        parts = add(kept(parts), z, w, blocks[-1])
    if z.ndim == 1:
        parts = [part.reshape(-1) for part in parts]  # of rows
    return joined(parts, axis)


def _sum_in_rows(z: Array, w: Array, passes: Passes, geometry: Geometry, narrow: str) -> Array:
    """The same in one pass over rows: the first and the last meet padding, are summed before, and join the others."""
    inner = max(passes.parts, key=len)
    outer = [outputs for outputs in passes.parts if outputs != inner]
    met_by_row = (passes.end - 1) * geometry.stride + geometry.reach
    of_row = dataclasses.replace(geometry, length=met_by_row, padding=(0, 0))
    (terms,) = passes.terms

    def whole(z: Array, w: Array, ends: Array) -> Array:
        rows = _weighted(_samples(z, inner, geometry, rows=passes.rows(inner)), w, terms, in_rows=True)
        before = int(inner.start > 0)
        y = jnp.concatenate([ends[..., :before, :], rows, ends[..., before:, :]], -2).astype(narrow)
        return y.reshape(*y.shape[:-2], -1)

    # Padded on their own, both at once: each term would otherwise test its samples for padding, and be compiled twice.
    met_by_ends = fenced(lambda z: jnp.stack([met(z, outputs, geometry) for outputs in outer], -2), z)
    of_ends = lambda z, w: _weighted(_samples(z, range(passes.end), of_row), w, terms, in_rows=True)
    return fenced(whole, z, w, fenced(of_ends, met_by_ends, w))


def _samples(z: Array, outputs: range, geometry: Geometry, axis: int = -1, rows: int = 1) -> Callable[[int], Array]:
    """What each tap meets of z: a sample for each of some outputs, (..., i), or in rows (..., r, i / r)."""
    part = met(z, outputs, geometry, axis)

    def of_tap(tap: int) -> Array:
        found = windows(part, tap, range(len(outputs)), geometry, axis)
        return found if rows == 1 else found.reshape(*found.shape[:-1], rows, -1)

    return of_tap


def _weighted(
    samples: Callable[[int], Array], w: Array, terms: Terms, axis: int = -1, *, in_rows: bool = False
) -> Array:
    """The sum of some terms: samples of a tap and a channel times their weight."""
    behind = (1,) * (1 + in_rows)

    def product(tap: int, channel: int) -> Array:
        some = samples(tap).astype(w.dtype)
        if axis != -1:
            if w.ndim == 2:
                return some * w[tap].reshape((1,) * (some.ndim - 1) + (-1,))  # (n, i, g) * (1, 1, g)
            return some[..., channel, None] * w[channel, tap, None, None]  # (n, i, g, 1) * (g, o)
        if w.shape[1:] == (1,):
            return some * w[tap, 0]
        if w.ndim == 2:
            before = (1,) * (some.ndim - 1 - len(behind))  # (n, g, i) * (1, g, 1); without n if that is one
            return some * w[tap].reshape(*before, -1, *behind)
        # (n, g, 1, i) * (g, o, 1)
        return some[:, :, channel, None] * w[channel, tap].reshape(1, *w.shape[2:], *behind)

    products = (product(tap, channel) for tap, channel in terms)
    return sum(products, start=next(products))
