"""The page as a file: whole, alone, small, and part of the package. No browser is needed."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from explorer_page.assemble import assembled

from convax.explorer import page

ROOT = Path(__file__).parents[2]
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Reader(HTMLParser):
    """Tags as a tree that must close, and the attributes met on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()} closes nothing"

    def all(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute))]


@pytest.fixture(scope="module")
def text() -> str:
    return page().read_text("utf-8")


@pytest.fixture(scope="module")
def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_is_what_its_parts_make(text: str) -> None:
    assert text == assembled(), "run `make explorer`"


def test_is_small(text: str) -> None:
    assert len(text.encode()) < 200_000


def test_refers_to_nothing_outside(text: str, read: Reader) -> None:
    for pattern in (
        r"https?:",
        r"//cdn",
        r"@import",
        r"\burl\(",
        r"\bimport\(",
        r"fetch\(",
        r"XMLHttpRequest",
        r"WebSocket",
    ):
        assert not re.search(pattern, text), pattern
    assert read.all("src") == []
    assert {link for link in read.all("href") if not link.startswith("#")} == {"data:,"}


def test_forbids_a_network_to_itself(read: Reader) -> None:
    (policy,) = (
        attributes["content"]
        for _, attributes in read.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None and policy.startswith("default-src 'none';")
    assert "connect-src" not in policy and "http" not in policy


def test_says_what_it_is(text: str, read: Reader) -> None:
    assert text.startswith("<!doctype html>\n")
    assert ("html", {"lang": "en"}) in read.tags
    names = [tag for tag, _ in read.tags]
    for tag in ("title", "h1", "main", "header", "nav", "footer"):
        assert names.count(tag) == 1, tag
    viewport = next(attributes for _, attributes in read.tags if attributes.get("name") == "viewport")
    assert "user-scalable" not in str(viewport["content"]) and "maximum-scale" not in str(viewport["content"])


def test_names_are_unique_and_references_lead_somewhere(text: str, read: Reader) -> None:
    names = read.all("id")
    assert len(names) == len(set(names))
    made_by_script = set(re.findall(r"`(tab)-", text)) and {"tab-convax"}
    for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
        for reference in " ".join(read.all(attribute)).split():
            assert reference in {*names, *made_by_script}, reference
    for reference in re.findall(r'byId\("([^"$]+)"\)', text):
        assert reference in names or reference in {"before", "after"}, reference


def test_no_part_is_long() -> None:
    for path in (ROOT / "explorer_page").iterdir():
        if path.suffix in (".js", ".py"):
            assert len(path.read_text("utf-8").splitlines()) <= 300, path.name


def test_is_in_the_wheel(tmp_path: Path) -> None:
    builder = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    (wheel,) = builder.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("convax/explorer/explorer.html").decode("utf-8") == assembled()
        assert not [name for name in archive.namelist() if "explorer_page" in name]
