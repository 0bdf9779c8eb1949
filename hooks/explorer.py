"""A hook of mkdocs: the explorer page joins the site as it is, as `explorer-page.html` beside the other pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

__all__ = ["PAGE", "on_files"]

PAGE = Path(__file__).parents[1] / "src" / "convax" / "explorer" / "explorer.html"


def on_files(files: Files, *, config: Any) -> Files:
    """Adds the page, so that `[the explorer](explorer-page.html)` is a link that a strict build can check."""
    files.append(File.generated(config, "explorer-page.html", abs_src_path=str(PAGE)))
    return files
