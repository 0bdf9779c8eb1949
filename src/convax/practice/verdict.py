"""The judge's answer as a value: accepted, or what is wrong, shown on the smallest case; prints itself."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Mapping
from typing import Any

from convax.practice.wording import sentence

__all__ = ["Verdict"]


@dataclasses.dataclass(frozen=True, repr=False)
class Verdict:
    """What the judge found.

    Args:
        exercise: Its name.
        ok: Whether the function is accepted.
        diagnosis: The mistake in a few words, such as "flipped"; "accepted" if there is none.
        lines: What was found, in sentences.
        case: The smallest case that fails, as pairs of a name and what it is; may be empty.
        repair: What to do; may be empty.

    Example:
        >>> print(Verdict("conv1d_basic", False, "None returned", ("your function returns None",),
        ...               (("x", "[1. 2.]  float32 (2,)"),), "end it with: return y"))
        conv1d_basic: not yet (None returned)
          your function returns None
          the smallest case that fails:
            x  [1. 2.]  float32 (2,)
          to do: end it with: return y
    """

    exercise: str
    ok: bool
    diagnosis: str
    lines: tuple[str, ...]
    case: tuple[tuple[str, str], ...] = ()
    repair: str = ""

    @property
    def heading(self) -> str:
        """The first line."""
        return f"{self.exercise}: accepted" if self.ok else f"{self.exercise}: not yet ({self.diagnosis})"

    def __str__(self) -> str:
        lines = [self.heading, *(wrapped for line in self.lines for wrapped in _wrapped(line))]
        if self.case:
            width = max(len(name) for name, _ in self.case)
            lines.append("  the smallest case that fails:")
            for name, text in self.case:
                first, *others = text.splitlines()
                lines.append(f"    {name:<{width}}  {first}")
                lines += [f"    {'':<{width}}  {other}" for other in others]
        if self.repair:
            lines += _wrapped(f"to do: {self.repair}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """A fragment for notebooks; readable on light and dark pages, without scripts."""
        parts = [f"<p>{'✓' if self.ok else '✗'} <b>{html.escape(self.heading)}</b></p>"]
        parts += [f"<p>{html.escape(line)}</p>" for line in self.lines]
        if self.case:
            cell = "padding:2px 8px;text-align:left;vertical-align:top"
            rows = "".join(
                f'<tr><th scope="row" style="{cell}">{html.escape(name)}</th>'
                f'<td style="{cell}"><pre style="margin:0">{html.escape(text)}</pre></td></tr>'
                for name, text in self.case
            )
            parts.append(f"<p>The smallest case that fails:</p><table><tbody>{rows}</tbody></table>")
        if self.repair:
            parts.append(f"<p>To do: {html.escape(self.repair)}</p>")
        return "".join(parts)

    def to_plain(self) -> dict[str, Any]:
        """Words and lists, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Verdict:
        """What `to_plain` gave, read back.

        Raises:
            KeyError: A part is missing.
            TypeError: A part is of another type.
        """
        return cls(
            plain["exercise"],
            plain["ok"],
            plain["diagnosis"],
            tuple(plain["lines"]),
            tuple((name, text) for name, text in plain["case"]),
            plain["repair"],
        )


def _wrapped(line: str) -> list[str]:
    """A sentence as lines; a message of Python's, which is indented, stays so."""
    indent = "      " if line.startswith(" ") else "  "
    return sentence(line.strip(), indent, f"{indent}  ")
