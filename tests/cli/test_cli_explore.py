"""`convax explore`: opened, found, copied, and never written over anything."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from convax.explorer import page


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that a browser was asked to open."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def test_opens_the_page(command, asked) -> None:
    outcome = command("explore")
    assert outcome == (0, f"opened  {page()}\n", "")
    assert asked == [page().as_uri()]


def test_says_where_it_is_where_there_is_no_browser(refused, monkeypatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert str(page()) in refused("explore")


def test_prints_the_path_and_nothing_else(command, asked) -> None:
    assert command("explore", "--print-path") == (0, f"{page()}\n", "")
    assert asked == []


def test_writes_a_copy(command, asked, tmp_path: Path) -> None:
    copy = tmp_path / "lesson.html"
    outcome = command("explore", "-o", copy)
    assert outcome.code == 0 and outcome.out.startswith(f"wrote   {copy}: ")
    assert copy.read_bytes() == page().read_bytes()
    assert asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["lesson.html"]


def test_replaces_a_file_only_by_force(command, refused, tmp_path: Path) -> None:
    copy = tmp_path / "lesson.html"
    copy.write_text("mine", "utf-8")
    assert "exists already" in refused("explore", "-o", copy)
    assert copy.read_text("utf-8") == "mine"
    assert command("explore", "-o", copy, "--force").code == 0
    assert copy.read_bytes() == page().read_bytes()


def test_does_not_write_over_the_page_itself(refused) -> None:
    before = page().read_bytes()
    assert "also read" in refused("explore", "-o", page(), "--force")
    assert page().read_bytes() == before


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--print-path", "-o", "copy.html"], "give one of them"),
        (["--force"], "--output"),
        (["-o", "no/such/folder/copy.html"], "does not exist"),
        (["-o", "."], "not a regular file"),
        (["page"], "unexpected extra argument"),
    ],
)
def test_refuses(refused, asked, words, part) -> None:
    assert part in refused("explore", *words)
    assert asked == []
