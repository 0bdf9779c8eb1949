"""Wisdom: choices that were measured, remembered between runs.

A store is a folder with one small file per convolution, named by a hash of what was measured. Each file is
written under a temporary name and renamed, so that two processes that measure at once, or one that is killed in
the middle, leave whole files only; a file that cannot be read is passed over with a warning.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from convax.algorithms import Algorithm, from_plain, to_plain
from convax.core.spec import ConvSpec

__all__ = ["Remembered", "Wisdom", "active_wisdom", "default_folder", "key_of", "use_wisdom"]

FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Remembered:
    """One measured choice.

    Args:
        algorithm: The fastest.
        seconds: What each measured algorithm took, by its printed name.
        date: Day of the measurement, in ISO form.
    """

    algorithm: Algorithm
    seconds: Mapping[str, float]
    date: str = dataclasses.field(default_factory=lambda: datetime.date.today().isoformat())

    def to_plain(self) -> dict[str, Any]:
        """As data for a file."""
        return {"algorithm": to_plain(self.algorithm), "seconds": dict(self.seconds), "date": self.date}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Remembered:
        """From a file's data; raises ValueError, KeyError or TypeError where it is not such data."""
        seconds = {str(name): float(value) for name, value in plain["seconds"].items()}
        return cls(from_plain(plain["algorithm"]), seconds, str(plain["date"]))


def key_of(spec: ConvSpec, device: str) -> str:
    """What a measurement holds for: the convolution with all that it depends on, and the device in words."""
    plain = dataclasses.asdict(spec)
    plain["precision"] = str(spec.precision)
    return json.dumps({"device": device, "spec": plain}, sort_keys=True)


class Wisdom:
    """Remembered choices, in memory and, where a folder is given, on disk.

    Args:
        folder: The store; None for memory only.
    """

    def __init__(self, folder: pathlib.Path | str | None = None) -> None:
        self.folder = None if folder is None else pathlib.Path(folder)
        self._known: dict[str, Remembered] = {}
        # Answers by what is asked; a key for the disk costs more than a plan should.
        self._answers: dict[tuple[ConvSpec, str], Remembered | None] = {}

    def recall(self, spec: ConvSpec, device: str) -> Remembered | None:
        """What was measured for `spec` on `device`, or None."""
        asked = (spec, device)
        if asked not in self._answers:
            key = key_of(spec, device)
            found = self._known.get(key)
            self._answers[asked] = found or (None if self.folder is None else _read(self._file(key)))
        return self._answers[asked]

    def remember(self, spec: ConvSpec, device: str, choice: Remembered) -> None:
        """Keep a measured choice, on disk too where there is a folder."""
        self._keep(key_of(spec, device), choice)

    def save(self, path: pathlib.Path | str) -> None:
        """Write all that is known, and what the folder holds, as one file to ship or to load elsewhere."""
        entries = {key: choice.to_plain() for key, choice in self._everything().items()}
        _write(pathlib.Path(path), {"format": FORMAT, "entries": entries})

    def load(self, path: pathlib.Path | str) -> int:
        """Take over what a file of `save` holds; returns the number of choices.

        A file (or a part of one) that cannot be read is passed over with a warning.
        """
        path = pathlib.Path(path)
        try:
            entries = dict(json.loads(path.read_text("utf-8"))["entries"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            _warn(path, error)
            return 0
        loaded = 0
        for key, plain in entries.items():
            try:
                self._keep(key, Remembered.from_plain(plain))
                loaded += 1
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                _warn(path, error)
        return loaded

    def merge(self, other: Wisdom) -> None:
        """Take over what another store knows; of two measurements the younger one stays."""
        mine = self._everything()
        for key, choice in other._everything().items():
            if key not in mine or choice.date >= mine[key].date:
                self._keep(key, choice)

    def forget(self) -> None:
        """Drop everything, the files too."""
        self._known.clear()
        self._answers.clear()
        for file in self._files():
            file.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._everything())

    def _everything(self) -> dict[str, Remembered]:
        found = dict(self._known)
        for file in self._files():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                plain = json.loads(file.read_text("utf-8"))
                found.setdefault(plain["key"], Remembered.from_plain(plain))
        return found

    def _files(self) -> list[pathlib.Path]:
        return sorted(self.folder.glob("*.json")) if self.folder is not None and self.folder.is_dir() else []

    def _file(self, key: str) -> pathlib.Path:
        assert self.folder is not None
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    def _keep(self, key: str, choice: Remembered) -> None:
        self._known[key] = choice
        self._answers.clear()
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self._file(key), {"format": FORMAT, "key": key, **choice.to_plain()})


def _read(file: pathlib.Path) -> Remembered | None:
    try:
        return Remembered.from_plain(json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _warn(file, error)
        return None


def _warn(path: pathlib.Path, error: Exception) -> None:
    warnings.warn(
        f"wisdom in {path} cannot be read and is passed over ({type(error).__name__}: {error}); convax.tune measures "
        "it again",
        UserWarning,
        stacklevel=4,
    )


def _write(path: pathlib.Path, plain: Mapping[str, Any]) -> None:
    """Write whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(plain, file, indent=1)
        os.replace(name, path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise


def default_folder() -> pathlib.Path | None:
    """Where wisdom is kept: $CONVAX_WISDOM ("off" for nowhere), else the user's cache folder.

    The folder of a version is apart from that of any other, since a new one may choose differently. Without the
    package platformdirs (part of `convax[cli]`) nothing is kept on disk.
    """
    named = os.environ.get("CONVAX_WISDOM")
    if named:
        return None if named == "off" else pathlib.Path(named)
    try:
        import platformdirs
    except ModuleNotFoundError:
        return None
    return pathlib.Path(platformdirs.user_cache_dir("convax", appauthor=False)) / f"wisdom-{FORMAT}"


_active: contextvars.ContextVar[Wisdom | None] = contextvars.ContextVar("convax_wisdom", default=None)
_default: Wisdom | None = None


def active_wisdom() -> Wisdom:
    """The wisdom that planning consults: that of the innermost `use_wisdom`, else the user's."""
    global _default
    chosen = _active.get()
    if chosen is not None:
        return chosen
    if _default is None:
        _default = Wisdom(default_folder())
    return _default


@contextlib.contextmanager
def use_wisdom(wisdom: Wisdom) -> Iterator[Wisdom]:
    """Plan by `wisdom` within a `with` block; functions that are compiled inside keep its choices.

    Example:
        >>> with use_wisdom(Wisdom()) as nothing_remembered:
        ...     len(nothing_remembered)
        0
    """
    token = _active.set(wisdom)
    try:
        yield wisdom
    finally:
        _active.reset(token)
