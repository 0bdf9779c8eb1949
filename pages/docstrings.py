"""What mkdocstrings needs to know of the house's docstrings: the section Example holds a session."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Examples"]

# Google's style knows the section in the plural; in the singular it would be taken for a boxed remark.
_HEADING = re.compile(r"^Example:$", re.MULTILINE)


class Examples(griffe.Extension):
    """Reads "Example:" as "Examples:"."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = _HEADING.sub("Examples:", obj.docstring.value)
