"""The table of an inspection in a terminal: by rich where it is installed, else with plain columns."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from convax.transform.words import COLUMNS, RIGHT, heading, rows_of, totals, warnings_of

if TYPE_CHECKING:
    from convax.transform.inspection import Inspection

__all__ = ["as_text"]


def as_text(inspection: Inspection) -> str:
    """Title, table, totals and warnings."""
    if not inspection.convolutions:
        return heading(inspection)
    parts = [heading(inspection), _table(rows_of(inspection)), totals(inspection), *warnings_of(inspection)]
    return "\n".join(parts)


def _table(rows: list[tuple[str, ...]]) -> str:
    try:
        return _by_rich(rows)
    except ImportError:
        return _plain(rows)


def _by_rich(rows: list[tuple[str, ...]]) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, right in zip(COLUMNS, RIGHT, strict=True):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    out = io.StringIO()
    # As wide as it needs to be: a terminal wraps what it has no room for, and a file does not.
    console = Console(file=out, width=1000, markup=False, highlight=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")


def _plain(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[place]) for row in [COLUMNS, *rows]) for place in range(len(COLUMNS))]
    lines = []
    for row in [COLUMNS, tuple("-" * width for width in widths), *rows]:
        cells = zip(row, widths, RIGHT, strict=True)
        lines.append("  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells))
    return "\n".join(line.rstrip() for line in lines)
