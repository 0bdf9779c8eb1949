"""Layers once more, their convolutions measured by `convax.tune` before: what that gains over the estimate."""

from __future__ import annotations

from collections.abc import Iterator

import convax
from benchmarks.cases import Case
from benchmarks.catalogue import layers
from benchmarks.figures import LOSING, geometric_mean, losing, ratios, rival_that_counts
from benchmarks.operations import arranged, convax_function
from benchmarks.recording import Recording
from benchmarks.rows import Row
from benchmarks.tables import algorithms, milliseconds, table

__all__ = ["KIND", "cases", "tune_case", "tuned"]

KIND = "tuned"  # the first word of the file's name
SECONDS = 0.3  # for the runs of each convolution

_WORDS = """\
`convax.tune` measures the candidates of every convolution in a function and remembers the fastest. The rows above are
what the estimate chose, unmeasured; these are the layers whose algorithms measuring changed, timed once more beside all
rivals (`python -m benchmarks --tuned`)."""


def cases() -> Iterator[Case]:
    """What is tuned: layers, forward. (Of gradients and signals the table of regret says what wisdom gains.)"""
    return (case for case in layers() if not case.gradients)


def tune_case(case: Case) -> None:
    """Measure the convolutions of a case; the wisdom that is in use remembers."""
    convax.tune(convax_function(case), *arranged(case, case.draw(), case.layout), seconds=SECONDS)


def tuned(recording: Recording | None, rows: list[Row]) -> str:
    """The section of the page, or nothing where there is no such recording.

    Args:
        recording: Of tuned cases.
        rows: Of the same cases, by estimate.
    """
    if recording is None:
        return ""
    estimated = {row.name: row for row in rows}
    pairs = [(estimated[row.name], row) for row in recording.rows if row.name in estimated]
    header = ("case", "by estimate, ms", "tuned, ms", "fastest rival", "ratio before", "ratio", "algorithm")
    lines = []
    for before, row in pairs:
        best, ratio_before = rival_that_counts(row), rival_that_counts(before)
        if before.algorithms != row.algorithms and best is not None and ratio_before is not None:
            times = (milliseconds(before, "convax"), milliseconds(row, "convax"))
            lines.append((row.name, *times, best[0], f"{ratio_before[1]:.2f}", f"{best[1]:.2f}", algorithms(row)))
    return "\n\n".join(["## Tuned layers", _WORDS, table(header, lines), _together(pairs)])


def _together(pairs: list[tuple[Row, Row]]) -> str:
    before, after = [before for before, _ in pairs], [row for _, row in pairs]
    found = [(len(losing(some)), geometric_mean(ratios(some)), min(ratios(some))) for some in (before, after)]
    (lost, mean, least), (lost_tuned, mean_tuned, least_tuned) = found
    return (
        f"A rival needs less than {LOSING:g} of convax's time in {lost_tuned} of {len(pairs)} layers instead of "
        f"{lost}. The fastest takes {mean_tuned:.2f} times as long as convax instead of {mean:.2f} (geometric mean), "
        f"and {least_tuned:.2f} times at the least instead of {least:.2f}."
    )
