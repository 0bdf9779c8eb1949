"""Recordings in NumPy's .npy files and in .csv files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convax.cli.failure import CommandError
from convax.cli.recording import Recording, Written

__all__ = ["read_csv", "read_npy", "write_csv", "write_npy"]

DELIMITERS = (",", ";", "\t")

# Subtype and full scale for an array that is written as audio later.
AUDIO_OF_DTYPE = {
    "int8": ("PCM_S8", 2.0**7),
    "int16": ("PCM_16", 2.0**15),
    "int32": ("PCM_32", 2.0**31),
    "float64": ("DOUBLE", 1.0),
}


def read_npy(path: Path) -> Recording:
    """Reads an array of shape (frames,) or (frames, channels)."""
    try:
        samples = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise CommandError(f"{path} cannot be read as an array: {error}") from error
    if not isinstance(samples, np.ndarray) or samples.dtype.kind not in "biufc":
        raise CommandError(f"{path} does not hold an array of numbers")
    return _recording(path, samples, "NPY", ())


def read_csv(path: Path) -> Recording:
    """Reads one frame a line and one channel a column, with or without a first line of names."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            first, second = lines.readline(), lines.readline()
        delimiter = next((sign for sign in DELIMITERS if sign in (second or first)), None)
        words = tuple(word.strip().strip('"') for word in first.split(delimiter))
        # A line with any number in it is data, or broken data, and not for us to skip.
        labels = () if any(_is_number(word) for word in words) else words
        if not first.strip() or (labels and not second.strip()):
            return _recording(path, np.empty((0, 0)), "CSV", ())
        samples = np.loadtxt(path, delimiter=delimiter, skiprows=1 if labels else 0, ndmin=2, encoding="utf-8-sig")
    except ValueError as error:  # UnicodeDecodeError is one too
        raise CommandError(f"{path} cannot be read as numbers: {error}") from error
    return _recording(path, samples[:, 0] if samples.shape[1] == 1 else samples, "CSV", labels)


def write_npy(path: Path, recording: Recording) -> Written:
    """Writes the samples in their own dtype, with as many axes as the input had."""
    samples = recording.samples
    plain = recording.channels == 1 and recording.rank == 1
    with path.open("wb") as file:
        np.save(file, samples[:, 0] if plain else samples, allow_pickle=False)
    return Written(f"NPY {samples.dtype.name}")


def write_csv(path: Path, recording: Recording) -> Written:
    """Writes one frame a line, with as many digits as the dtype needs to be read back unchanged."""
    samples = recording.samples
    if samples.dtype.kind == "c":
        raise CommandError("complex samples have no place in a .csv file: write to .npy")
    digits = {"b": "%d", "i": "%d", "u": "%d"}.get(samples.dtype.kind, "%.17g" if samples.itemsize > 4 else "%.9g")
    header = ",".join(recording.labels)
    np.savetxt(path, samples, fmt=digits, delimiter=",", header=header, comments="", encoding="utf-8")
    return Written(f"CSV {samples.dtype.name}")


def _recording(path: Path, samples: np.ndarray[Any, Any], container: str, labels: tuple[str, ...]) -> Recording:
    if samples.ndim not in (1, 2):
        raise CommandError(
            f"{path} has the shape {samples.shape}: a recording has the shape (frames,) or (frames, channels)"
        )
    rank = samples.ndim
    if rank == 1:
        samples = samples[:, np.newaxis]
    elif samples.shape[0] == 1:
        # One frame of many channels means nothing to a filter along time; a single row is a signal laid flat.
        samples, rank = samples.T, 1
    subtype, full_scale = AUDIO_OF_DTYPE.get(samples.dtype.name, ("FLOAT", 1.0))
    return Recording(samples, None, container, subtype, rank, full_scale, labels)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
