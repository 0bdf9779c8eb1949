"""Somebody's function: found in a file or in a module, imported, and what it raises said in one line."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import os
import re
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convax.cli.failure import TERMINATED, CommandError, one_line

__all__ = ["Imported", "Place", "function_of", "parse_target", "said", "searching"]

FORMS = "give FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION, such as model.py:forward"
SHOWN = 5  # names of functions in an error


@dataclass(frozen=True)
class Place:
    """Where a function is.

    Attributes:
        where: The file or the module, as it was typed.
        name: Of the function; may have dots.
        file: The file, if it is one.
    """

    where: str
    name: str
    file: Path | None

    @property
    def folder(self) -> Path:
        """Where imports start: the file's own folder, as for a script; else the working folder, as for `python -m`."""
        return Path.cwd() if self.file is None else self.file.resolve().parent


@dataclass(frozen=True)
class Imported:
    """A function, ready to be called.

    Attributes:
        function: Itself.
        name: How to speak of it.
        folder: Of the file that it comes from, or None.
    """

    function: Callable[..., Any]
    name: str
    folder: Path | None


def parse_target(text: str) -> Place:
    """Reads where a function is.

    >>> parse_target("numpy.fft:rfft")
    Place(where='numpy.fft', name='rfft', file=None)

    Raises:
        CommandError: If it is not written so, or the file does not exist.
    """
    where, _, name = text.rpartition(":")
    if not where or not all(part.isidentifier() for part in name.split(".")):
        raise CommandError(f"{text} names no function: {FORMS}")
    if not (where.endswith(".py") or "/" in where or os.sep in where):
        return Place(where, name, None)
    file = Path(where)
    if not file.exists():
        raise CommandError(f"{where} does not exist: {FORMS}")
    if not file.is_file() or file.suffix != ".py":
        raise CommandError(f"{where} is not a file of Python: {FORMS}")
    return Place(where, name, file)


@contextlib.contextmanager
def searching(place: Place) -> Iterator[None]:
    """Lets imports start at the function's folder while the block runs."""
    before = list(sys.path)
    sys.path.insert(0, str(place.folder))
    try:
        yield
    finally:
        sys.path[:] = before


def function_of(place: Place) -> Imported:
    """Imports the module and finds the function in it.

    Raises:
        CommandError: If the module raises, has no such function, or what it has cannot be called.
    """
    module = _module_of(place)
    found: Any = module
    for part in place.name.split("."):
        if not hasattr(found, part):
            raise CommandError(f"{place.where} has no function {place.name}{_instead(place.name, module)}")
        found = getattr(found, part)
    if isinstance(found, type) or not callable(found):
        kind = "a class" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise CommandError(
            f"{place.where}:{place.name} is {kind} and not a function{_instead(place.name, module, near=False)}"
        )
    file = getattr(module, "__file__", None)
    return Imported(found, f"{place.where}:{place.name}", None if file is None else Path(file).resolve().parent)


def said(error: BaseException, folder: Path | None) -> str:
    """What an exception says, in one line, and where in the folder it was raised."""
    where = _where(error, folder)
    text = one_line(error)
    if text is None:
        # JAX's errors go on for paragraphs; their first line says what is the matter.
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        lines = [line for line in message.splitlines() if line.strip()]
        text = f"{type(error).__name__}: {' '.join(lines[0].split()).rstrip('.')}" if lines else type(error).__name__
    return f"{where}: {text}" if where else text


def _module_of(place: Place) -> types.ModuleType:
    try:
        return importlib.import_module(place.where) if place.file is None else _load(place.file)
    except ModuleNotFoundError as error:
        if place.file is None and error.name and f"{place.where}.".startswith(f"{error.name}."):
            raise CommandError(f"there is no module {error.name}: {FORMS}") from error
        raise _unimportable(place, error) from error
    except SystemExit as error:
        if error.code == TERMINATED:
            raise
        raise _unimportable(place, error) from error
    except Exception as error:
        raise _unimportable(place, error) from error


def _load(file: Path) -> types.ModuleType:
    """Runs a file as a module whose name no other module can have."""
    name = re.sub(r"\W", "_", f"_inspected_{file.resolve()}")
    spec = importlib.util.spec_from_file_location(name, file.resolve())
    assert spec is not None and spec.loader is not None, "it ends in .py"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _unimportable(place: Place, error: BaseException) -> CommandError:
    repair = "mend that first"
    if isinstance(error, SystemExit):
        repair = 'keep what runs as a program under if __name__ == "__main__"'
    elif isinstance(error, ImportError) and "relative import" in str(error):
        repair = "name it as PACKAGE.MODULE:FUNCTION, since it belongs to a package"
    elif isinstance(error, ModuleNotFoundError):
        repair = "install that, or run where it is found"
    spec = None if place.file is not None else _spec_of(place.where)
    folder = place.folder if spec is None else spec
    return CommandError(f"{place.where} raises when it is imported: {said(error, folder)}; {repair}")


def _spec_of(module: str) -> Path | None:
    """The folder of a module that cannot be imported."""
    with contextlib.suppress(Exception):
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).resolve().parent
    return None


def _where(error: BaseException, folder: Path | None) -> str:
    """The innermost line of that folder's files that the error came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _parent(frame.filename) == folder]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames and folder else ""


def _parent(filename: str) -> Path:
    return Path(filename).resolve().parent


def _instead(name: str, module: types.ModuleType, *, near: bool = True) -> str:
    """What to write instead: the nearest name, else a few of those that there are."""
    functions = [
        key
        for key, value in vars(module).items()
        if callable(value) and not isinstance(value, type) and not key.startswith("_")
    ]
    nearest = difflib.get_close_matches(name, functions, n=1) if near else []
    if nearest:
        return f": did you mean {nearest[0]}?"
    own = [key for key in functions if getattr(vars(module)[key], "__module__", None) == module.__name__]
    names = own or functions
    if not names:
        return ", and no function at all: define one"
    return f": it has {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}"
