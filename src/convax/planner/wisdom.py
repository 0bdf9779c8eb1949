"""Wisdom: choices that were measured, remembered between runs.

A store is a folder with one small file per convolution, named by a hash of what was measured. Each file is
written whole or not at all, so that two processes that measure at once, or one that is killed in the middle,
leave whole files only; a file that cannot be read is passed over with one warning.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import threading
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax

from convax.core.spec import ConvSpec
from convax.files import UNREADABLE, remove_leftovers, write_whole
from convax.planner.device import device_name
from convax.planner.folders import digest, wisdom_folder
from convax.planner.remembered import Remembered, asked_in, key_of

if TYPE_CHECKING:
    from convax.planner.plan import Plan

__all__ = ["Wisdom", "active_wisdom", "use_wisdom"]

FORMAT = 1


class Wisdom:
    """Remembered choices, in memory and, where a folder is given, on disk.

    Args:
        folder: The store; None for memory only.

    Example:
        Choose once, and keep it: whoever plans by this wisdom on the same device gets the same program.

        >>> import convax
        >>> pinned = Wisdom()
        >>> pinned.pin(convax.plan(4096, 15, algorithm="toeplitz"))
        >>> with use_wisdom(pinned):
        ...     plan = convax.plan(4096, 15)
        >>> plan.algorithm.name, plan.source
        ('toeplitz', 'wisdom')
    """

    def __init__(self, folder: pathlib.Path | str | None = None) -> None:
        self.folder = None if folder is None else pathlib.Path(folder)
        self._known: dict[str, Remembered] = {}
        # Answers by what is asked; a key for the disk costs more than a plan should.
        self._answers: dict[tuple[ConvSpec, str], Remembered | None] = {}
        self._complained: set[pathlib.Path] = set()

    def recall(self, spec: ConvSpec, device: str) -> Remembered | None:
        """What was measured for `spec` on `device`, or None."""
        asked = (spec, device)
        if asked not in self._answers:
            key = key_of(spec, device)
            found = (key, self._known[key]) if key in self._known else self._read(self._file(key))
            self._answers[asked] = None if found is None else found[1]
        return self._answers[asked]

    def remember(self, spec: ConvSpec, device: str, choice: Remembered) -> None:
        """Keep a measured choice, on disk too where there is a folder."""
        self._keep(key_of(spec, device), choice)

    def pin(self, plan: Plan) -> None:
        """Keep what a plan chose, whatever it was chosen by, so that estimates no longer matter."""
        self.remember(plan.spec, device_name(plan.platform), Remembered(plan.algorithm, {}))

    def choices(self) -> dict[str, Remembered]:
        """All that is known, and what the folder holds, by key (`remembered.asked_in` reads one)."""
        found = dict(self._known)
        for file in self._files():
            entry = self._read(file)
            if entry is not None and (entry[0] not in found or entry[1].date > found[entry[0]].date):
                found[entry[0]] = entry[1]
        return found

    def save(self, path: pathlib.Path | str) -> int:
        """Write all choices as one file, to ship or to load elsewhere; returns their number."""
        entries = {key: choice.to_plain() for key, choice in self.choices().items()}
        write_whole(pathlib.Path(path), {"format": FORMAT, "entries": entries})
        return len(entries)

    def load(self, path: pathlib.Path | str) -> int:
        """Take over what a file of `save` holds; of two measurements the younger stays.

        A file (or what in it) cannot be understood is passed over with one warning.

        Returns:
            The number of choices that were taken over.

        Raises:
            OSError: There is no such file, or no access to it.
        """
        path, loaded, refused = pathlib.Path(path), Wisdom(), []
        try:
            plain = json.loads(path.read_text("utf-8"))
            if plain["format"] != FORMAT:
                raise ValueError(f"its format is {plain['format']!r}, and this version reads {FORMAT}")
            entries = dict(plain["entries"])
        except OSError:
            raise
        except UNREADABLE as error:
            _warn(f"{path} cannot be read as wisdom and is passed over ({_reason(error)})")
            return 0
        for key, entry in entries.items():
            try:
                asked_in(key)
                loaded._known[key] = Remembered.from_plain(entry)
            except UNREADABLE as error:
                refused.append(_reason(error))
        if refused:
            _warn(f"{len(refused)} of {len(entries)} choices in {path} are passed over ({refused[0]})")
        return self.merge(loaded)

    def merge(self, other: Wisdom) -> int:
        """Take over what another store knows; of two measurements the younger stays.

        Returns:
            The number of choices that were taken over.
        """
        mine, theirs = self.choices(), other.choices()
        younger = [key for key, choice in theirs.items() if key not in mine or choice.date > mine[key].date]
        for key in younger:
            self._keep(key, theirs[key])
        return len(younger)

    def forget(self) -> None:
        """Drop everything, the files too."""
        self._known.clear()
        self._answers.clear()
        self._complained.clear()
        for file in self._files():
            file.unlink(missing_ok=True)
        if self.folder is not None:
            remove_leftovers(self.folder)

    def __len__(self) -> int:
        return len(self.choices())

    def _files(self) -> list[pathlib.Path]:
        return [] if self.folder is None else sorted(self.folder.glob("*.json"))

    def _file(self, key: str) -> pathlib.Path | None:
        return None if self.folder is None else self.folder / f"{digest(key)}.json"

    def _keep(self, key: str, choice: Remembered) -> None:
        self._known[key] = choice
        self._answers.clear()
        file = self._file(key)
        if file is None:
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, {"format": FORMAT, "key": key, **choice.to_plain()})
        except OSError as error:
            self._complain(file.parent, f"cannot be written to ({error.strerror}); choices last only for this process")

    def _read(self, file: pathlib.Path | None) -> tuple[str, Remembered] | None:
        if file is None:
            return None
        try:
            plain = json.loads(file.read_text("utf-8"))
            asked_in(plain["key"])
            if plain["format"] != FORMAT or file.name != f"{digest(plain['key'])}.json":
                raise ValueError("it is of another format or convolution than its name says")
            return plain["key"], Remembered.from_plain(plain)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UNREADABLE as error:
            self._complain(file, f"cannot be read and is passed over ({_reason(error)}); convax.tune measures it again")
            return None

    def _complain(self, path: pathlib.Path, what: str) -> None:
        if path not in self._complained:
            self._complained.add(path)
            _warn(f"wisdom: {path} {what}")


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=4)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


class _Innermost(threading.local):
    """What `use_wisdom` set, per thread, as JAX keeps its own settings."""

    wisdom: Wisdom | None = None


_innermost = _Innermost()
# Part of the key of JAX's caches: what was compiled under one wisdom is compiled anew under another.
_jit_context = jax.make_user_context(None)  # type: ignore[no-untyped-call, unused-ignore]
_default: Wisdom | None = None


def active_wisdom() -> Wisdom:
    """The wisdom that planning consults: that of the innermost `use_wisdom`, else the user's."""
    global _default
    if _innermost.wisdom is not None:
        return _innermost.wisdom
    if _default is None:
        _default = Wisdom(wisdom_folder())
    return _default


@contextlib.contextmanager
def use_wisdom(wisdom: Wisdom) -> Iterator[Wisdom]:
    """Plan by `wisdom` within a `with` block.

    Functions that were compiled outside are compiled anew inside, and the other way round. A function that was
    compiled by the same wisdom keeps its choices, even if the wisdom has learnt since.

    Example:
        >>> with use_wisdom(Wisdom()) as nothing_remembered:
        ...     len(nothing_remembered)
        0
    """
    outer, _innermost.wisdom = _innermost.wisdom, wisdom
    try:
        with _jit_context(wisdom):
            yield wisdom
    finally:
        _innermost.wisdom = outer
