"""overlap_save: transforms of blocks that fit the kernel and the cache, instead of one of the whole signal."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import Self

import jax
import jax.numpy as jnp
from jax import Array, lax

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
from convax.algorithms.pieces import PIECE, WHOLE, along_length
from convax.algorithms.target import is_for_cpu
from convax.algorithms.unit_axes import squeezed
from convax.algorithms.windows import pad_last, padded
from convax.core.spec import ConvSpec
from convax.core.work import Work
from convax.jax_internals import align_varying

__all__ = ["OverlapSave"]

# A GPU transforms few long blocks as fast as many short ones: from here on, so many sizes are compared.
SHORTEST, MOST_SIZES = 4096, 4
# Bytes of the blocks that are cut from a signal at a time.
TURN = 128 << 10


@dataclasses.dataclass(frozen=True)
class OverlapSave(Algorithm):
    """Blocks of `points` samples that overlap by reach - 1; each yields points - reach + 1 outputs.

    Best for one long signal (or many) and a kernel of some hundred taps or more. Where the kernel is the long
    operand (as in gradients with respect to a kernel), the kernel is cut into blocks instead, whose products add
    up before the one transform back.

    Args:
        points: Length of the transforms.
    """

    name = "overlap_save"
    idea = "Fourier transforms of overlapping blocks"
    points: int = 1024

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        geometry = spec.geometry
        least = 2 * min(geometry.reach, geometry.output)
        most = geometry.padded
        sizes = [1 << power for power in range(max(8, (least - 1).bit_length()), 18) if 1 << power < most]
        if platform != "cpu":
            sizes = [size for size in sizes if size >= SHORTEST][:MOST_SIZES] or sizes[-1:]
        yield from (cls(points) for points in sizes or [fast_length(max(2, least))])

    def why_not(self, spec: ConvSpec) -> str | None:
        geometry = spec.geometry
        if (reason := why_no_fourier(spec)) is not None:
            return reason
        if geometry.stride > 1 or geometry.upsample > 1:
            return "stride and upsample must be 1; polyphase leads there"
        short = min(geometry.reach, geometry.output)
        if self.points < 2 * (short - 1):
            return f"blocks of {self.points} points are shorter than twice the {short} taps or outputs"
        if self.points >= 2 * geometry.padded:
            return f"one block of {self.points} points would hold the whole signal; that is fft"
        return None

    def _cuts_kernel(self, spec: ConvSpec) -> bool:
        return spec.geometry.output < spec.geometry.reach

    def _blocks(self, spec: ConvSpec) -> tuple[int, int]:
        """New samples per block, and number of blocks."""
        geometry = spec.geometry
        short, long = sorted((geometry.reach, geometry.output))
        step = self.points - short + 1
        return step, -(-long // step)

    def work(self, spec: ConvSpec) -> Work:
        _, blocks = self._blocks(spec)
        data = spec.group_batch * spec.groups * spec.group_channels * blocks
        kernels = spec.features * spec.group_channels
        results = spec.group_batch * spec.features
        if self._cuts_kernel(spec):
            kernels *= blocks
            products = results * spec.group_channels * blocks * self.points
        else:
            results *= blocks
            products = results * spec.group_channels * self.points
        transforms = data + kernels + results
        if spec.accumulator.kind != "complex":
            products //= 2
        counts = {"fft": transforms * self.points * math.log2(self.points), "loop_complex": products, "branch": 1}
        return Work(counts, 4 * transforms * self.points * spec.accumulator.bytes, 6)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        z, geometry = padded(x, spec.geometry), spec.geometry.over_padded
        step, blocks = self._blocks(spec)
        most, each = self._pieces(spec)
        if self._cuts_kernel(spec):
            in_turn = is_for_cpu() and blocks > most and each
            cut = functools.partial(self._cut_kernel_in_turn, each=each) if in_turn else self._cut_kernel
            return contained(functools.partial(cut, spec=spec), z, w, geometry)

        def in_pieces(z: Array, w: Array) -> Array:
            def piece(z: Array) -> Array:
                part = dataclasses.replace(geometry, length=z.shape[-1])
                return contained(lambda z, w: self._cut_signal(z, w, spec, each), z, w, part)

            return along_length(piece, z, w.shape[1], each * step, geometry)

        if is_for_cpu() and blocks > most and each:
            return in_pieces(z, w)
        # Pieces take less memory, which a program sets aside even when nothing needs repair, and longer to compile.
        repair = in_pieces if each and blocks > most // 2 else None
        whole = lambda z, w: self._cut_signal(z, w, spec, blocks)[..., : geometry.output]
        return contained(whole, z, w, geometry, repair=repair)

    def _pieces(self, spec: ConvSpec) -> tuple[int, int]:
        """Most blocks that are transformed all at once, and blocks of a piece; 0 where not that many are cut."""
        rows = spec.group_batch * spec.groups * max(spec.group_channels, spec.group_features)
        block = rows * self.points * spec.accumulator.bytes
        cut = max(spec.geometry.reach, spec.geometry.output)
        return WHOLE // block, min(max(4, PIECE // block), cut // self._blocks(spec)[0])

    def _cut_signal(self, z: Array, w: Array, spec: ConvSpec, blocks: int) -> Array:
        """The outputs of so many blocks, those beyond the end included."""
        step = self._blocks(spec)[0]
        frames = spectrum(_frames(z, step, self.points - step, blocks), self.points)
        kernels = kernel_spectrum(pad_last(w, 0, 0, spec.geometry.dilation - 1), self.points)
        # (n, g, c, b, f) and (g, o, c, f) -> (n, g, o, b, f)
        if spec.group_channels == 1:
            product = multiplied(frames, kernels[None, :, :, 0, None, :])
        else:
            product = jnp.einsum("ngcbf,gocf->ngobf", frames, kernels, precision=spec.precision)
        # Cut on its own: fused with what follows, it would divide the number of each sample by the step.
        y = fenced(lambda y: y[..., :step], inverse(product, self.points, z))
        return y.reshape(*y.shape[:3], blocks * step)

    def _cut_kernel(self, z: Array, w: Array, spec: ConvSpec) -> Array:
        step, blocks = self._blocks(spec)
        pieces = pad_last(w, 0, 0, spec.geometry.dilation - 1)
        pieces = pad_last(pieces, 0, blocks * step - pieces.shape[-1])
        return inverse(self._product(z, pieces, spec), self.points, z)[..., : spec.geometry.output]

    def _cut_kernel_in_turn(self, z: Array, w: Array, spec: ConvSpec, each: int) -> Array:
        """So many blocks of the kernel at a time, whose products add up.

        The last turn reaches back to where its blocks are whole, and leaves out the taps that had their turn before.
        """
        geometry, step = spec.geometry, self._blocks(spec)[0]
        taps = pad_last(w, 0, 0, geometry.dilation - 1)
        size, count = each * step, taps.shape[-1]
        signal, kernel = squeezed(z), squeezed(taps)

        def turn(number: Array, product: Array) -> Array:
            start = jnp.minimum(number * size, count - size)
            part = lax.dynamic_slice_in_dim(signal, start, size + self.points - step, -1)
            some = lax.dynamic_slice_in_dim(kernel, start, size, -1)
            some = jnp.where(jnp.arange(size) >= number * size - start, some, 0)
            part, some = part.reshape(*z.shape[:3], -1), some.reshape(*taps.shape[:3], size)
            return product + squeezed(self._product(part, some, spec))

        result = jax.eval_shape(
            functools.partial(self._product, spec=spec), z[..., : size + self.points - step], taps[..., :size]
        )
        sums = lax.fori_loop(0, -(-count // size), turn, squeezed(jnp.zeros(result.shape, result.dtype)))
        return inverse(sums.reshape(result.shape), self.points, z)[..., : geometry.output]

    def _product(self, z: Array, taps: Array, spec: ConvSpec) -> Array:
        """Spectrum of the outputs of so many blocks of taps."""
        step = self._blocks(spec)[0]
        blocks = taps.shape[-1] // step
        frames = spectrum(_frames(z, step, self.points - step, blocks), self.points)
        pieces = kernel_spectrum(taps.reshape(*taps.shape[:-1], blocks, step), self.points)
        return jnp.einsum("ngcbf,gocbf->ngof", frames, pieces, precision=spec.precision)


def _frames(z: Array, step: int, overlap: int, blocks: int) -> Array:
    """(..., length) -> (..., blocks, step + overlap): block b starts at b * step, and zeros follow the signal."""
    if not is_for_cpu():
        rows = pad_last(z, 0, (blocks + 1) * step - z.shape[-1]).reshape(*z.shape[:-1], blocks + 1, step)
        return jnp.concatenate([rows[..., :-1, :], rows[..., 1:, :overlap]], axis=-1)
    inside = max(0, z.shape[-1] // step - 1)  # blocks whose `step` samples the signal holds, and the next one's too
    each = max(1, TURN // (math.prod(z.shape[:-1]) * (step + overlap) * z.dtype.itemsize))
    turns = inside // each

    def written(frames: Array, samples: Array, first: Array | int) -> Array:
        rows = samples.reshape(*z.shape[:-1], -1, step)
        frames = _with_rows(frames, rows[..., :-1, :], first, 0)
        return _with_rows(frames, rows[..., 1:, :overlap], first, step)

    def turn(number: Array, frames: Array) -> Array:
        samples = lax.dynamic_slice_in_dim(z, number * each * step, (each + 1) * step, axis=z.ndim - 1)
        return written(frames, samples, number * each)

    # Written in place: a concatenation would ask of each element from which of its operands it comes. And in turns, or
    # XLA would make one loop of the first part and the zeros, which threads share (see `fourier`).
    z, frames = align_varying(z, jnp.zeros((*z.shape[:-1], blocks, step + overlap), z.dtype))
    if turns:
        frames = lax.fori_loop(0, turns, turn, frames)
    rest = z[..., turns * each * step :]
    rest = pad_last(rest, 0, (blocks - turns * each + 1) * step - rest.shape[-1])
    return written(frames, rest, turns * each)


def _with_rows(frames: Array, rows: Array, block: Array | int, column: int) -> Array:
    """The frames with these rows from so many blocks and columns on."""
    if not rows.size:
        return frames
    return lax.dynamic_update_slice(frames, rows, (*(0,) * (frames.ndim - 2), block, column))
