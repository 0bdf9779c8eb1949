"""Texts broken into lines that a terminal of 80 columns shows whole."""

from __future__ import annotations

import textwrap

__all__ = ["WIDTH", "paragraphs", "sentence"]

WIDTH = 80


def sentence(text: str, indent: str = "", hanging: str = "") -> list[str]:
    """One sentence in lines; words are never broken.

    >>> sentence("two words", indent="  ")
    ['  two words']
    """
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def paragraphs(text: str) -> list[str]:
    """Paragraphs filled anew; lines that are indented (formulas) stay as they are.

    >>> paragraphs('''one
    ... two
    ...
    ...     y = x''')
    ['one two', '', '    y = x']
    """
    lines: list[str] = []
    for paragraph in text.strip("\n").split("\n\n"):
        lines += paragraph.splitlines() if paragraph.startswith(" ") else sentence(" ".join(paragraph.split()))
        lines.append("")
    return lines[:-1]
