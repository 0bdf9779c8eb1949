"""Which sample and which tap meet where: the arithmetic behind every picture, in indices."""

from __future__ import annotations

import dataclasses

from convax.core import Geometry
from convax.explaining.reading import Reading

__all__ = ["Product", "is_drawable", "product", "product_at", "products", "sample_at", "start_of"]


@dataclasses.dataclass(frozen=True)
class Product:
    """One tap on one place of the padded signal.

    Args:
        position: Place in the padded signal.
        sample: Index of the signal's sample there, or None for a zero.
        tap: Index of the kernel's tap, as the caller counts.
    """

    position: int
    sample: int | None
    tap: int


def is_drawable(geometry: Geometry | None) -> bool:
    """Whether there is a signal and a kernel to draw."""
    return geometry is not None and geometry.length > 0 and geometry.taps > 0 and geometry.padded > 0


def sample_at(geometry: Geometry, position: int, mode: str | None = None) -> int | None:
    """The sample at a place of the padded signal; None for a zero of the padding or between two samples.

    Example:
        >>> [sample_at(Geometry(3, 2, padding=(1, 1)), place) for place in range(5)]
        [None, 0, 1, 2, None]
        >>> [sample_at(Geometry(3, 2, padding=(1, 1)), place, "reflect") for place in range(5)]
        [1, 0, 1, 2, 1]
    """
    place = position - geometry.padding[0]
    last = geometry.spread - 1
    if not 0 <= place <= last:
        if mode is None:
            return None
        if mode == "edge":
            place = min(max(place, 0), last)
        elif mode == "wrap":
            place %= geometry.length
        else:
            place = -place if place < 0 else 2 * last - place
    index, between = divmod(place, geometry.upsample)
    return None if between else index


def start_of(reading: Reading, output: int) -> int:
    """Where the window of an output begins in the padded signal."""
    geometry = reading.geometry
    assert geometry is not None
    return (geometry.output - 1 - output if reading.reversed else output) * geometry.stride


def product(reading: Reading, output: int, place: int) -> Product:
    """The product number `place` of an output, in the order of the signal."""
    geometry = reading.geometry
    assert geometry is not None
    position = start_of(reading, output) + place * geometry.dilation
    tap = geometry.taps - 1 - place if reading.flipped else place
    return Product(position, sample_at(geometry, position, reading.mode), tap)


def products(reading: Reading, output: int) -> list[Product]:
    """The products that an output sums, in the order of the signal."""
    geometry = reading.geometry
    assert geometry is not None
    return [product(reading, output, place) for place in range(geometry.taps)]


def product_at(reading: Reading, output: int, position: int) -> Product | None:
    """The product at a place of the padded signal, or None where no tap stands."""
    geometry = reading.geometry
    assert geometry is not None
    place, between = divmod(position - start_of(reading, output), geometry.dilation)
    return product(reading, output, place) if not between and 0 <= place < geometry.taps else None
