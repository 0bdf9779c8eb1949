"""Progress: what was solved and which hints are open, kept whole, by several processes, and never in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import convax.practice
from convax.practice import hint
from convax.practice.progress import Standing, open_hint, progress_file, remember_solved, standings


def test_it_is_kept_in_a_file(kept: Path) -> None:
    assert standings() == {} and not kept.exists()
    hint("causal")
    remember_solved("dilated")
    assert standings()["causal"] == Standing("", 1)
    assert standings()["dilated"].solved.count("-") == 2
    assert set(json.loads(kept.read_text("utf-8"))) == {"causal", "dilated"}
    assert convax.practice.solved() == {"dilated"}


def test_the_first_day_stays(kept: Path) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"causal": {"solved": "2020-01-01", "hints": 2}}))
    remember_solved("causal")
    assert standings() == {"causal": Standing("2020-01-01", 2)}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"causal": 1}', '{"causal": {"solved": 1, "hints": "x"}}', "\xff"]
)
def test_a_damaged_file_is_passed_over_with_one_warning(kept: Path, text: str) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_bytes(text.encode("latin-1"))
    with pytest.warns(UserWarning, match=r"cannot be read and is passed over") as heard:
        assert standings() == {}
        assert open_hint("causal", 3) == 1
    assert len(heard) == 1
    assert standings() == {"causal": Standing("", 1)}, "and written anew"


def test_a_failed_write_leaves_the_old_file(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember_solved("causal")
    before = kept.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(UserWarning, match="No space left on device"):
        open_hint("causal", 3)
    assert kept.read_bytes() == before
    assert [file.name for file in kept.parent.iterdir() if file.suffix == ".part"] == []


def test_a_folder_that_cannot_be_made_is_no_error(
    forgetful: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVAX_PRACTICE", str(tmp_path / "file" / "below"))
    monkeypatch.setattr(convax.practice.progress, "_complained", set())
    with pytest.warns(UserWarning, match="progress lasts only for this process"):
        assert [open_hint("causal", 3) for _ in range(2)] == [1, 2]


def test_off_keeps_nothing_on_disk(forgetful: None) -> None:
    assert progress_file() is None
    assert [open_hint("causal", 2) for _ in range(3)] == [1, 2, 2]


def test_it_is_the_user_s_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    platformdirs = pytest.importorskip("platformdirs")
    monkeypatch.delenv("CONVAX_PRACTICE")
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: tmp_path / "data")
    assert progress_file() == tmp_path / "data" / "practice-1.json"


def test_processes_at_once_lose_nothing(kept: Path) -> None:
    """Two open a hundred hints of one exercise and solve fifty of their own."""
    code = (
        "import sys\n"
        "from convax.practice.progress import open_hint, remember_solved\n"
        "for number in range(50):\n"
        "    open_hint('shared', 1000)\n"
        "    remember_solved(f'{sys.argv[1]}-{number}')\n"
    )
    source = str(Path(convax.practice.__file__ or "").parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((source, os.environ.get("PYTHONPATH", "")))}
    processes = [subprocess.Popen([sys.executable, "-c", code, name], env=environment) for name in ("a", "b")]
    assert [process.wait(60) for process in processes] == [0, 0]
    known = standings()
    assert known["shared"].hints == 100 and len(known) == 101
