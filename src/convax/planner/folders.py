"""Where measurements are kept: one folder of this user, with a place for wisdom and one for prices of devices."""

from __future__ import annotations

import hashlib
import pathlib
import re

from convax.files import users_folder

__all__ = ["calibration_file", "digest", "wisdom_folder"]

VARIABLE = "CONVAX_WISDOM"
# The number changes with the form of the files; a version that writes another form uses another folder.
WISDOM = "wisdom-1"
DEVICES = "devices-3"


def wisdom_folder() -> pathlib.Path | None:
    """Where wisdom is kept, or None for nowhere."""
    folder = users_folder(VARIABLE, "cache")
    return None if folder is None else folder / WISDOM


def calibration_file(device: str) -> pathlib.Path | None:
    """Where this user's own prices of a device are kept (the file need not exist), or None for nowhere.

    Args:
        device: The device in words, as `device_name` gives it.
    """
    folder = users_folder(VARIABLE, "cache")
    if folder is None:
        return None
    words = re.sub(r"[^a-z0-9]+", "-", device.split(", jaxlib")[0].lower()).strip("-")[:40]
    return folder / DEVICES / f"{words}-{digest(device)[:12]}.json"


def digest(text: str) -> str:
    """A name for a file, made of a text that is too long for one."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
