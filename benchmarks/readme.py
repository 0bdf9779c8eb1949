"""The table of the README: a few rows of the newest recording, those that convax hardly gains among them."""

from __future__ import annotations

import pathlib

from benchmarks import tables
from benchmarks.figures import lax_ratio
from benchmarks.recording import Recording

__all__ = ["README", "updated"]

README = pathlib.Path(__file__).parent.parent / "README.md"
# What stands between these lines of the README is written here.
BEGIN, END = "<!-- speed: python -m benchmarks.report -->\n", "<!-- end of speed -->\n"

_ROWS = {
    "signal L1e6 K3 float32 forward": "one signal, 1e6 samples, 3 taps",
    "signal L1e6 K31 float32 forward": "one signal, 1e6 samples, 31 taps",
    "signal L1e6 K301 float32 forward": "one signal, 1e6 samples, 301 taps",
    "signal L1e6 K4097 float32 forward": "one signal, 1e6 samples, 4,097 taps",
    "signal same L1e4 K9 float32 forward": 'one signal, 1e4 samples, 9 taps, `mode="same"`',
    "signal L1e7 K1001 float32 forward": "one signal, 1e7 samples, 1,001 taps",
    "depthwise N8 C512 L1024 K4 float32 forward": "depthwise layer N8 C512 L1024 K4",
    "depthwise N8 C512 L1024 K4 float32 forward + backward": "the same, forward and backward",
    "depthwise N4 C256 L1000 K7 float64 forward": "depthwise layer N4 C256 L1000 K7, float64",
    "transposed N8 C128 O64 L800 K5 s2 float32 forward + backward": (
        "transposed layer N8 C128 O64 L800 K5 stride 2, forward and backward"
    ),
    "dense N4 C64 O64 L512 K3 x10 in scan float32 forward": "ten dense layers in `lax.scan`, N4 C64 O64 L512 K3",
    "dense N16 C64 O64 L1024 K3 float32 forward": "dense layer N16 C64 O64 L1024 K3",
    "dense N16 C64 O64 L1024 K3 float32 forward + backward": "the same, forward and backward",
}
_HEADER = ("case (float32, forward, but where it says otherwise)", "lax", "convax", "lax / convax")


def updated(text: str, recording: Recording) -> str:
    """The README's text with the numbers of a recording.

    Raises:
        ValueError: The lines are not there between which they belong.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no table between {BEGIN.strip()} and {END.strip()}")
    return head + begin + _speed(recording) + "\n" + end + tail


def _speed(recording: Recording) -> str:
    rows = {row.name: row for row in recording.rows}
    lines = []
    for name, words in _ROWS.items():
        row = rows.get(name)
        if row is None or "convax" not in row.timings or (ratio := lax_ratio(row)) is None:
            continue
        ours = row.timings["convax"].median * 1e3
        rival = row.best()
        best = f"{rival[0]} {rival[1]:.2f}" if rival else ""
        lines.append((words, f"{ours * ratio:.3g}", f"{ours:.3g}", f"{ratio:.3g}", best, tables.algorithms(row)))
    versions = recording.machine["versions"]
    day = recording.sessions[-1].started[:10]
    return (
        f"Milliseconds, medians of interleaved runs in one process, jitted: {recording.machine['device']}, JAX "
        f"{versions['jax']}, {day}.\n\n" + tables.table((*_HEADER, "fastest rival / convax", "formulation"), lines)
    )
