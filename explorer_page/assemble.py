"""The explorer page as one file, from its parts: `python -m explorer_page.assemble`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PAGE", "assembled"]

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "src" / "convax" / "explorer" / "explorer.html"

# In this order, since a part may use what stands in those before it.
SCRIPTS = (
    "setting",
    "arithmetic",
    "python",
    "tongues",
    "layers",
    "words",
    "drawing",
    "player",
    "controls",
    "main",
    "panel",
    "start",
)


def assembled() -> str:
    """The page with its style and its scripts put in.

    Returns:
        The text of the file; the same parts always give the same text.

    Example:
        >>> assembled().startswith("<!doctype html>")
        True
    """
    scripts = [(FOLDER / f"{name}.js").read_text("utf-8") for name in SCRIPTS]
    page = (FOLDER / "page.html").read_text("utf-8")
    page = page.replace("/*{style}*/\n", (FOLDER / "style.css").read_text("utf-8"))
    return page.replace("/*{script}*/\n", "\n".join(scripts))


if __name__ == "__main__":
    PAGE.write_text(assembled(), "utf-8")
    print(f"wrote {PAGE.relative_to(FOLDER.parent)}: {PAGE.stat().st_size:,} bytes")
