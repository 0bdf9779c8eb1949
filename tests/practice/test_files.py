"""A learner's file in a process of its own: whatever it does is told, and the command goes on."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from convax.practice import Verdict, process, show
from convax.practice.child import _judged
from convax.practice.process import judge_file

NAME = "conv1d_basic"


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's file, yet to be written."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path / "my answer.py"


def judged_here(file: Path, source: str) -> Verdict:
    """As the child judges it, but in this process."""
    file.write_text(source, "utf-8")
    return Verdict.from_plain(_judged(file, NAME, file.parent))


class TestInAProcess:
    """Each starts JAX, so they are few."""

    def test_a_solution_is_accepted_whatever_it_prints(self, learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where the working folder has a jax.py, and where the file speaks like the judge."""
        monkeypatch.chdir(learner.parent)
        (learner.parent / "jax.py").write_text("raise RuntimeError('not this one')")
        learner.write_text("print('{\"ok\": false}')\n" + show(NAME).solution)
        judged = judge_file(learner, NAME)
        assert judged.verdict.ok, str(judged.verdict)
        assert judged.printed == '{"ok": false}\n'

    def test_an_endless_loop_is_ended_with_its_children(self, learner: Path) -> None:
        learner.write_text(
            "import subprocess, sys\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "print(child.pid, flush=True)\n"
            "def conv1d_basic(x, kernel):\n"
            "    while True:\n"
            "        pass\n"
        )
        judged = judge_file(learner, NAME, seconds=1.5)
        assert judged.verdict.diagnosis == "endless loop"
        assert "after 1.5 seconds your code was stopped, in my answer.py, line " in judged.verdict.lines[0]
        assert "conv1d_basic(x=<float32, shape (4,)>" in judged.verdict.lines[1]
        assert gone(int(judged.printed))

    def test_a_crash_is_told(self, learner: Path) -> None:
        learner.write_text("import ctypes\ndef conv1d_basic(x, kernel):\n    ctypes.string_at(0)\n")
        verdict = judge_file(learner, NAME).verdict
        assert verdict.diagnosis == "crash" and verdict.lines[0].endswith("by SIGSEGV, in my answer.py, line 3")

    def test_leaving_is_told(self, learner: Path) -> None:
        learner.write_text("import os\nos._exit(0)\n")
        verdict = judge_file(learner, NAME).verdict
        assert verdict.diagnosis == "exit" and "(exit code 0) before the judge was done" in verdict.lines[0]
        assert "while my answer.py was imported" in verdict.lines[1]


class TestStarting:
    """Failures that are not the learner's."""

    def test_a_judge_that_does_not_start_is_a_bug(self, learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        learner.write_text("")
        monkeypatch.setattr(process, "PROGRAM", "print('no JAX today'); raise SystemExit(3)")
        with pytest.raises(RuntimeError, match=r"JAX did not start \(exit code 3\)\nno JAX today"):
            judge_file(learner, NAME)

    def test_a_judge_that_fails_is_a_bug(self, learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        learner.write_text("")
        write = (
            "import pathlib, sys; pathlib.Path(sys.argv[4], 'verdict.json').write_text('{\"bug\": \"Traceback: ...\"}')"
        )
        monkeypatch.setattr(process, "PROGRAM", write)
        with pytest.raises(RuntimeError, match=r"a bug of convax; please report it\nTraceback: \.\.\."):
            judge_file(learner, NAME)

    def test_a_process_that_hangs_before_the_judge_is_ended(
        self, learner: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        learner.write_text("")
        monkeypatch.setattr(process, "START", 0.2)
        stuck = "import pathlib, sys, time; pathlib.Path(sys.argv[4], 'at.txt').write_text('while'); time.sleep(600)"
        monkeypatch.setattr(process, "PROGRAM", stuck)
        assert judge_file(learner, NAME, seconds=2).verdict.diagnosis == "endless loop"


@pytest.mark.parametrize(
    ("source", "diagnosis", "says"),
    [
        ("def conv1d_basic(x, kernel:\n    return x\n", "syntax error", "my answer.py, line 1"),
        ("def f(:\n", "syntax error", "my answer.py cannot be run"),
        ("\x00", "syntax error", "null bytes"),
        ("\n\n1 / 0\n", "raises", "it raises in my answer.py, line 3"),
        ("import sys\nsys.exit(0)\n", "exit", "it calls sys.exit"),
        ("import no_such_module_at_all\n", "module not installed", "that module is not installed here"),
        ("input('name? ')\n", "reads input", "nobody to answer"),
        ("", "no function", "has no function conv1d_basic: it has no function at all"),
        ("def conv1d(x): pass\ndef other(): pass\n", "no function", "it has conv1d, other"),
        ("conv1d_basic = 3\n", "no function", "conv1d_basic in my answer.py is an int, and no function"),
        (
            "def conv1d_basic(x, kernel):\n    raise OSError('gone')\n",
            "raises",
            "line 2: raise OSError('gone') OSError: gone",
        ),
        ("def conv1d_basic(x, kernel):\n    exit()\n", "exit", "my answer.py, line 2"),
    ],
)
def test_a_file_that_cannot_be_judged_is_told(
    learner: Path, source: str, diagnosis: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.devnull) as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        verdict = judged_here(learner, source)
    assert not verdict.ok and verdict.diagnosis == diagnosis, str(verdict)
    assert says in " ".join(str(verdict).split()), str(verdict)


def test_what_stands_under_main_is_left_alone_and_neighbours_are_found(learner: Path) -> None:
    (learner.parent / "neighbour_of_my_answer.py").write_text(show(NAME).solution)
    verdict = judged_here(
        learner, "from neighbour_of_my_answer import conv1d_basic\nif __name__ == '__main__':\n    raise SystemExit\n"
    )
    assert verdict.ok, str(verdict)


def gone(number: int) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended."""
    for _ in range(50):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{number}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False
