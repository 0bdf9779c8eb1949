"""An explanation as text, for terminals."""

from __future__ import annotations

from convax.explaining.explanation import Explanation
from convax.explaining.words import sections

__all__ = ["as_text"]


def as_text(explanation: Explanation) -> str:
    """The call, then its sections."""
    blocks = [str(explanation.call)]
    for section in sections(explanation):
        blocks.append("\n".join([section.title, *(f"  {line}" for line in section.lines)]))
    return "\n\n".join(blocks)
