"""An explanation as HTML, for notebooks; readable on light and dark pages, without scripts."""

from __future__ import annotations

import html

from convax.explaining.explanation import Explanation
from convax.explaining.words import Section, sections

__all__ = ["as_html"]

_BLOCK = "margin:0.2em 0 0.2em 1em;overflow-x:auto;white-space:pre;line-height:1.35"
_LINE = "margin:0.2em 0 0.2em 1em"


def as_html(explanation: Explanation) -> str:
    """A self-contained fragment: the sections, then the code of each tongue, closed until it is asked for."""
    parts = [f"<p><strong><code>{html.escape(str(explanation.call))}</code></strong></p>"]
    parts += [_section(section) for section in sections(explanation) if section.title != "the same call elsewhere"]
    for name, code in explanation.code.items():
        block = f'<pre style="{_BLOCK}"><code>{html.escape(code.strip())}</code></pre>'
        parts.append(f"<details><summary>the same call in {html.escape(name)}</summary>{block}</details>")
    if explanation.problem is None and explanation.unsaid:
        rows = "".join(
            f"<li>{html.escape(name)}: {html.escape(reason)}</li>" for name, reason in explanation.unsaid.items()
        )
        parts.append(f"<p>No such call:</p><ul>{rows}</ul>")
    return f"<div>{''.join(parts)}</div>"


def _section(section: Section) -> str:
    heading = f'<p style="margin:0.8em 0 0"><strong>{html.escape(section.title)}</strong></p>'
    if section.drawn:
        lines = "\n".join(html.escape(line) for line in section.lines)
        return f'{heading}<pre style="{_BLOCK}">{lines}</pre>'
    return heading + "".join(f'<p style="{_LINE}">{html.escape(line)}</p>' for line in section.lines)
