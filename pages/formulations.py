"""The plots of the algorithms' pages: estimated time over one size, and measured time beside the best of the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks import regret
from benchmarks.recording import Recording
from benchmarks.regret import Outcome
from benchmarks.report import latest

from convax.algorithms import ALGORITHMS
from convax.core import ConvSpec, DType, Geometry, Layout
from convax.planner.device import DeviceModel
from pages.drawing import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SWEEPS", "Sweep", "draw", "estimated", "measured"]

STRONG = "#c8553d"
COLOURS = {
    "shift_add": "#2a9d8f",
    "inner_product": "#8d6a9f",
    "matmul": "#6c8ebf",
    "winograd": "#d08c60",
    "toeplitz": "#b09a3e",
    "overlap_save": "#457b9d",
    "fft": "#7a8f3c",
    "polyphase": "#a0522d",
    "swapped": "#c08497",
    "direct": "#1d3557",
}


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Convolutions that differ in one size.

    Args:
        words: What they have in common.
        size: What is varied.
        values: Its values.
        make: The convolution for a value.
    """

    words: str
    size: str
    values: Sequence[int]
    make: Callable[[int], ConvSpec]


def _signal(length: int, taps: int, dtype: str = "float32") -> ConvSpec:
    return ConvSpec(Geometry(length, taps), dtype=DType(dtype))


def _dense(channels: int, dtype: str, layout: str) -> ConvSpec:
    geometry = Geometry(1024, 3, padding=(1, 1))
    return ConvSpec(geometry, 16, channels, channels, dtype=DType(dtype), layout=Layout.parse(layout))


def _depthwise_kernel_gradient(taps: int) -> ConvSpec:
    """The output gradient as a kernel of 1,024 taps, over a signal that is longer by taps - 1."""
    return ConvSpec(Geometry(1023 + taps, 1024), 1, 512, 512, 512)


def _transposed(stride: int) -> ConvSpec:
    taps = 2 * stride
    return ConvSpec(Geometry(1000, taps, upsample=stride, padding=(taps - 1, taps - 1)), 8, 64, 32)


def _transposed_kernel_gradient(stride: int) -> ConvSpec:
    """Of a layer of 400 samples and 8 taps: an upsampled signal, a kernel as long as the layer's output, 8 outputs."""
    spread = 399 * stride + 1
    return ConvSpec(Geometry(400, spread, upsample=stride, padding=(3, 4)), 32, 8, 64)


_POWERS = [1 << power for power in range(1, 10)]
_TAPS = [1, 2, 3, 5, 9, 17, 31, 65, 100, 150, 192, 193, 301, 500, 1001, 2000, 4097, 8193, 16385, 32769]

SWEEPS: Mapping[str, Sweep] = {
    "shift_add": Sweep("one signal of 1,000,000 samples, float32", "taps", _TAPS, lambda k: _signal(1_000_000, k)),
    "inner_product": Sweep(
        "gradient of a depthwise kernel, 512 channels, 1,024 samples, float32",
        "taps of the layer (outputs of the gradient)",
        sorted({1, 2, 3, *range(4, 65, 4)}),
        _depthwise_kernel_gradient,
    ),
    "matmul": Sweep(
        "dense layer N16 L1024 K3 SAME, float64, channels first",
        "channels = features",
        _POWERS,
        lambda c: _dense(c, "float64", "NCH"),
    ),
    "winograd": Sweep(
        "dense layer N16 L1024 K3 SAME, float32, channels last",
        "channels = features",
        _POWERS,
        lambda c: _dense(c, "float32", "NHC"),
    ),
    "toeplitz": Sweep(
        "one signal of 100,000 samples, int32",
        "taps",
        [k for k in _TAPS if 8 <= k <= 2000],
        lambda k: _signal(100_000, k, "int32"),
    ),
    "overlap_save": Sweep(
        "one signal of 1,000,000 samples, float32",
        "taps",
        [k for k in _TAPS if k >= 9],
        lambda k: _signal(1_000_000, k),
    ),
    "fft": Sweep(
        "4 signals of 32 channels each, a causal kernel as long as the signal, float32",
        "samples = taps",
        [1 << power for power in range(5, 16)],
        lambda length: ConvSpec(Geometry(length, length, padding=(length - 1, 0)), 4, 32, 32, 32),
    ),
    "polyphase": Sweep(
        "transposed layer N8 C64 O32 L1000, taps = 2 x stride, float32",
        "stride",
        [2, 3, 4, 6, 8, 12, 16, 24, 32],
        _transposed,
    ),
    "swapped": Sweep(
        "kernel gradient of a transposed layer N8 C64 O32 L400 K8, float32",
        "stride",
        [2, 3, 4, 6, 8, 12, 16],
        _transposed_kernel_gradient,
    ),
    "direct": Sweep(
        "dense layer N16 L1024 K3 SAME, float32, channels first",
        "channels = features",
        _POWERS,
        lambda c: _dense(c, "float32", "NCH"),
    ),
}


def estimated(sweep: Sweep, model: DeviceModel) -> dict[str, list[tuple[int, float]]]:
    """By algorithm, (size, seconds) of its best setting where it can serve."""
    lines: dict[str, list[tuple[int, float]]] = {name: [] for name in ALGORITHMS}
    for value in sweep.values:
        spec = sweep.make(value)
        for name, kind in ALGORITHMS.items():
            settings = [algorithm for algorithm in kind.candidates(spec) if algorithm.why_not(spec) is None]
            if settings:
                lines[name].append((value, min(model.estimate(algorithm, spec) for algorithm in settings)))
    return {name: points for name, points in lines.items() if points}


def measured(name: str, outcomes: Sequence[Outcome]) -> Iterator[tuple[str, float]]:
    """For each random convolution where it was a contender: the kind, and its best time over the best of the others."""
    for outcome in outcomes:
        own = [seconds for setting, seconds in outcome.times.items() if setting.partition("(")[0] == name]
        others = [seconds for setting, seconds in outcome.times.items() if setting.partition("(")[0] != name]
        if own and others:
            yield outcome.tag, min(own) / min(others)


def draw(name: str) -> Figure:
    """The plot of one algorithm's page."""
    from matplotlib.figure import Figure

    newest = latest()
    outcomes = regret.read(newest[1])[1] if newest is not None and newest[1] is not None else []
    ratios = list(measured(name, outcomes))
    figure = Figure(figsize=(7.2, 7.8 if ratios else 4.6), layout="constrained")
    panels: Any = figure.subplots(2 if ratios else 1, 1, squeeze=False, height_ratios=(1.35, 1) if ratios else (1,))
    sweep = SWEEPS[name]
    _times(panels[0][0], name, sweep)
    if newest is not None and sweep.size == "taps":
        _recorded(panels[0][0], sweep, Recording.read(newest[0]))
    if ratios:
        _ratios(panels[1][0], name, ratios)
    return figure


def _times(axes: Axes, name: str, sweep: Sweep) -> None:
    lines = estimated(sweep, DeviceModel.shipped("cpu"))
    best = min(seconds for points in lines.values() for _, seconds in points)
    ends = []
    for each, points in lines.items():
        own = each == name
        sizes, seconds = zip(*points, strict=True)
        colour = STRONG if own else COLOURS[each]
        axes.loglog(sizes, np.array(seconds) * 1e3, color=colour, lw=3 if own else 1.3, zorder=3 if own else 2)
        ends.append((sizes[-1], seconds[-1] * 1e3, each, colour))
    # A loop that is ten thousand times as slow would leave no room for the others.
    low, high = best * 1e3 / 1.6, min(max(end[1] for end in ends) * 1.6, best * 1e3 * 3e4)
    axes.set_ylim(low, high)
    axes.set_xlim(sweep.values[0], sweep.values[-1] * (sweep.values[-1] / sweep.values[0]) ** 0.34)
    _name_ends(axes, ends, sweep.values[-1], name)
    ticks = _few(sweep.values)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(True)
    _title(axes, "Estimated time", sweep.words)
    axes.set(xlabel=sweep.size, ylabel="milliseconds (2-core CPU)")


def _few(values: Sequence[int]) -> list[int]:
    """Some of the values, spread over their logarithms so that their names do not meet; the last is among them."""
    gap = np.log(values[-1] / values[0]) / 8
    kept = [values[-1]]
    for value in reversed(values):
        if np.log(kept[-1] / value) >= gap:
            kept.append(value)
    return kept[::-1]


def _name_ends(axes: Axes, ends: list[tuple[int, float, str, str]], right: int, own: str) -> None:
    """Names at the ends of lines, pushed apart so that none hides another."""
    low, high = np.log(axes.get_ylim())
    width = np.log(axes.get_xlim()[1] / axes.get_xlim()[0])
    column = right * np.exp(0.045 * width)
    step = (high - low) / 15
    ends = sorted(ends, key=lambda end: end[1])
    heights: list[float] = []
    for _, value, _, _ in ends:
        heights.append(max(np.log(value), heights[-1] + step if heights else low + step / 2))
    for place in reversed(range(len(heights))):  # back from the upper edge
        above = heights[place + 1] - step if place + 1 < len(heights) else high
        heights[place] = min(heights[place], above)
    for (size, value, name, colour), height in zip(ends, heights, strict=True):
        axes.annotate(
            name,
            (size, min(value, np.exp(high))),
            xytext=(column, np.exp(height)),
            color=colour,
            weight="bold" if name == own else "normal",
            size=10,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "alpha": 0.6},
        )


def _recorded(axes: Axes, sweep: Sweep, recording: Recording) -> None:
    """What convax took for the same signals in the benchmark, each in the colour of what it chose."""
    first = sweep.make(sweep.values[0])
    sizes = (first.geometry.length, first.dtype.name)
    drawn = False
    for row in recording.rows:
        case = row.case
        if case["operation"] != "signal" or case["gradients"] or "convax" not in row.timings:
            continue
        if (case["length"], case["dtype"]) != sizes or not sweep.values[0] <= case["taps"] <= sweep.values[-1]:
            continue
        kind = row.algorithms[0].partition("(")[0]
        milliseconds = row.timings["convax"].median * 1e3
        axes.plot(case["taps"], milliseconds, "o", ms=6, color=COLOURS[kind], mec="white", mew=0.8, zorder=4)
        drawn = True
    if drawn:
        axes.plot([], [], "o", color=FAINT, label="recorded: convax, in the colour of what it chose")
        axes.legend(loc="upper left", fontsize=9)


def _ratios(axes: Axes, name: str, ratios: Sequence[tuple[str, float]]) -> None:
    tags = sorted({tag for tag, _ in ratios}, reverse=True)
    random = np.random.default_rng(0)
    wins = sum(ratio < 1 for _, ratio in ratios)
    axes.axvspan(1e-3, 1, color="#e6f3f0", zorder=0)
    for place, tag in enumerate(tags):
        found = [ratio for each, ratio in ratios if each == tag]
        places = place + random.uniform(-0.2, 0.2, len(found))
        axes.scatter(found, places, s=18, color=STRONG, alpha=0.65, linewidths=0, zorder=3)
    axes.set_xscale("log")
    axes.set_xlim(min(0.5, *(r for _, r in ratios)) / 1.2, max(2.0, *(r for _, r in ratios)) * 1.2)
    axes.set_yticks(range(len(tags)), tags)
    axes.set_ylim(-0.6, len(tags) - 0.4)
    low, high = axes.get_xlim()
    ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(True)
    _title(axes, "Recorded time", f"fastest in {wins} of the {len(ratios)} random convolutions that it was timed for")
    axes.set_xlabel(f"time of {name} / best of the others (green: it wins)")


def _title(axes: Axes, bold: str, words: str) -> None:
    """The kind of number in bold, and below what it is about."""
    axes.set_title(words, loc="left", size=10, color=INK, pad=6)
    axes.annotate(bold, (0, 1), (0, 23), xycoords="axes fraction", textcoords="offset points", weight="bold", size=11)
