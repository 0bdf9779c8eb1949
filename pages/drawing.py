"""Cells, words and arrows on a canvas of unit squares: what the pictures of the lessons are drawn with."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DATA", "FAINT", "INK", "KERNEL", "OTHER", "PAD", "PRODUCT", "RESULT", "Canvas", "Colour", "save", "styled"]

Colour = tuple[str, str]  # of the area and of its border

INK, FAINT = "#2b2d42", "#8d99ae"
DATA: Colour = ("#dce8f5", "#1d3557")
PAD: Colour = ("#ffffff", "#8d99ae")
KERNEL: Colour = ("#f6d9d1", "#c8553d")
PRODUCT: Colour = ("#f1ecd9", "#b09a3e")
RESULT: Colour = ("#d8ece7", "#2a9d8f")
OTHER: Colour = ("#e7ddeb", "#8d6a9f")

INCHES = 0.46  # of a cell
STYLE = {
    "font.size": 11,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "svg.hashsalt": "convax",  # the same picture gives the same file
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": "#5c677d",
    "ytick.color": "#5c677d",
    "grid.color": "#d9dee5",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
}


@dataclasses.dataclass
class Canvas:
    """A sheet of unit cells; y grows upwards. Its size follows from what is drawn."""

    width: float
    height: float

    def __post_init__(self) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(self.width * INCHES, self.height * INCHES))
        self.axes: Any = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, self.width), ylim=(0, self.height))
        self.axes.set_axis_off()

    def cell(self, x: float, y: float, value: object, colour: Colour, *, strong: bool = False) -> None:
        """One square with its lower left corner at (x, y)."""
        from matplotlib.patches import FancyBboxPatch

        area, border = colour
        dashes = (0, (3, 2)) if colour is PAD else "solid"
        box = FancyBboxPatch(
            (x + 0.08, y + 0.08),
            0.84,
            0.84,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor=area,
            edgecolor=border,
            linewidth=2.0 if strong else 1.0,
            linestyle=dashes,
        )
        self.axes.add_patch(box)
        text = "" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
        self.axes.text(x + 0.5, y + 0.48, text, ha="center", va="center", color=INK, size=11 if len(text) < 4 else 8.5)

    def row(self, x: float, y: float, values: Sequence[object], colour: Colour) -> None:
        """Cells side by side."""
        for place, value in enumerate(values):
            self.cell(x + place, y, value, colour)

    def words(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text at (x, y), centred on its line."""
        self.axes.text(x, y, text, **{"va": "center", "ha": "left", "size": 11} | style)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], colour: str = FAINT) -> None:
        """From one point to another."""
        style = {"arrowstyle": "-|>", "color": colour, "lw": 1.2, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 11}
        self.axes.annotate("", end, start, arrowprops=style)

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: str, width: float = 1.2) -> None:
        """From one point to another, without a head."""
        self.axes.plot(*zip(start, end, strict=True), color=colour, lw=width, solid_capstyle="round", zorder=0)


@contextmanager
def styled() -> Iterator[None]:
    """The colours and letters of all pictures; draws into files, and needs no screen."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.style import context

    with context(STYLE):
        yield


def save(figure: Figure, path: pathlib.Path) -> None:
    """Writes the picture without the date, so that it changes only where something in it changes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
