"""Signals that outgrow what glibc keeps for a process: the same rows once more, in memory of large pages."""

from __future__ import annotations

import os
import sys

from benchmarks.figures import geometric_mean, large_signals, ratios
from benchmarks.recording import Recording
from benchmarks.rows import Row
from benchmarks.tables import milliseconds, table

__all__ = ["KIND", "ONLY", "begin_again", "large_pages"]

KIND = "large-pages"  # the first words of the file's name
ONLY = "L1e7"  # of the cases' names
_VARIABLE, _SETTING = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"

_WORDS = f"""\
From 32 MiB on glibc takes memory from the system for each array and gives it back afterwards. XLA then writes a result
to pages of 4 KiB that the system clears one by one; NumPy asks for pages of 2 MiB. With the environment variable
`{_VARIABLE}={_SETTING}`, set before Python starts (glibc 2.35 or later on Linux), JAX gets those too. The rows above
were measured without it, these with it, for all contenders (`python -m benchmarks --large-pages`)."""


def begin_again() -> None:
    """Start this program anew with large pages, unless it has them: malloc reads the variable once."""
    if os.environ.get(_VARIABLE) != _SETTING:
        os.execve(sys.executable, [*sys.orig_argv], os.environ | {_VARIABLE: _SETTING})


def large_pages(recording: Recording | None, rows: list[Row]) -> str:
    """The section of the page, or nothing where there is no such recording.

    Args:
        recording: With large pages.
        rows: Without.
    """
    if recording is None:
        return ""
    without, lines = {row.name: row for row in rows}, []
    for row in recording.rows:
        before, best = without.get(row.name), row.best()
        if before is not None and best is not None:
            rival, ratio = best
            ours = (milliseconds(before, "convax"), milliseconds(row, "convax"))
            lines.append((row.name, *ours, rival, milliseconds(row, rival), f"{ratio:.2f}"))
    header = ("case", "convax ms", "with large pages", "fastest rival", "its ms, with large pages", "ratio")
    return "\n\n".join(["## Large pages", _WORDS, table(header, lines), _together(recording, without)])


def _together(recording: Recording, without: dict[str, Row]) -> str:
    """What all signals come to where those rows are put in the place of the others."""
    rows = (without | {row.name: row for row in recording.rows}).values()
    found = ratios(large_signals(rows))
    mean, least = geometric_mean(found), min(found)
    return (
        f"With these in the place of the rows above, the best rival takes {mean:.2f} times as long as convax over the "
        f"{len(found)} signals with L K >= 1e6 (geometric mean), and {least:.2f} times at the least."
    )
