"""The hook of mkdocs.yml: files beside docs/ become pages, links to them are turned, doctests are coloured."""

from __future__ import annotations

import logging
import pathlib
import posixpath
import re
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = pathlib.Path(__file__).parent.parent
log = logging.getLogger("mkdocs.plugins.convax")

# Files of the repository that are pages of the site as well. The README's place is taken by the home page.
BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
PAGE_OF = BESIDE | {"README.md": "index.md"}

# The explorer is a whole page already, and joins the site as it is; docs/explorer.md leads to it.
EXPLORER = ROOT / "src" / "convax" / "explorer" / "explorer.html"

# Code comes first, and is left as it is: table[word](length) is no link.
_LINK = re.compile(r"^ *```.*?^ *```$|`[^`\n]+`|(!?)\[([^\]]*)\]\(([^)\s]+)\)", re.MULTILINE | re.DOTALL)
_SESSION = re.compile(r"^([ ]*)```python[ ]*\n(?=\1(?:>>>|\.\.\.) )", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Adds the files beside docs/."""
    for name, page in BESIDE.items():
        text = (ROOT / name).read_text("utf-8")
        files.append(File.generated(config, page, content=turned(text, "", "docs")))
    if EXPLORER.exists():
        files.append(File.generated(config, "explorer/index.html", abs_src_path=str(EXPLORER)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Turns links, and marks doctests as sessions, so that prompts and results are coloured."""
    source = page.file.src_uri
    if source not in BESIDE.values():
        markdown = turned(markdown, posixpath.dirname(posixpath.join("docs", source)), "docs")
    return _SESSION.sub(r"\1```pycon\n", markdown)


def turned(markdown: str, folder: str, docs: str) -> str:
    """The text with its links between files of the repository as links between pages.

    Args:
        markdown: The text.
        folder: The folder of its file, seen from the repository's root.
        docs: The folder of the pages.

    Example:
        >>> turned("[how](../CONTRIBUTING.md#style) and [why](numerics.md)", "docs", "docs")
        '[how](contributing.md#style) and [why](numerics.md)'
        >>> turned("[all](docs/index.md), [terms](LICENSE)", "", "docs")
        '[all](index.md), terms'
        >>> turned("`table[0](x)`", "docs", "docs")
        '`table[0](x)`'
    """

    def turn(match: re.Match[str]) -> str:
        bang, words, target = match.groups()
        if target is None:
            return match.group()
        path, hash_sign, anchor = target.partition("#")
        if not path or ":" in path:
            return match.group()
        place = posixpath.normpath(posixpath.join(folder, path))
        within = folder == docs or folder.startswith(f"{docs}/")
        if place.startswith(f"{docs}/"):
            page = place.removeprefix(f"{docs}/")
        elif place in PAGE_OF:
            page = PAGE_OF[place]
        else:
            if not (ROOT / place).exists():
                log.warning("a link to %s, which is not there", place)
            return words  # source files are no pages
        start = folder.removeprefix(docs).strip("/") if within else ""
        return f"{bang}[{words}]({posixpath.relpath(page, start or '.')}{hash_sign}{anchor})"

    return _LINK.sub(turn, markdown)
