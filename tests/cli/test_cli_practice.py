"""`convax practice`: what is printed at each step of an exercise, and the exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import convax.cli
from convax.cli import practice
from convax.practice import Verdict, exercises, progress, show
from convax.practice.process import Judged

ACCEPTED = Verdict("conv1d_basic", True, "accepted", ("right in 8 cases",))
REJECTED = Verdict("conv1d_basic", False, "flipped", ("the kernel was flipped",))


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVAX_PRACTICE", str(tmp_path / "progress"))
    monkeypatch.setattr(progress, "_complained", set())
    monkeypatch.setattr(progress, "_in_memory", {})
    return tmp_path / "progress" / "practice-1.json"


@pytest.fixture
def my_file(tmp_path: Path) -> Path:
    file = tmp_path / "my.py"
    file.write_text(show("conv1d_basic").solution)
    return file


def judging(monkeypatch: pytest.MonkeyPatch, verdict: Verdict, printed: str = "") -> None:
    """The judge's process has tests of its own; here it answers at once."""
    monkeypatch.setattr(practice, "judge_file", lambda *_: Judged(verdict, printed))


def test_nothing_but_check_imports_jax() -> None:
    code = (
        "import sys\n"
        "from convax.cli import main\n"
        "for words in ('list', 'show causal', 'hint causal', 'solution causal', '--help', 'check --help'):\n"
        "    try:\n"
        "        main(['practice', *words.split()])\n"
        "    except SystemExit as leaving:\n"
        "        assert not leaving.code\n"
        "print('loaded:', sorted(set(sys.modules) & {'jax', 'jaxlib', 'numpy'}))\n"
    )
    paths = [str(Path(convax.cli.__file__ or "").parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("loaded: []\n")


def test_the_list_shows_ticks_and_hints(command, kept: Path) -> None:
    code, out, _ = command("practice", "list")
    assert code == 0 and "✓" not in out
    assert all(exercise.name in out and exercise.title in out for exercise in exercises())
    assert out.endswith("next: convax practice show conv1d_basic\n")
    progress.remember_solved("conv1d_basic")
    command("practice", "hint", "same_length")
    out = command("practice").out
    assert "✓ conv1d_basic" in out and "keep the length   (hints: 1 of 2)" in out and "show same_length" in out
    for exercise in exercises():
        progress.remember_solved(exercise.name)
    assert command("practice", "list").out.endswith("All solved.\n")


def test_show_says_how_to_go_on(command) -> None:
    out = command("practice", "show", "conv1d_basic").out
    assert out.startswith(str(show("conv1d_basic")))
    assert "convax practice check conv1d_basic my.py" in out and "convax practice hint conv1d_basic" in out


def test_hints_open_one_at_a_time(command) -> None:
    counts = [command("practice", "hint", "same_length").out.count("hint ") for _ in range(2)]
    assert counts == [1, 2]
    out = command("practice", "hint", "same_length").out
    assert "There are no more hints" in out and "convax practice solution same_length" in out


def test_the_solution_can_be_written_into_a_file(command) -> None:
    assert command("practice", "solution", "causal").out == show("causal").solution


def test_a_solution_is_accepted_and_remembered(command, my_file: Path) -> None:
    """The one that starts the judge's process."""
    code, out, err = command("practice", "check", "conv1d_basic", my_file)
    assert (code, err) == (0, ""), out
    assert out.startswith("✓ conv1d_basic: accepted\n") and out.endswith("next: convax practice show same_length\n")
    assert progress.standings()["conv1d_basic"].solved


def test_what_is_wrong_is_told_and_the_exit_code_is_1(command, my_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, REJECTED, "".join(f"line {number}\n" for number in range(30)))
    code, out, err = command("practice", "check", "conv1d_basic", my_file)
    assert (code, err) == (1, "")
    assert (
        out.startswith("my.py printed:\n  | line 0\n") and "  | ... and 20 more lines\n" in out and "line 10" not in out
    )
    assert "✗ conv1d_basic: not yet (flipped)\n  the kernel was flipped\n" in out
    assert out.endswith("stuck? convax practice hint conv1d_basic\n")
    assert not progress.standings()


def test_a_damaged_file_of_progress_is_one_warning(command, kept: Path, my_file: Path, monkeypatch) -> None:
    kept.parent.mkdir()
    kept.write_text("{")
    judging(monkeypatch, ACCEPTED)
    code, out, _ = command("practice", "check", "conv1d_basic", my_file)
    assert code == 0 and out.count("warning") == 1 and "is passed over" in out
    assert progress.standings()["conv1d_basic"].solved


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["show", "conv1d_basik"], "did you mean 'conv1d_basic'?"),
        (["hint", "nothing_like_it"], "take one of conv1d_basic"),
        (["solution", "strid"], "did you mean 'strided'?"),
        (["check", "conv1d_basik", "my.py"], "did you mean 'conv1d_basic'?"),
        (["check", "conv1d_basic", "no_such_file.py"], "there is no file no_such_file.py"),
        (["check", "conv1d_basic", "."], "is not a file"),
        (["check", "conv1d_basic"], "Missing argument"),
        (["check", "conv1d_basic", "my.py", "--seconds", "0"], "--seconds"),
        (["chek"], "chek"),
    ],
)
def test_what_cannot_be_judged_is_one_line_and_exit_code_2(refused, words: list[str], part: str) -> None:
    assert part in refused("practice", *words)
