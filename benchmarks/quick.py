"""The quick set: each promise measured, printed beside its bar, with a list of the ones that are not kept."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.machine import Limits, described, measure_limits
from benchmarks.overheads import BARS, measure_overheads
from benchmarks.promises import NOISE, Promise, promises
from benchmarks.rows import Prepared, Row, measure_case

__all__ = ["run_quick"]

RIVALS = ("convax", "lax NCH", "NumPy")
SECONDS = 0.6
WIDTH = 190


def run_quick(only: str = "", tags: tuple[str, ...] = ()) -> bool:
    """Measure and print; returns whether every bar was reached.

    A row below its bar is measured a second time, three times as long, and the second result counts: what a
    neighbour on the machine spoiled is not the library's.
    """
    console = Console()
    if console.width < WIDTH:  # a table that is cut is of no use; a log file has room
        console = Console(width=WIDTH)
    machine = described()
    console.print(f"{machine['device']}; {', '.join(' '.join(pair) for pair in machine['versions'].items())}")
    limits = measure_limits()
    _print_limits(console, limits)
    chosen = [promise for promise in promises() if only in promise.case.name and set(tags) <= set(promise.case.tags)]
    rows = [
        (promise, _measured(promise, limits))
        for promise in track(chosen, "measuring", console=Console(stderr=True), transient=True)
    ]
    console.print(_table(rows))
    ratios = [ratio for _, row in rows if (ratio := row.ratio("lax NCH")) is not None]
    if ratios:
        mean = np.exp(np.mean(np.log(ratios)))
        console.print(f"lax / convax, geometric mean of {len(ratios)} rows: {mean:.1f}")
    missed = [_missed(promise, row) for promise, row in rows if not _is_kept(promise, row)]
    if not only and not tags:
        missed += _overheads(console)
    console.print("[bold]below their bar:[/] " + ("none" if not missed else ""))
    for line in missed:
        console.print(f"  {line}", highlight=False)
    return not missed


def _measured(promise: Promise, limits: Limits) -> Row:
    prepared = Prepared.of(promise.case, RIVALS)
    row = measure_case(prepared, limits, seconds=SECONDS)
    if not _is_kept(promise, row) and row.timings["convax"].median < 1:
        row = measure_case(prepared, limits, seconds=3 * SECONDS)
    return row


def _is_kept(promise: Promise, row: Row) -> bool:
    ratio = row.ratio("lax NCH")
    return ratio is not None and promise.is_kept(ratio)


def _missed(promise: Promise, row: Row) -> str:
    ratio = row.ratio("lax NCH")
    found = f"{ratio:.2f}" if ratio is not None else str(row.absent)
    return f"{row.name}: {found} of {promise.bar:g}, by {', '.join(row.algorithms)}"


def _table(rows: list[tuple[Promise, Row]]) -> Table:
    table = Table(
        "case",
        *("lax ms", "convax ms", "lax / convax", "bar", "NumPy / convax", "of limit", "algorithm", "error", "lax's"),
        caption=f"medians of interleaved runs; a bar of 1 allows {NOISE:.0%} of noise; of limit: time that copy and "
        "GEMM rates allow over our time; errors relative to the largest output in float64",
        caption_justify="left",
    )
    for column in table.columns[1:7]:
        column.justify = "right"
    for promise, row in rows:
        cells = [_milliseconds(row, "lax NCH"), _milliseconds(row, "convax"), _times(row.ratio("lax NCH"))]
        cells += [
            f"{promise.bar:g}",
            _times(row.ratio("NumPy")),
            _share(row),
            ", ".join(row.algorithms),
        ]
        cells += [f"{row.errors[name]:.0e}" if name in row.errors else "" for name in ("convax", "lax NCH")]
        table.add_row(row.name, *cells, style=None if _is_kept(promise, row) else "red")
    return table


def _milliseconds(row: Row, name: str) -> str:
    return f"{row.timings[name].median * 1e3:.4g}" if name in row.timings else row.absent.get(name, "")


def _share(row: Row) -> str:
    return f"{row.reached:.0%}" if row.reached <= 1 else "> 100%"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _print_limits(console: Console, limits: Limits) -> None:
    copy = ", ".join(f"{size / 1e6:.3g} MB {rate / 1e9:.0f}" for size, rate in limits.copy.items())
    gemm = ", ".join(f"{dtype} {rate / 1e9:.0f}" for dtype, rate in limits.gemm.items())
    console.print(f"copy in GB/s (read and written): {copy}; GEMM in GFLOP/s: {gemm}")


def _overheads(console: Console) -> list[str]:
    found = measure_overheads()
    missed = []
    for bar in BARS:
        line = f"{bar.words}: {bar.of(found):.3g} {bar.unit} (bar {bar.most:g})"
        console.print(line, highlight=False)
        if bar.of(found) > bar.most:
            missed.append(line)
    return missed
