"""The pictures of the page: time over taps, a map of ratios, layers as dots, and the distribution of regret."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.figures import is_layer, is_signal, rival_that_counts
from benchmarks.recording import Recording
from benchmarks.regret import Outcome, quantiles
from benchmarks.rows import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

OURS, INK, FAINT = "#c8553d", "#2b2d42", "#d9dee5"
COLOURS = {
    "lax NCH": "#1d3557",
    "jax.scipy fftconvolve": "#457b9d",
    "NumPy": "#2a9d8f",
    "SciPy oaconvolve": "#8ab17d",
    "SciPy correlate": "#c9b458",
    "torch": "#8d6a9f",
    "torch.fft": "#c49bbb",
}
STYLE = {
    "font.size": 10,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#8d99ae",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#5c677d",
    "ytick.color": "#5c677d",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
}
SHOWN_LENGTH = 1_000_000


def draw(recording: Recording, outcomes: Sequence[Outcome], folder: pathlib.Path) -> list[pathlib.Path]:
    """Draw what there are rows for; returns the files."""
    import matplotlib

    matplotlib.use("Agg")  # draws into files; needs no screen
    from matplotlib.style import context

    rows = [row for row in recording.rows if "convax" in row.timings]
    signals = [row for row in rows if is_signal(row) and not row.case["gradients"]]
    layers = [row for row in rows if is_layer(row)]
    at_length = [row for row in signals if row.case["length"] == SHOWN_LENGTH]
    pictures = {
        "bench-taps.png": (_over_taps, at_length),
        "bench-signals.png": (_ratio_maps, signals),
        "bench-layers.png": (_layers, layers),
        "bench-regret.png": (_regret, outcomes),
    }
    written = []
    with context(STYLE):
        for name, (make, shown) in pictures.items():
            if shown:
                figure = make(shown)
                # No date or version inside: the same results give the same file.
                figure.savefig(folder / name, dpi=140, metadata={"Software": None})
                written.append(folder / name)
    return written


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _panels(rows: Sequence[Row]) -> list[str]:
    return [dtype for dtype in ("float32", "float64") if any(row.case["dtype"] == dtype for row in rows)]


def _over_taps(rows: Sequence[Row]) -> Figure:
    """Milliseconds over taps, one line for each contender, named at its end."""
    dtypes = _panels(rows)
    figure = _figure(1 + 5.6 * len(dtypes), 5.2)
    grid: Any = figure.subplots(1, len(dtypes), squeeze=False, sharey=True)
    for axes, dtype in zip(grid[0], dtypes, strict=True):
        some = sorted((row for row in rows if row.case["dtype"] == dtype), key=lambda row: row.case["taps"])
        ends = []
        for name, colour in [*COLOURS.items(), ("convax", OURS)]:
            points = [(row.case["taps"], row.timings[name].median * 1e3) for row in some if name in row.timings]
            if points:
                ours = name == "convax"
                axes.loglog(
                    *zip(*points, strict=True), color=colour, lw=3.2 if ours else 1.4, marker="o", ms=5 if ours else 3
                )
                ends.append((points[-1], name, colour))
        _name_ends(axes, ends, right=max(row.case["taps"] for row in some))
        taps = sorted({row.case["taps"] for row in some})
        axes.set_xticks(taps, [str(tap) for tap in taps], rotation=45, ha="right")
        axes.minorticks_off()
        axes.grid(True)
        axes.set(title=f"{dtype}, {SHOWN_LENGTH:,} samples", xlabel="taps")
        axes.set_xlim(taps[0] * 0.8, taps[-1] * 60)
        axes.yaxis.set_major_formatter(_plain)
    grid[0][0].set_ylabel("milliseconds (lower is better)")
    return figure


def _name_ends(axes: Axes, ends: list[tuple[tuple[float, float], str, str]], right: float) -> None:
    """Names at the ends of lines, pushed apart so that none hides another."""
    low, high = np.log(axes.get_ylim())
    step, previous = (high - low) / 22, -np.inf
    for (taps, value), name, colour in sorted(ends, key=lambda end: end[0][1]):
        height = max(np.log(value), previous + step)
        previous = height
        weight = "bold" if name == "convax" else "normal"
        axes.annotate(
            name,
            (taps, value),
            xytext=(right * 1.5, np.exp(height)),
            color=colour,
            weight=weight,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "alpha": 0.6},
        )


def _ratio_maps(rows: Sequence[Row]) -> Figure:
    """Two maps for each type: against lax, and against the best rival that counts."""
    dtypes = _panels(rows)
    figure = _figure(12.5, 0.8 + 3.0 * len(dtypes))
    grid: Any = figure.subplots(len(dtypes), 2, squeeze=False)
    for line, dtype in zip(grid, dtypes, strict=True):
        some = [row for row in rows if row.case["dtype"] == dtype]
        _ratio_map(line[0], {_place(row): row.ratio("lax NCH") for row in some}, f"{dtype}: lax / convax")
        best = {_place(row): found[1] for row in some if (found := rival_that_counts(row)) is not None}
        _ratio_map(line[1], best, f"{dtype}: best rival / convax")
    figure.supxlabel(
        "blue: convax is faster by this factor; red: the rival. Below L K = 1e6 only rivals in JAX count.", fontsize=10
    )
    return figure


def _place(row: Row) -> tuple[int, int]:
    return row.case["length"], row.case["taps"]


def _ratio_map(axes: Axes, ratios: dict[tuple[int, int], float | None], title: str) -> None:
    lengths, taps = (sorted({place[axis] for place in ratios}) for axis in (0, 1))
    table = np.full((len(lengths), len(taps)), np.nan)
    for (length, tap), ratio in ratios.items():
        table[lengths.index(length), taps.index(tap)] = np.nan if ratio is None else np.log2(ratio)
    axes.imshow(table, cmap="RdBu", vmin=-3, vmax=3, aspect="auto", origin="lower")
    for (line, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            ratio = 2**value
            text = f"{ratio:.2f}" if ratio < 1.995 else f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"
            axes.text(
                column, line, text, ha="center", va="center", fontsize=8.5, color="white" if abs(value) > 1.8 else INK
            )
    axes.set_xticks(range(len(taps)), [str(tap) for tap in taps], rotation=45, ha="right")
    axes.set_yticks(range(len(lengths)), [f"{length:.0e}".replace("e+0", "e") for length in lengths])
    axes.set(title=title, xlabel="taps", ylabel="samples")
    axes.spines[:].set_visible(False)


def _layers(rows: Sequence[Row]) -> Figure:
    """One line for each layer, forward on the left, both on the right; a dot for each rival."""
    names = list(dict.fromkeys(_without_direction(row) for row in rows))
    sides = [(both, [row for row in rows if row.case["gradients"] is both]) for both in (False, True)]
    least = {name: min(_bests(rows, name), default=1.0) for name in names}
    names.sort(key=lambda name: -least[name])
    figure = _figure(12.5, 1.6 + 0.2 * len(names))
    grid: Any = figure.subplots(1, 2, sharey=True, sharex=True)
    shown = {name: COLOURS[name] for name in ("lax NCH", "torch", "torch.fft")} | {"lax NHC": "#6c8ebf"}
    ratios = [ratio for row in rows for rival in shown if (ratio := row.ratio(rival)) is not None]
    for axes, (both, some) in zip(grid, sides, strict=True):
        axes.axvspan(1e-3, 1, color="#f6e3df", zorder=0)
        for rival, colour in shown.items():
            dots = [
                (ratio, names.index(_without_direction(row))) for row in some if (ratio := row.ratio(rival)) is not None
            ]
            if dots:
                axes.scatter(*zip(*dots, strict=True), color=colour, s=26, label=rival, zorder=3, alpha=0.9)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(_plain)
        axes.set_xlim(min([0.5, *ratios]) / 1.3, max([2.0, *ratios]) * 1.4)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_ylim(-0.8, len(names) - 0.2)
        axes.grid(True)
        axes.set(
            title="forward + backward" if both else "forward",
            xlabel="rival's time / convax's (right of 1: convax is faster)",
        )
    handles, labels = max((axes.get_legend_handles_labels() for axes in grid), key=lambda pair: len(pair[1]))
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels))
    return figure


def _bests(rows: Sequence[Row], name: str) -> list[float]:
    """Of a layer in both directions, the best rival's ratio."""
    return [best[1] for row in rows if _without_direction(row) == name and (best := row.best()) is not None]


def _plain(value: float, _: int) -> str:
    """Ticks as plain numbers: 0.1, 1, 10."""
    return f"{value:g}"


def _without_direction(row: Row) -> str:
    return row.name.removesuffix(" + backward").removesuffix(" forward").replace(" float32", "")


def _regret(outcomes: Sequence[Outcome]) -> Figure:
    """Left: the share of specs up to each regret. Right: each spec as a dot, by kind."""
    figure = _figure(12.5, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    curves = [("estimate", OURS, [o.regret for o in outcomes])]
    curves.append(("wisdom", "#1d3557", [r for o in outcomes if (r := o.wise_regret) is not None]))
    for name, colour, regrets in curves:
        if regrets:
            median, high, worst = quantiles(regrets)
            label = f"{name}: median {median:.2f}, 95 % {high:.2f}, worst {worst:.2f}"
            left.step(
                np.sort(regrets), np.arange(1, len(regrets) + 1) / len(regrets) * 100, color=colour, lw=2.4, label=label
            )
    left.axhline(95, color="#8d99ae", lw=0.8, ls="--")
    left.legend(loc="lower right")
    left.set(title="Share of random specs", xlabel="time of the choice / time of the best candidate", ylabel="%")
    tags = sorted({outcome.tag for outcome in outcomes}, reverse=True)
    random = np.random.default_rng(0)
    for place, tag in enumerate(tags):
        regrets = [outcome.regret for outcome in outcomes if outcome.tag == tag]
        right.scatter(
            regrets, place + random.uniform(-0.22, 0.22, len(regrets)), s=13, color=OURS, alpha=0.55, linewidths=0
        )
        right.plot([np.median(regrets)] * 2, [place - 0.33, place + 0.33], color=INK, lw=2)
    right.set_yticks(range(len(tags)), tags)
    right.set(title="By kind (bar: median)", xlabel="time of the choice / time of the best candidate")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlim(0.97, max(2.1, *(outcome.regret for outcome in outcomes)) * 1.1)
        ticks = [tick for tick in (1, 1.1, 1.3, 1.5, 2, 3, 5, 10, 20, 50) if tick <= axes.get_xlim()[1]]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.grid(True)
    return figure
