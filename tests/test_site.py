"""The site: built strictly, without a warning, complete, and without a request that leaves it."""

from __future__ import annotations

import doctest
import os
import pathlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings_handlers.python")

ROOT = pathlib.Path(__file__).parent.parent
# What a browser fetches by itself; links (a, rel=canonical) are followed by readers.
LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "image": "href",
    "img": "src",
    "input": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "track": "src",
    "video": "src",
}
FOLLOWED = {"canonical", "next", "prev", "alternate", "license", "author"}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, str]:
    """The folder of the site, and what was said while it was built."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return folder, said


class Loads(HTMLParser):
    """Collects what a page loads, and what it links to."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.classes: set[str] = set()
        self.images: list[dict[str, str | None]] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.classes |= set((values.get("class") or "").split())
        if tag == "img":
            self.images.append(values)
        if tag == "link" and set((values.get("rel") or "").split()) & FOLLOWED:
            return
        target = values.get(LOADED.get(tag, ""))
        if target:
            self.loaded.append(target)


def leaves(target: str) -> bool:
    """Whether a browser would ask another host for it."""
    parts = urlsplit(target)
    return bool(parts.netloc) or parts.scheme in ("http", "https", "ws", "wss")


def test_nothing_is_warned_of(build: tuple[pathlib.Path, str]) -> None:
    _, said = build
    assert not [line for line in said.splitlines() if not line.startswith("INFO ")], said


def test_every_page_of_the_navigation_is_there(build: tuple[pathlib.Path, str]) -> None:
    folder, _ = build
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    pages = re.findall(r"([\w/-]+)\.md$", navigation, re.MULTILINE)
    assert len(pages) > 40
    for page in pages:
        assert (folder / f"{page}.html").is_file()


def test_every_page_of_docs_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= set(re.findall(r"([\w/-]+\.md)$", navigation, re.MULTILINE))


def test_no_request_leaves_the_site(build: tuple[pathlib.Path, str]) -> None:
    folder, _ = build
    pages = list(folder.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        found = Loads(page)
        assert not [target for target in found.loaded if leaves(target)], page.name
        assert "mermaid" not in found.classes, "its program would be fetched from elsewhere"
        for style in re.findall(r"<style[^>]*>(.*?)</style>", page.read_text("utf-8"), re.DOTALL):
            assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", style), page.name
    for sheet in folder.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text("utf-8")), sheet.name


def test_what_is_loaded_is_there(build: tuple[pathlib.Path, str]) -> None:
    folder, _ = build
    for page in folder.rglob("*.html"):
        if page.name == "404.html":  # its links begin at the root of a server
            continue
        for target in Loads(page).loaded:
            parts = urlsplit(target)
            if not parts.scheme and parts.path:
                assert (page.parent / unquote(parts.path)).exists(), f"{page.name}: {target}"


def test_pictures_have_words(build: tuple[pathlib.Path, str]) -> None:
    folder, _ = build
    pictures = [(page, image) for page in folder.rglob("*.html") for image in Loads(page).images]
    assert len(pictures) > 20
    for page, image in pictures:
        assert image.get("alt"), f"{page.name}: {image.get('src')}"


def test_sessions_are_coloured_and_hints_are_folded(build: tuple[pathlib.Path, str]) -> None:
    folder, _ = build
    text = (folder / "learn" / "conv1d_basic.html").read_text("utf-8")
    assert text.count("<details") == 4 and "<details open" not in text
    solution = text[text.index("Show the solution") :]
    assert '<span class="gp">&gt;&gt;&gt; </span>' in solution
    assert "```" not in text


def test_links_to_files_beside_docs_lead_to_pages(build: tuple[pathlib.Path, str]) -> None:
    folder, _ = build
    assert 'href="contributing.html"' in (folder / "index.html").read_text("utf-8")
    contributing = (folder / "contributing.html").read_text("utf-8")
    assert "Recipe: add an algorithm" in contributing
    assert "CONTRIBUTING.md)" not in (folder / "index.html").read_text("utf-8")


def test_the_explorer_is_a_page_of_its_own(build: tuple[pathlib.Path, str]) -> None:
    folder, _ = build
    shipped = ROOT / "src" / "convax" / "explorer" / "explorer.html"
    assert (folder / "explorer" / "index.html").read_text("utf-8") == shipped.read_text("utf-8")
    assert 'href="explorer/index.html"' in (folder / "explorer.html").read_text("utf-8")


def test_how_links_are_turned() -> None:
    from pages import hooks

    assert doctest.testmod(hooks).failed == 0
    assert hooks.turned("[a](../../README.md)", "docs/frameworks", "docs") == "[a](../index.md)"
    assert hooks.turned("[a](numerics.md#rounding)", "docs", "docs") == "[a](numerics.md#rounding)"
    assert hooks.turned("```text\n[a](b)\n```\n", "docs", "docs") == "```text\n[a](b)\n```\n"
    assert hooks.turned("[a](https://example.org/b)", "docs", "docs") == "[a](https://example.org/b)"


def test_what_leaves_is_seen() -> None:
    assert leaves("https://example.org/a.js") and leaves("//example.org/a.js")
    assert not leaves("assets/a.js") and not leaves("data:image/png;base64,AAAA") and not leaves("#top")
