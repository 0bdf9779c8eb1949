"""An explanation as a figure: the padded signal, the kernel under one window, the products, the result."""

from __future__ import annotations

import importlib.util
import math
from typing import TYPE_CHECKING, Any

from convax.core import Geometry
from convax.errors import ShapeError
from convax.explaining.explanation import Explanation
from convax.explaining.window import is_drawable, product, product_at, sample_at, start_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

INK, FAINT = "#2b2d42", "#d9dee5"
SIGNAL, PADDING, KERNEL, RESULT = "#3d6b99", "#b8c4d2", "#c8553d", "#3f7d58"
MOST_PLACES = 64
MOST_TAPS = 1024  # beyond them the result of an example is not worth its time
STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.edgecolor": "#8d99ae",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#5c677d",
    "ytick.color": "#5c677d",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(explanation: Explanation) -> Figure:
    """The figure; it belongs to no window, so that a notebook shows it and `savefig` writes it.

    Raises:
        ImportError: matplotlib is not installed.
        ShapeError: There is no output that could be drawn.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError('a figure needs matplotlib: pip install "convax[plots]"')
    from matplotlib.figure import Figure
    from matplotlib.style import context

    geometry = explanation.geometry
    if geometry is None or not is_drawable(geometry) or not geometry.output:
        problem = explanation.problem
        raise ShapeError(
            "there is no output to draw",
            "" if problem is None else problem.what,
            "print the explanation: it says what does not fit" if problem is None else problem.repair,
        )
    with context(STYLE):
        figure = Figure(figsize=(9, 7), layout="constrained")
        rows = figure.subplots(4, 1, sharex=False)
        places = _places(explanation, geometry)
        _Drawing(explanation, geometry, places).fill(list(rows))
        figure.suptitle(str(explanation.call), x=0.01, ha="left", fontsize=12, weight="bold")
    return figure


def _places(explanation: Explanation, geometry: Geometry) -> range:
    """All places of a short signal, else those around the window."""
    if geometry.padded <= MOST_PLACES:
        return range(geometry.padded)
    start = start_of(explanation.reading, explanation.output)
    margin = max(2, (MOST_PLACES - geometry.reach) // 2)
    low = max(0, start - margin)
    return range(low, min(geometry.padded, max(start + min(geometry.reach, MOST_PLACES), low + MOST_PLACES)))


class _Drawing:
    """The four panels of one figure."""

    def __init__(self, explanation: Explanation, geometry: Geometry, places: range) -> None:
        self.explanation = explanation
        self.geometry = geometry
        self.places = places
        numbers = [operand.numbers for operand in explanation.call.operands[:2]]
        if explanation.reading.swapped:
            numbers.reverse()
        # Without numbers a shape stands for them: a wave, and a kernel that rises, so that a flip is seen.
        self.known = None not in numbers
        self.samples = numbers[0] if self.known else None
        self.taps = numbers[1] if self.known else None
        met = [product_at(explanation.reading, explanation.output, place) for place in places]
        self.visible = [term for term in met if term is not None]

    def value(self, place: int) -> float:
        index = sample_at(self.geometry, place, self.explanation.reading.mode)
        if index is None:
            return 0.0
        return 2 + math.sin(0.7 * index) if self.samples is None else float(self.samples[index])

    def tap(self, index: int) -> float:
        return 0.4 + 0.6 * (index + 1) / self.geometry.taps if self.taps is None else float(self.taps[index])

    def fill(self, rows: list[Axes]) -> None:
        signal, kernel, product, result = rows
        reading, output = self.explanation.reading, self.explanation.output
        names = [operand.name for operand in self.explanation.call.operands[:2]]
        if reading.swapped:
            names.reverse()
        places = list(self.places)
        inside = [0 <= place - self.geometry.padding[0] < self.geometry.spread for place in places]
        colours = [SIGNAL if each else PADDING for each in inside]
        self._stems(signal, places, [self.value(place) for place in places], colours)
        example = "" if self.known else "; an example, as only shapes are known"
        signal.set(title=f"signal {names[0]} (blue) with its padding (grey){example}", ylabel="sample")
        visible = self.visible
        positions = [term.position for term in visible]
        taps = [self.tap(term.tap) for term in visible]
        self._stems(kernel, positions, taps, [KERNEL] * len(taps))
        how = ", flipped" if reading.flipped else ""
        kernel.set(title=f"kernel {names[1]}{how}, at output {output}", ylabel="tap")
        for place, term, height in zip(positions, visible, taps, strict=True):
            if len(visible) <= 12:
                up = height >= 0
                kernel.annotate(
                    f"{names[1][0]}[{term.tap}]", (place, height), (0, 4 if up else -12), ha="center",
                    textcoords="offset points", fontsize=8,
                )  # fmt: skip
        kernel.margins(y=0.25)
        values = [self.value(place) * tap for place, tap in zip(positions, taps, strict=True)]
        self._stems(product, positions, values, [INK] * len(values))
        total = f", their sum is {sum(values):.4g}" if self.known and len(visible) == self.geometry.taps else ""
        product.set(title=f"products of the two{total}", ylabel="product", xlabel="place in the padded signal")
        # The same places one under another: only the last of the three needs its numbers.
        for axes in (signal, kernel, product):
            axes.set_xlim(self.places.start - 0.7, self.places.stop - 0.3)
            first, last = visible[0].position, visible[-1].position
            axes.axvspan(first - 0.5, last + 0.5, color=KERNEL, alpha=0.08, linewidth=0)
        self._result(result)

    def _result(self, axes: Axes) -> None:
        geometry, chosen = self.geometry, self.explanation.output
        low = 0 if geometry.output <= MOST_PLACES else max(0, min(chosen - 32, geometry.output - MOST_PLACES))
        outputs = list(range(low, min(geometry.output, low + MOST_PLACES)))
        values = []
        for output in outputs:
            places = range(min(geometry.taps, MOST_TAPS))
            terms = [product(self.explanation.reading, output, place) for place in places]
            values.append(sum(self.value(term.position) * self.tap(term.tap) for term in terms))
        self._stems(axes, outputs, values, [RESULT if output == chosen else "#9cc4ab" for output in outputs])
        axes.set(
            title=f"result: {geometry.output} outputs, number {chosen} dark", ylabel="output", xlabel="output index"
        )
        axes.set_xlim(low - 0.7, low + len(outputs) - 0.3)

    def _stems(self, axes: Axes, places: list[int], values: list[float], colours: list[Any]) -> None:
        from matplotlib.ticker import MaxNLocator

        axes.vlines(places, 0, values, colors=colours, linewidth=2)
        axes.scatter(places, values, s=26, color=colours, zorder=3)
        axes.axhline(0, color="#8d99ae", linewidth=0.8)
        axes.grid(axis="y", color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if not self.known:
            axes.set_yticks([])  # the shape is an example, not the caller's numbers
