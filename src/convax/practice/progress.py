"""What a learner has done: exercises that were solved, hints that were opened, in one file of this user.

A lock keeps two processes from losing each other's entries. A damaged file is passed over with one warning.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import pathlib
import warnings
from collections.abc import Callable, Iterator
from typing import IO, Any

from convax.files import UNREADABLE, users_folder, write_whole

__all__ = ["Standing", "open_hint", "progress_file", "remember_solved", "standings"]

# The number changes with the form of the file; a version that writes another form uses another name.
FILE = "practice-1.json"


@dataclasses.dataclass(frozen=True)
class Standing:
    """How far a learner is with one exercise.

    Args:
        solved: The day on which it was solved first, "2026-11-25"; empty if it was not.
        hints: How many hints are open.
    """

    solved: str = ""
    hints: int = 0


# What cannot be kept on disk is kept as long as the process runs.
_in_memory: dict[str, Standing] = {}
_complained: set[pathlib.Path] = set()


def progress_file() -> pathlib.Path | None:
    """In the folder $CONVAX_PRACTICE ("off" for none), else in the user's data folder; None for nowhere."""
    folder = users_folder("CONVAX_PRACTICE", "data")
    return None if folder is None else folder / FILE


def standings() -> dict[str, Standing]:
    """All that is known, by the names of exercises."""
    file = progress_file()
    return dict(_in_memory) if file is None else _read(file)


def open_hint(name: str, most: int) -> int:
    """Opens one hint more, and returns how many are open now."""
    return _change(name, lambda standing: dataclasses.replace(standing, hints=min(standing.hints + 1, most))).hints


def remember_solved(name: str) -> None:
    """Notes that an exercise was solved; the first day stays."""
    today = datetime.date.today().isoformat()
    _change(name, lambda standing: dataclasses.replace(standing, solved=standing.solved or today))


def _change(name: str, change: Callable[[Standing], Standing]) -> Standing:
    file = progress_file()
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with _locked(file):
                known = _read(file)
                known[name] = change(known.get(name, Standing()))
                write_whole(file, {exercise: dataclasses.asdict(standing) for exercise, standing in known.items()})
                return known[name]
        except OSError as error:
            _complain(file, f"cannot be written to ({error.strerror}); progress lasts only for this process")
    _in_memory[name] = change(_in_memory.get(name, Standing()))
    return _in_memory[name]


def _read(file: pathlib.Path) -> dict[str, Standing]:
    try:
        plain = json.loads(file.read_text("utf-8"))
        return {str(name): _standing(entry) for name, entry in plain.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UNREADABLE as error:
        _complain(file, f"cannot be read and is passed over ({type(error).__name__}: {error})")
        return {}


def _standing(entry: Any) -> Standing:
    if not isinstance(entry["solved"], str) or not isinstance(entry["hints"], int) or entry["hints"] < 0:
        raise ValueError(f"{entry!r} is no entry")
    return Standing(entry["solved"], entry["hints"])


@contextlib.contextmanager
def _locked(file: pathlib.Path) -> Iterator[None]:
    """One process at a time; the system drops the lock of a process that dies. Windows has no such lock."""
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    lock: IO[str]
    with file.with_name(f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _complain(file: pathlib.Path, what: str) -> None:
    if file not in _complained:
        _complained.add(file)
        warnings.warn(f"practice: {file} {what}", UserWarning, stacklevel=5)
