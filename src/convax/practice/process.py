"""A learner's file, judged in a process of its own that is ended when its time is over; imports no JAX."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
from typing import Any

from convax.practice.child import AT, STACK, VERDICT
from convax.practice.verdict import Verdict

__all__ = ["SECONDS", "Judged", "judge_file"]

SECONDS = 30.0  # for the learner's code; a solution takes some three
START = 120.0  # for JAX to start, on a slow machine
PRINTED = 20_000  # characters of what the file printed
# The package may be found through a path that the new process would not search.
PROGRAM = "import sys; sys.path.append(sys.argv[1]); from convax.practice.child import main; main(sys.argv[2:])"
BLAMES = {
    "SIGSEGV": "a segmentation fault: some compiled code reached into memory that is not its own",
    "SIGKILL": "somebody killed it; the system does that where memory runs out",
    "SIGABRT": "some compiled code gave up, often because memory ran out",
    "SIGXFSZ": "it wrote too large a file",
}


@dataclasses.dataclass(frozen=True)
class Judged:
    """What came of a file.

    Args:
        verdict: Of the judge, or on the process that did not reach one.
        printed: What the file printed; may be empty.
    """

    verdict: Verdict
    printed: str


def judge_file(file: pathlib.Path, name: str, seconds: float = SECONDS) -> Judged:
    """Judges the function `name` of a file.

    Args:
        file: Source of Python.
        name: Of the exercise and the function.
        seconds: How long the learner's code may run; the start of JAX does not count.

    Returns:
        The verdict; a crash, an exit, or a loop without end is one, too.

    Raises:
        RuntimeError: The judge itself failed, which is a bug of convax.
    """
    with tempfile.TemporaryDirectory(prefix="convax-practice-") as made:
        folder = pathlib.Path(made)
        root = pathlib.Path(__file__).parents[2]
        words = [sys.executable, "-P", "-c", PROGRAM, str(root), str(file), name, str(folder), str(seconds)]
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONUNBUFFERED": "1"}
        # Files, not pipes: a child of the child could keep a pipe open for ever.
        with (folder / "printed.txt").open("wb") as printed:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
            try:
                late = _is_late(process, START + seconds)
            finally:
                _end(process)
        return Judged(_outcome(process, folder, file, name, seconds, late), _printed(folder))


def _is_late(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and all that it has started, which share its session's group."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _outcome(
    process: subprocess.Popen[bytes], folder: pathlib.Path, file: pathlib.Path, name: str, seconds: float, late: bool
) -> Verdict:
    if (folder / VERDICT).exists():
        plain: dict[str, Any] = json.loads((folder / VERDICT).read_text("utf-8"))
        if "bug" in plain:
            raise RuntimeError(f"the judge failed, which is a bug of convax; please report it\n{plain['bug']}")
        return Verdict.from_plain(plain)
    stack = _text(folder / STACK)
    where = _where(stack, file)
    at = _text(folder / AT)
    if not at:
        raise RuntimeError(f"JAX did not start (exit code {process.returncode})\n{_printed(folder)}")
    blamed = f"that was {at}" if at.startswith("while") else f"that was in the call {at}"
    lines: tuple[str, ...]
    if late or stack.startswith("Timeout"):
        lines = (f"it does not end: after {seconds:g} seconds your code was stopped{where}", blamed)
        return Verdict(name, False, "endless loop", lines, (), "look for a loop whose condition never becomes false")
    if process.returncode < 0:
        sent = signal.Signals(-process.returncode).name
        why = BLAMES.get(sent, "some compiled code gave up, or somebody ended it")
        lines = (f"it crashed: the process was ended by {sent}{where}", f"that is {why}", blamed)
        return Verdict(name, False, "crash", lines, (), "look at the last call that leaves Python")
    lines = (
        f"it left: your code ended its own process (exit code {process.returncode}) before the judge was done{where}",
        blamed,
    )
    return Verdict(name, False, "exit", lines, (), "look for os._exit, and for what ends the process")


def _where(stack: str, file: pathlib.Path) -> str:
    """The innermost line of the learner's file in a dump of faulthandler, most recent call first."""
    found = re.search(rf'File "{re.escape(str(file.resolve()))}", line (\d+)', stack)
    return f", in {file.name}, line {found[1]}" if found else ""


def _printed(folder: pathlib.Path) -> str:
    with (folder / "printed.txt").open("rb") as file:
        return file.read(PRINTED).decode("utf-8", "replace")


def _text(path: pathlib.Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""
