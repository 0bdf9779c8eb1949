"""Reading and writing a recording, by the kind of file that a path's suffix names."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

from convax.cli.failure import CommandError
from convax.cli.recording import Bar, Recording, Written

__all__ = ["ARRAYS", "container_of", "read_recording", "write_recording"]

CONTAINERS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".npy": "NPY", ".csv": "CSV"}
ARRAYS = ("NPY", "CSV")


def container_of(path: Path) -> str:
    """The kind of file that a path's suffix names.

    Raises:
        CommandError: If the suffix is none that can be read and written.
    """
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        suffix = f"has the suffix {path.suffix}" if path.suffix else "has no suffix"
        raise CommandError(f"{path} {suffix}: use one of {', '.join(CONTAINERS)}")
    return container


def read_recording(path: Path, bar: Bar, sample_rate: float | None = None) -> Recording:
    """Reads a file of any known kind.

    Args:
        path: The file; its suffix says what it is.
        bar: Told how many frames there are, and how many have been read.
        sample_rate: Rate in Hz for a file that states none.

    Raises:
        CommandError: If the file is missing, unreadable or empty, or if it states another rate.
    """
    container = container_of(path)
    if sample_rate is not None and not 0 < sample_rate < inf:
        raise CommandError(f"--sample-rate {sample_rate:g} is not above 0 Hz, or not finite")
    if not path.exists():
        raise CommandError(f"{path} does not exist")
    if not path.is_file():
        raise CommandError(f"{path} is not a file")
    if container in ARRAYS:
        from convax.cli.arrays import read_csv, read_npy

        recording = (read_npy if container == "NPY" else read_csv)(path)
    else:
        from convax.cli.audio import read_audio

        recording = read_audio(path, bar)
    if recording.frames == 0 or recording.channels == 0:
        raise CommandError(f"{path} is empty: {recording.frames} frames of {recording.channels} channels")
    if sample_rate is None:
        return recording
    if recording.rate is not None and recording.rate != sample_rate:
        raise CommandError(
            f"--sample-rate {sample_rate:g} disagrees with {path}, which states {recording.rate:g} Hz: leave it out"
        )
    return replace(recording, rate=sample_rate)


def write_recording(path: Path, container: str, recording: Recording, bar: Bar) -> Written:
    """Writes a recording to `path` as the kind of file that `container` names, whatever the path's suffix."""
    if container in ARRAYS:
        from convax.cli.arrays import write_csv, write_npy

        return (write_npy if container == "NPY" else write_csv)(path, recording)
    from convax.cli.audio import write_audio

    return write_audio(path, container, recording, bar)
