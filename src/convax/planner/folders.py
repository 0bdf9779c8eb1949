"""Where measurements are kept: one folder of this user, with a place for wisdom and one for prices of devices.

Files appear whole or not at all: they are written under a temporary name and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

__all__ = ["UNREADABLE", "calibration_file", "digest", "remove_leftovers", "wisdom_folder", "write_whole"]

# What reading a damaged file raises: no access, no UTF-8, no JSON, or JSON of another shape.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
# The number changes with the form of the files; a version that writes another form uses another folder.
WISDOM = "wisdom-1"
DEVICES = "devices-2"
LEFTOVER_AGE = 60.0  # seconds; a temporary file that is older belongs to a process that was killed


def wisdom_folder() -> pathlib.Path | None:
    """Where wisdom is kept, or None for nowhere."""
    folder = _users_folder()
    return None if folder is None else folder / WISDOM


def calibration_file(device: str) -> pathlib.Path | None:
    """Where this user's own prices of a device are kept (the file need not exist), or None for nowhere.

    Args:
        device: The device in words, as `device_name` gives it.
    """
    folder = _users_folder()
    if folder is None:
        return None
    words = re.sub(r"[^a-z0-9]+", "-", device.split(", jaxlib")[0].lower()).strip("-")[:40]
    return folder / DEVICES / f"{words}-{digest(device)[:12]}.json"


def _users_folder() -> pathlib.Path | None:
    """$CONVAX_WISDOM ("off" for none), else the user's cache folder.

    Without the package platformdirs (part of `convax[cli]`) nothing is kept on disk.
    """
    named = os.environ.get("CONVAX_WISDOM")
    if named:
        return None if named == "off" else pathlib.Path(named).expanduser()
    try:
        import platformdirs
    except ModuleNotFoundError:
        return None
    return pathlib.Path(platformdirs.user_cache_dir("convax", appauthor=False))


def digest(text: str) -> str:
    """A name for a file, made of a text that is too long for one."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def write_whole(path: pathlib.Path, plain: Mapping[str, Any]) -> None:
    """Write data as JSON; whatever ends this early (an error, Ctrl-C) leaves the old file as it was.

    Raises:
        OSError: The folder is missing or cannot be written to.
    """
    # A row of numbers on a line of its own; else each number would have one.
    text = re.sub(r"\[[-+.,\deE\s]+\]", lambda row: " ".join(row[0].split()), json.dumps(plain, indent=1))
    path = path.resolve()  # through a symbolic link, so that the link survives
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(f"{text}\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: pathlib.Path) -> None:
    """Remove the temporary files of processes that were killed while writing."""
    for file in folder.glob(".*.part"):
        try:
            if time.time() - file.stat().st_mtime > LEFTOVER_AGE:
                file.unlink()
        except FileNotFoundError:
            continue  # renamed or removed meanwhile by whoever wrote it
