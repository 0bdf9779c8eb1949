"""A recording: samples, their rate, and the kind of file they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Bar", "NoBar", "Recording", "Written"]


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


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
