"""The picture of the demonstration: a signal and its spectrum, before and after a low-pass."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convax.cli.files import read_recording
from convax.cli.recording import NoBar, Recording
from convax.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

BEFORE, AFTER, INK, FAINT = "#9fb3c8", "#c8553d", "#2b2d42", "#d9dee5"
DETAIL_SECONDS = 0.030
STYLE = {
    "font.size": 10,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.edgecolor": "#8d99ae",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": "#5c677d",
    "ytick.color": "#5c677d",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
}

Array = Any  # np.ndarray


def draw(path: Path, before: Recording, written: Path, cutoff: float, taps: int) -> None:
    """Draws the recording beside what the written file holds.

    Args:
        path: The .png file to write.
        before: The recording as it was.
        written: The filtered file; it is read back, so that the picture shows what a listener gets.
        cutoff: Of the low-pass, in Hz.
        taps: Length of the kernel.
    """
    import matplotlib

    matplotlib.use("Agg")  # draws into files; needs no screen
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.style import context

    assert before.rate is not None, "the shipped recording states its rate"
    rate = before.rate
    old = before.samples.mean(axis=1)
    new = read_recording(written, NoBar()).samples.mean(axis=1)

    with context(STYLE):
        figure = Figure(figsize=(10, 6.6), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(1.55, 1), height_ratios=(1, 1.25), hspace=0.08, wspace=0.03)
        whole = figure.add_subplot(grid[0, 0])
        detail = figure.add_subplot(grid[0, 1], sharey=whole)
        spectrum = figure.add_subplot(grid[1, :])
        _signal(whole, old, new, rate)
        _detail(detail, old, new, rate)
        _spectrum(spectrum, old, new, rate, cutoff)
        figure.suptitle(
            f"A low-pass at {cutoff:,.0f} Hz ({taps:,} taps) on a drum loop",
            x=0.01,
            ha="left",
            fontsize=14,
            weight="bold",
        )
        # One legend for all three, beside the title, where it can hide no curve.
        handles = [Line2D([], [], color=colour, linewidth=5) for colour in (BEFORE, AFTER)]
        figure.legend(handles, ["before", "after"], loc="upper right", ncols=2, fontsize=11)
        with replacing(path, path.suffix) as temporary:
            figure.savefig(temporary, dpi=150)


def _signal(axes: Axes, old: Array, new: Array, rate: float) -> None:
    # The outline of short slices: what a line through all the samples would show, and much lighter.
    for samples, colour in ((old, BEFORE), (new, AFTER)):
        width = max(1, len(samples) // 1600)
        slices = samples[: len(samples) // width * width].reshape(-1, width)
        times = (np.arange(len(slices)) + 0.5) * width / rate
        axes.fill_between(times, slices.min(1), slices.max(1), color=colour, linewidth=0.4)
    axes.set(title="Signal", xlabel="time (s)", ylabel="amplitude (full scale = 1)")
    axes.set(xlim=(0, len(old) / rate), ylim=(-1.05, 1.05))


def _detail(axes: Axes, old: Array, new: Array, rate: float) -> None:
    frames = round(DETAIL_SECONDS * rate)
    first = _busiest(old, new, frames)
    times = np.arange(frames) / rate * 1e3
    axes.plot(times, old[first : first + frames], color=BEFORE, linewidth=1.0)
    axes.plot(times, new[first : first + frames], color=AFTER, linewidth=1.8)
    axes.set(title=f"{DETAIL_SECONDS * 1e3:.0f} ms of it", xlabel=f"time after {first / rate:.3f} s (ms)")
    axes.set(xlim=(0, DETAIL_SECONDS * 1e3))
    axes.tick_params(axis="y", left=False, labelleft=False)  # shares the scale of its neighbour


def _busiest(old: Array, new: Array, frames: int) -> int:
    """Start of the window where both what was kept and what was removed are strong."""
    count = len(old) // frames
    kept, removed = (np.square(x[: count * frames].reshape(count, frames)).mean(1) for x in (new, old - new))
    return int(np.argmax(np.minimum(kept, removed))) * frames


def _spectrum(axes: Axes, old: Array, new: Array, rate: float, cutoff: float) -> None:
    levels = {}
    # The old curve is broad, so that it shows on both sides of the new one where they agree.
    for samples, colour, width in ((old, BEFORE, 4.0), (new, AFTER, 1.8)):
        frequencies, levels[colour] = _band_levels(samples, rate)
        axes.plot(frequencies, levels[colour], color=colour, linewidth=width, solid_joinstyle="round")
    axes.axvspan(cutoff, rate / 2, color=AFTER, alpha=0.05, linewidth=0)
    axes.axvline(cutoff, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(cutoff * 0.97, 0.04, "cutoff", transform=axes.get_xaxis_transform(), ha="right")

    probe = 4 * cutoff
    top, bottom = (float(np.interp(probe, frequencies, levels[colour])) for colour in (BEFORE, AFTER))
    axes.annotate("", (probe, bottom), (probe, top), arrowprops={"arrowstyle": "<->", "color": INK})
    text = f"{top - bottom:.0f} dB less at {probe:,.0f} Hz:\nonly 16-bit noise is left"
    axes.text(probe * 1.04, (top + bottom) / 2, text, va="center")

    axes.set(title="Spectrum", xlabel="frequency (Hz)", ylabel="power density (dB per Hz)")
    axes.set(xscale="log", xlim=(30, rate / 2))
    marks = [mark for mark in (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000) if mark <= rate / 2]
    axes.set_xticks(marks, [f"{mark:,}" for mark in marks])
    axes.tick_params(which="minor", length=0)


def _band_levels(samples: Array, rate: float) -> tuple[Array, Array]:
    """Power density in dB, averaged over bands of a 24th of an octave wherever a band holds several lines."""
    from scipy.signal import welch

    frequencies, power = welch(samples, rate, nperseg=8192)
    frequencies, power = frequencies[1:], power[1:]
    _, band = np.unique(np.floor(24 * np.log2(frequencies)), return_inverse=True)
    lines = np.bincount(band)
    mean_power = np.bincount(band, power) / lines
    return np.bincount(band, frequencies) / lines, 10 * np.log10(np.maximum(mean_power, 1e-30))
