"""winograd: a tile of outputs from products of sums of samples and of taps, fewer than the definition has."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm
from typing import Self

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from convax.algorithms.containment import contained
from convax.algorithms.fence import fenced
from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.pieces import signal_by_signal
from convax.algorithms.products import group_products, precision_of_own
from convax.algorithms.target import is_for_cpu
from convax.algorithms.windows import pad_axis
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Winograd"]

# Axes of (n, g, c, l), as each has them in memory.
_IN_MEMORY = {"NCH": (0, 1, 2, 3), "NHC": (0, 3, 1, 2)}
# Where the polynomials are evaluated, and at infinity: the first of them lose fewest bits.
POINTS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(2), Fraction(-2), Fraction(1, 2), Fraction(-1, 2))
# With fewer channels or features the sums take longer than the products that they save.
FEW = 8
# Bytes of sums and products from which on signals take turns, so that those of one stay in the cache.
MANY = 8 << 20


@dataclasses.dataclass(frozen=True)
class Winograd(Algorithm):
    """F(m, K): m outputs from m + K - 1 products instead of m * K, each a matrix product over the channels.

    A tile of outputs is y = A^T [(G w) * (B^T z)]: the Toom-Cook product of two polynomials, transposed (Winograd,
    Arithmetic Complexity of Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional Neural Networks,
    2016). Best for dense layers of few taps and many channels, whose time is in the products.

    Args:
        tile: Outputs m of a tile; longer ones save more and round more.
        axes: The order in which data and result take part.
    """

    name = "winograd"
    idea = "fewer products, of sums of samples by sums of taps"
    tile: int = 4
    axes: Axes = "NHC"

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        tiles = [tile for tile in (4, 2) if cls(tile).why_not(spec) is None] or [4]
        if min(spec.group_channels, spec.group_features) < FEW or platform != "cpu":
            yield cls(tiles[0])  # (cuDNN has such kernels of its own)
            return
        orders: tuple[Axes, ...] = ("NHC", "NCH")
        yield from (cls(tile, axes) for axes in orders for tile in tiles)

    def why_not(self, spec: ConvSpec) -> str | None:
        geometry = spec.geometry
        if spec.accumulator.kind not in ("float", "complex"):
            return f"{spec.dtype} cannot hold the fractions that sums of taps are"
        if geometry.stride > 1 or geometry.upsample > 1:
            return "stride and upsample must be 1; polyphase leads there"
        if geometry.taps < 2:
            return "one tap leaves no products to save"
        if self.tile + geometry.taps - 1 > len(POINTS) + 1:
            return f"{geometry.taps} taps and tiles of {self.tile} outputs would lose too many bits to rounding"
        asked = spec.precision if isinstance(spec.precision, tuple) else (spec.precision,)
        if lax.Precision.HIGHEST in asked:
            return "precision HIGHEST asks for products of the samples and taps themselves"
        return None

    def order(self, spec: ConvSpec) -> Axes:
        return self.axes

    def work(self, spec: ConvSpec) -> Work:
        geometry = spec.geometry
        to_outputs, to_taps, to_samples = _matrices(self.tile, geometry.taps)
        positions = spec.group_batch * spec.groups * self._tiles(spec) * geometry.dilation
        sums, products = positions * spec.group_channels, positions * spec.group_features
        kernels = spec.features * spec.group_channels
        adds = sum(
            np.count_nonzero(matrix) * size
            for matrix, size in ((to_samples, sums), (to_outputs, products), (to_taps, kernels))
        )
        each = len(to_samples)
        kind = "gemm" if min(spec.group_channels, spec.group_features, positions // spec.groups) >= 4 else "gemm_thin"
        counts = {
            kind: each * sums * spec.group_features,
            "gemm_call": each * spec.groups,
            "loop" if self.axes == "NHC" else "loop_strided": float(adds),
            "branch": 1,
        }
        data, _, output = spec.sizes
        moved = data + output + 2 * each * (sums + products + kernels)
        return Work(counts, moved * spec.accumulator.bytes, 3 * each + 2)

    def _tiles(self, spec: ConvSpec) -> int:
        """Tiles that cover the output; of dilated taps, as many interleaved ones as the dilation count as one."""
        return -(-spec.geometry.output // (self.tile * spec.geometry.dilation))

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        sums = (self.tile + spec.geometry.taps - 1) / self.tile * max(spec.group_channels, spec.group_features)
        held = sums * spec.groups * spec.geometry.output * spec.accumulator.bytes
        convolve = functools.partial(self._convolve, spec=spec)
        if is_for_cpu() and held * spec.group_batch > MANY > held:
            convolve = functools.partial(signal_by_signal, convolve)
        # A sample that is not finite reaches all outputs of its tile.
        return contained(convolve, x, w, spec.geometry, order=(*spec.normal_order, _IN_MEMORY[self.axes]))

    def _convolve(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        """x (n, g, c, l), w (g, o, c, k) -> (n, g, o, i)."""
        to_outputs, to_taps, to_samples = _matrices(self.tile, spec.geometry.taps)
        samples = self._samples(x, spec)
        # Sums of taps run along the axis that is innermost in memory; a matrix product takes either.
        channels_outside = spec.layout.kernel.index("I") < spec.layout.kernel.index("O")
        kernel = w.transpose(0, 2, 1, 3) if channels_outside else w
        taps = [kernel[..., tap] for tap in range(spec.geometry.taps)]
        channels = 1 if channels_outside else 2  # the axis of `taps`
        products = [
            self._product(_sum(of_samples, samples), _sum(of_taps, taps), channels, spec)
            for of_samples, of_taps in zip(to_samples, to_taps, strict=True)
        ]
        # Apart from what follows, or XLA would sum the products again for whoever reads the result.
        y = fenced(lambda *products: self._joined([_sum(row, products) for row in to_outputs], spec), *products)
        return y.transpose(0, 2, 3, 1) if self.axes == "NHC" else y

    def _samples(self, x: Array, spec: ConvSpec) -> list[Array]:
        """The j-th sample that each tile meets, for each j: (g, n, t, d, c) or (g, c, n, t, d)."""
        geometry, step = spec.geometry, self.tile * spec.geometry.dilation
        count = self.tile + geometry.taps - 1
        tiles = self._tiles(spec)
        blocks = tiles + (count - 1) // self.tile
        axis = 1 if self.axes == "NHC" else 3
        before = geometry.padding[0]
        z = pad_axis(x.transpose(_IN_MEMORY[self.axes]), axis, before, blocks * step - before - geometry.length)
        z = z.reshape(*z.shape[:axis], blocks, self.tile, geometry.dilation, *z.shape[axis + 1 :])

        def sample(number: int) -> Array:
            block, place = divmod(number, self.tile)
            part = lax.slice_in_dim(z, block, block + tiles, axis=axis)
            return lax.index_in_dim(part, place, axis + 1, keepdims=False)

        order = (3, 0, 1, 2, 4) if self.axes == "NHC" else (1, 2, 0, 3, 4)
        return [sample(number).transpose(order) for number in range(count)]

    def _product(self, z: Array, kernel: Array, channels: int, spec: ConvSpec) -> Array:
        """(g, n, t, d, c) by a kernel -> (g, n, t, d, o), or (g, c, n, t, d) -> (g, o, n, t, d).

        Args:
            z: Sums of samples.
            kernel: Sums of taps, (g, o, c) or (g, c, o).
            channels: Which axis of these c is.
            spec: The convolution.
        """
        groups, precision = kernel.shape[0], precision_of_own(spec)
        if self.axes == "NHC":
            y = group_products(z.reshape(groups, -1, z.shape[-1]), kernel, (2, channels), precision)
            return y.reshape(*z.shape[:-1], -1)
        y = group_products(kernel, z.reshape(groups, z.shape[1], -1), (channels, 1), precision)
        return y.reshape(groups, -1, *z.shape[2:])

    def _joined(self, outputs: list[Array], spec: ConvSpec) -> Array:
        """Of each place in a tile, (g, n, t, d, o) or (g, o, n, t, d): all in a row, (n, i, g, o) or (n, g, o, i)."""
        if self.axes == "NHC":
            y = jnp.stack(outputs, 3)  # (g, n, t, m, d, o)
            y = y.reshape(*y.shape[:2], -1, y.shape[-1])[:, :, : spec.geometry.output]
            return y.transpose(1, 2, 0, 3)
        y = jnp.stack(outputs, 4)
        y = y.reshape(*y.shape[:3], -1)[..., : spec.geometry.output]
        return y.transpose(2, 0, 1, 3)


def _sum(factors: Sequence[float], terms: Sequence[Array]) -> Array:
    """The sum of the terms, each by its factor."""
    total: Array | None = None
    for factor, term in zip(factors, terms, strict=True):
        if factor:
            scaled = term if factor == 1 else -term if factor == -1 else term * jnp.asarray(factor, term.dtype)
            total = scaled if total is None else total + scaled
    assert total is not None
    return total


@functools.lru_cache(maxsize=64)
def _matrices(outputs: int, taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A^T (outputs, n), G (n, taps) and B^T (n, n) of F(outputs, taps), by rational arithmetic."""
    count = outputs + taps - 1
    inverse = _inverted(_evaluated(count, count))
    # A polynomial's product is inverse @ ((evaluated a) * (evaluated b)); the correlation is its transpose.
    to_outputs = list(zip(*_evaluated(count, outputs), strict=True))
    to_samples = [list(column) for column in zip(*inverse, strict=True)]
    to_taps = _evaluated(count, taps)
    for row, of_taps in zip(to_samples, to_taps, strict=True):  # fractions once for the taps, not for each sample
        common = lcm(*(value.denominator for value in row))
        row[:], of_taps[:] = [value * common for value in row], [value / common for value in of_taps]
    a, g, b = (np.array(matrix, dtype=object).astype(float) for matrix in (to_outputs, to_taps, to_samples))
    return a, g, b


def _evaluated(count: int, coefficients: int) -> list[list[Fraction]]:
    """The matrix that evaluates a polynomial at count - 1 points, and at infinity."""
    finite = [[point**power for power in range(coefficients)] for point in POINTS[: count - 1]]
    return [*finite, [Fraction(int(power == coefficients - 1)) for power in range(coefficients)]]


def _inverted(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """The inverse, by Gauss and Jordan's elimination."""
    size = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(row for row in range(column, size) if rows[row][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for other in range(size):
            if other != column:
                factor = rows[other][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return [row[size:] for row in rows]
