"""The table of an inspection as HTML, for notebooks; readable on light and dark pages, without scripts."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from convax.transform.words import COLUMNS, RIGHT, heading, rows_of, totals, warnings_of

if TYPE_CHECKING:
    from convax.transform.inspection import Inspection

__all__ = ["as_html"]

_CELL = "padding:2px 8px;white-space:nowrap;text-align:"


def as_html(inspection: Inspection) -> str:
    """A self-contained fragment."""
    parts = [f"<p>{html.escape(heading(inspection))}</p>"]
    if inspection.convolutions:
        head = "".join(_cell("th", name, right) for name, right in zip(COLUMNS, RIGHT, strict=True))
        body = "".join(
            f"<tr>{''.join(_cell('td', cell, right) for cell, right in zip(row, RIGHT, strict=True))}</tr>"
            for row in rows_of(inspection)
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        parts.append(f'<div style="overflow-x:auto">{table}</div>')
        parts.append(f"<p>{html.escape(totals(inspection))}</p>")
    if inspection.warnings:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in warnings_of(inspection))
        parts.append(f"<ul>{lines}</ul>")
    return "".join(parts)


def _cell(tag: str, text: str, right: bool) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return f'<{tag}{scope} style="{_CELL}{"right" if right else "left"}">{html.escape(text)}</{tag}>'
