"""Text pictures: the padded signal, the window of one output, the windows of all outputs of a short signal."""

from __future__ import annotations

from collections.abc import Sequence

from convax.core import Geometry
from convax.explaining.reading import Reading
from convax.explaining.window import Product, product, product_at, products, sample_at, start_of

__all__ = ["Labels", "padded_signal", "sliding", "sum_of", "window"]

MOST_CELLS = 14
MOST_PRODUCTS = 6
MOST_OUTPUTS = 10
Number = int | float


class Labels:
    """What samples and taps are called: by letter and index, or by their numbers.

    Args:
        letters: Of the signal and of the kernel.
        numbers: Of the signal and of the kernel, where they are known.
        conjugated: Which of the two is conjugated.
    """

    def __init__(
        self,
        letters: tuple[str, str],
        numbers: tuple[Sequence[Number] | None, Sequence[Number] | None] = (None, None),
        conjugated: tuple[bool, bool] = (False, False),
    ) -> None:
        self.letters = letters
        self.numbers = numbers
        self.conjugated = conjugated

    @property
    def known(self) -> bool:
        """Whether both are shown as numbers."""
        return None not in self.numbers

    def sample(self, index: int | None) -> str:
        """A sample, "x3" or its number; 0 for none."""
        return "0" if index is None else self._cell(0, index)

    def tap(self, index: int) -> str:
        """A tap, "w3" or its number."""
        return self._cell(1, index)

    def _cell(self, which: int, index: int) -> str:
        numbers = self.numbers[which]
        if numbers is not None and self.known:
            return shown(numbers[index])
        name = f"{self.letters[which]}{index}"
        return f"{name}*" if self.conjugated[which] else name

    def value(self, product: Product) -> Number:
        """A product of numbers."""
        samples, taps = self.numbers
        assert samples is not None and taps is not None
        return 0 if product.sample is None else samples[product.sample] * taps[product.tap]


def shown(number: Number) -> str:
    """A number in few letters.

    Example:
        >>> shown(3), shown(0.1 + 0.2), shown(4.0)
        ('3', '0.3', '4')
    """
    return str(number) if isinstance(number, int) else f"{number:.4g}"


def padded_signal(geometry: Geometry, labels: Labels, mode: str | None = None) -> str:
    """The signal with its padding, zeros between its samples, and what is trimmed off, in parentheses.

    Example:
        >>> padded_signal(Geometry(4, 3, padding=(2, -1)), Labels(("x", "w")))
        '0 0 | x0 x1 x2 (x3)'
        >>> padded_signal(Geometry(1000, 3, upsample=2), Labels(("x", "w")))
        'x0 0 x1 0 x2 0 ... x997 0 x998 0 x999'
    """
    before, after = geometry.padding
    first, last = max(0, -before), geometry.spread - max(0, -after)
    cells = []
    for place in _ends(geometry.spread):
        if place is None:
            cells.append("...")
            continue
        text = labels.sample(sample_at(geometry, place + before, mode))
        cells.append(text if first <= place < last else f"({text})")
    ends = [
        " ".join(
            "..." if place is None else labels.sample(sample_at(geometry, place + offset, mode))
            for place in _ends(max(0, count))
        )
        for count, offset in ((before, 0), (after, before + geometry.spread))
    ]
    return " | ".join(part for part in (ends[0], " ".join(cells), ends[1]) if part)


def _ends(count: int) -> list[int | None]:
    """All places, or the first and the last ones with None between."""
    if count <= MOST_CELLS:
        return list(range(count))
    half = MOST_CELLS // 2 - 1
    return [*range(half), None, *range(count - half + 1, count)]


def window(reading: Reading, labels: Labels, output: int) -> list[str]:
    """Three lines: the places in the padded signal, the samples there, the taps under them."""
    geometry = reading.geometry
    assert geometry is not None
    start = start_of(reading, output)
    places: list[int | None] = []
    margin = 2
    low, high = max(0, start - margin), min(geometry.padded, start + geometry.reach + margin)
    if high - low > MOST_CELLS:
        head = range(low, start + max(MOST_CELLS // 2 - 1, min(geometry.dilation + 1, MOST_CELLS)))
        places = [*head, None, *range(max(head.stop, start + geometry.reach - 2), high)]
    else:
        places = list(range(low, high))
    rows: dict[str, list[str]] = {"place": [], "signal": [], "kernel": []}
    for place in places:
        if place is None:
            column = ("...", "...", "...")
        else:
            met = product_at(reading, output, place)
            tap = "" if met is None else labels.tap(met.tap)
            column = (str(place), labels.sample(sample_at(geometry, place, reading.mode)), tap)
        width = max(map(len, column))
        for row, text in zip(rows, column, strict=True):
            rows[row].append(text.rjust(width))
    lead = "... " if low > 0 else ""
    tail = " ..." if high < geometry.padded else ""
    framed = {"place": (lead, tail), "signal": (lead, tail), "kernel": (" " * len(lead), "")}
    return [f"{name:<8}{framed[name][0]}{'  '.join(cells)}{framed[name][1]}".rstrip() for name, cells in rows.items()]


def sum_of(reading: Reading, labels: Labels, output: int) -> str:
    """The products of an output, and with numbers their sum.

    Example:
        >>> sum_of(Reading(geometry=Geometry(5, 3)), Labels(("x", "w")), 1)
        'y1 = x1·w0 + x2·w1 + x3·w2'
    """
    geometry = reading.geometry
    assert geometry is not None
    count = geometry.taps
    shown_ones = range(count) if count <= MOST_PRODUCTS else [*range(MOST_PRODUCTS - 2), count - 1]
    terms = [product(reading, output, place) for place in shown_ones]
    parts = [f"{labels.sample(term.sample)}·{_factor(labels.tap(term.tap))}" for term in terms]
    if count > MOST_PRODUCTS:
        parts.insert(-1, "...")
    text = f"y{output} = {' + '.join(parts)}"
    if not labels.known:
        return text
    return f"{text} = {shown(sum(map(labels.value, products(reading, output))))}"


def _factor(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def sliding(reading: Reading, labels: Labels) -> list[str]:
    """One line for each output of a short signal: the kernel under the padded signal, and the sum."""
    geometry = reading.geometry
    assert geometry is not None
    if geometry.output > MOST_OUTPUTS or geometry.padded > 2 * MOST_CELLS or geometry.taps > MOST_PRODUCTS:
        return []
    heads = [labels.sample(sample_at(geometry, place, reading.mode)) for place in range(geometry.padded)]
    width = max(map(len, [*heads, *(labels.tap(tap) for tap in range(geometry.taps))]))
    lines = [f"{'signal':<8}{'  '.join(head.rjust(width) for head in heads)}"]
    for output in range(geometry.output):
        taps = {term.position: labels.tap(term.tap) for term in products(reading, output)}
        row = "  ".join(taps.get(place, "").rjust(width) for place in range(geometry.padded))
        lines.append(f"{'kernel':<8}{row}   {sum_of(reading, labels, output)}")
    return lines
