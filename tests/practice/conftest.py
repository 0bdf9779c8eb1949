"""What the tests of the exercises share: a folder for progress of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from convax.practice import progress


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that progress is kept in."""
    monkeypatch.setenv("CONVAX_PRACTICE", str(tmp_path / "progress"))
    monkeypatch.setattr(progress, "_complained", set())
    monkeypatch.setattr(progress, "_in_memory", {})
    file = progress.progress_file()
    assert file is not None
    return file


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on disk, and nothing remembered of other tests."""
    monkeypatch.setenv("CONVAX_PRACTICE", "off")
    monkeypatch.setattr(progress, "_in_memory", {})
