"""Files of this user: written whole or not at all, in a folder of their own."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

__all__ = ["UNREADABLE", "remove_leftovers", "replacing", "users_folder", "write_whole"]

# What reading a damaged file raises: no access, no UTF-8, no JSON, or JSON of another shape.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
LEFTOVER_AGE = 60.0  # seconds; a temporary file that is older belongs to a process that was killed


def users_folder(variable: str, kind: Literal["cache", "data"]) -> pathlib.Path | None:
    """The folder that an environment variable names ("off" for none), else the user's own of this kind; None for none.

    Without the package platformdirs (part of `convax[cli]`) nothing is kept on disk.
    """
    named = os.environ.get(variable)
    if named:
        return None if named == "off" else pathlib.Path(named).expanduser()
    try:
        import platformdirs
    except ModuleNotFoundError:
        return None
    find = platformdirs.user_cache_path if kind == "cache" else platformdirs.user_data_path
    return pathlib.Path(find("convax", appauthor=False))


@contextlib.contextmanager
def replacing(target: pathlib.Path, ending: str = "") -> Iterator[pathlib.Path]:
    """Yields a temporary path in the target's folder, and renames it to the target once the block succeeds.

    Whatever ends the block early (an error, Ctrl-C) removes the temporary file and leaves the target alone.
    The folder is the target's own, because only within one file system is a rename atomic.

    Args:
        target: The file to write; it may be there already.
        ending: Of the temporary file's name, for those who tell a format by it.
    """
    target = target.resolve()  # through a symbolic link, so that the link survives
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part{ending}")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: pathlib.Path, plain: Mapping[str, Any]) -> None:
    """Write data as JSON, as `replacing` writes.

    Raises:
        OSError: The folder is missing or cannot be written to.
    """
    # A row of numbers on a line of its own; else each number would have one.
    text = re.sub(r"\[[-+.,\deE\s]+\]", lambda row: " ".join(row[0].split()), json.dumps(plain, indent=1))
    with replacing(path) as temporary, temporary.open("x", encoding="utf-8") as file:
        file.write(f"{text}\n")


def remove_leftovers(folder: pathlib.Path) -> None:
    """Remove the temporary files of processes that were killed while writing."""
    for file in folder.glob(".*.part"):
        try:
            if time.time() - file.stat().st_mtime > LEFTOVER_AGE:
                file.unlink()
        except FileNotFoundError:
            continue  # renamed or removed meanwhile by whoever wrote it
