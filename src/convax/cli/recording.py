"""A recording: samples, their rate, and the kind of file they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from convax.cli.failure import CommandError

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "ARRAYS",
    "Bar",
    "NoBar",
    "Recording",
    "Written",
    "container_of",
    "read_recording",
    "write_recording",
]

CONTAINERS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".npy": "NPY", ".csv": "CSV"}
ARRAYS = ("NPY", "CSV")


class Bar(Protocol):
    """Whoever is told how far a long piece of work has come."""

    def expect(self, total: int) -> None:
        """There will be so many steps."""

    def advance(self, steps: int) -> None:
        """So many more are done."""


class NoBar:
    """A bar that nobody sees."""

    def expect(self, total: int) -> None:
        pass

    def advance(self, steps: int) -> None:
        pass


@dataclass(frozen=True, eq=False)
class Recording:
    """Samples and what is known about them.

    Attributes:
        samples: Shape (frames, channels), in the dtype that the convolution is to be computed in.
        rate: Sample rate in Hz, or None where the file cannot say (.npy, .csv).
        container: "WAV", "WAVEX", "RF64", "FLAC", "OGG", "NPY" or "CSV".
        subtype: How an audio file stores a sample, in libsndfile's words: "PCM_16", "FLOAT", "VORBIS", ...
        rank: Axes that it has as an array: 1 for a plain row of samples, 2 with an axis for channels.
        full_scale: The value that full scale stands for: 1, or 2**(bits - 1) for integer arrays.
        labels: Names of the columns of a .csv file, if it had a first line of words.
    """

    samples: np.ndarray[Any, Any]
    rate: float | None
    container: str
    subtype: str | None = None
    rank: int = 2
    full_scale: float = 1.0
    labels: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        return int(self.samples.shape[0])

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    def with_samples(self, samples: np.ndarray[Any, Any]) -> Recording:
        """The same recording with other samples."""
        return replace(self, samples=samples)

    def __str__(self) -> str:
        parts = [f"{_count(self.frames, 'frame')} of {_count(self.channels, 'channel')}"]
        if self.rate is not None:
            parts.append(f"{self.rate:,.10g} Hz, {self.frames / self.rate:.3f} s")
        parts.append(f"{self.container} {self.subtype or self.samples.dtype.name}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Written:
    """What was written, and what had to be given up for it.

    Attributes:
        description: Container and subtype.
        beyond: Number of samples beyond full scale.
        clipped: Whether those samples were cut off (integer subtypes) instead of kept.
        silenced: Number of samples that were not finite and became 0, because the subtype has no such value.
        peak: The largest finite absolute sample, where 1 is full scale.
    """

    description: str
    beyond: int = 0
    clipped: bool = False
    silenced: int = 0
    peak: float = 0.0


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


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
