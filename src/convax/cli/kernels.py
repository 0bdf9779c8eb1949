"""The kernels that `convax filter` convolves with: designed on the spot, or read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convax.cli.failure import CommandError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Kernel", "KernelChoice"]

ATTENUATION = 100.0  # dB in the stop band: just below the noise floor of 16 bits
TRANSITION = 0.4  # of the cutoff: the band between pass and stop goes from 0.8 to 1.2 of it
MOST_TAPS = 1_000_000


@dataclass(frozen=True, eq=False)
class Kernel:
    """An impulse response.

    Attributes:
        taps: Shape (taps,) for all channels, or (channels, taps).
        description: What it is, for the report.
    """

    taps: np.ndarray[Any, Any]
    description: str

    @property
    def length(self) -> int:
        return int(self.taps.shape[-1])


@dataclass(frozen=True)
class KernelChoice:
    """What the command line says about the kernel; exactly one of the first five is given.

    Attributes:
        file: A file that holds an impulse response.
        lowpass: Cutoff in Hz.
        highpass: Cutoff in Hz.
        bandpass: Both cutoffs in Hz.
        moving_average: Number of samples.
        taps: Number of taps of a designed filter; chosen from cutoff and sample rate if None.
    """

    file: Path | None = None
    lowpass: float | None = None
    highpass: float | None = None
    bandpass: tuple[float, float] | None = None
    moving_average: int | None = None
    taps: int | None = None

    def check(self) -> None:
        """Finds contradictions before any file is read.

        Raises:
            CommandError: If no kernel or more than one is given, or `taps` to one that has its own number.
        """
        given = {
            "--kernel": self.file,
            "--lowpass": self.lowpass,
            "--highpass": self.highpass,
            "--bandpass": self.bandpass,
            "--moving-average": self.moving_average,
        }
        named = [option for option, value in given.items() if value is not None]
        if not named:
            raise CommandError(f"no kernel is given: add one of {', '.join(given)}")
        if len(named) > 1:
            raise CommandError(f"{' and '.join(named)} are both kernels: keep one of them")
        if self.taps is not None and named[0] in ("--kernel", "--moving-average"):
            raise CommandError(f"--taps belongs to a designed filter; {named[0]} has its own length: leave it out")
        if self.taps is not None and not 1 <= self.taps <= MOST_TAPS:
            raise CommandError(f"--taps {self.taps} is not between 1 and {MOST_TAPS:,}")
        if self.taps is not None and self.taps % 2 == 0 and self.highpass is not None:
            raise CommandError(
                f"--taps {self.taps} is even, and a symmetric kernel of even length is 0 at the highest"
                f" frequency, which a high-pass must keep: use --taps {self.taps + 1}"
            )
        if self.moving_average is not None and not 1 <= self.moving_average <= MOST_TAPS:
            raise CommandError(f"--moving-average {self.moving_average} is not between 1 and {MOST_TAPS:,}")

    def make(self, rate: float | None, channels: int) -> Kernel:
        """Makes the kernel.

        Args:
            rate: The recording's sample rate in Hz, if known.
            channels: The recording's number of channels.

        Raises:
            CommandError: If the kernel does not fit the recording.
        """
        if self.file is not None:
            return _read(self.file, rate, channels)
        if self.moving_average is not None:
            return _moving_average(self.moving_average)
        if self.lowpass is not None:
            return _designed("lowpass", [self.lowpass], rate, self.taps)
        if self.highpass is not None:
            return _designed("highpass", [self.highpass], rate, self.taps)
        assert self.bandpass is not None, "check() has seen to it that one kernel is given"
        return _designed("bandpass", self.bandpass, rate, self.taps)


def _moving_average(samples: int) -> Kernel:
    import numpy as np

    return Kernel(np.full(samples, 1.0 / samples), f"moving average over {samples:,} samples")


def _designed(kind: str, cutoffs: Sequence[float], rate: float | None, taps: int | None) -> Kernel:
    option = f"--{kind} {' '.join(f'{cutoff:g}' for cutoff in cutoffs)}"
    if rate is None:
        raise CommandError(f"{option} is in Hz, and the recording has no sample rate: add --sample-rate HZ")
    nyquist = rate / 2
    for cutoff in cutoffs:
        if not cutoff > 0:
            raise CommandError(f"{option}: the cutoff must be above 0 Hz, and {cutoff:g} is not")
        if cutoff >= nyquist:
            raise CommandError(
                f"{option}: {cutoff:g} Hz is not below {nyquist:g} Hz, the highest frequency at a sample rate"
                f" of {rate:g} Hz: use a cutoff below {nyquist:g}"
            )
    if len(cutoffs) == 2 and cutoffs[0] >= cutoffs[1]:
        low, high = sorted(cutoffs)
        repair = f"use --bandpass {low:g} {high:g}" if low < high else "use two different cutoffs"
        raise CommandError(f"{option}: the first cutoff is not below the second: {repair}")

    import numpy as np
    from scipy.signal import firwin, kaiser_beta

    # The transition must fit beside the cutoff on both sides: above 0 Hz, below Nyquist, inside the band.
    room = float(np.diff([0.0, *cutoffs, nyquist]).min())
    # Kaiser's formula: taps times width of the transition is a constant.
    taps_times_width = (ATTENUATION - 7.95) / (2.285 * np.pi) * nyquist
    wished = taps_times_width / (TRANSITION * room)
    if taps is None:
        if wished > MOST_TAPS:
            raise CommandError(
                f"{option}: a filter this narrow at {rate:g} Hz has {wished:,.0f} taps, more than"
                f" {MOST_TAPS:,}: say --taps N, or lower the sample rate first"
            )
        taps = 2 * int(np.ceil(wished / 2)) + 1  # odd, so that SAME delays by whole samples
    coefficients = firwin(taps, cutoffs, window=("kaiser", kaiser_beta(ATTENUATION)), pass_zero=kind, fs=rate)
    names = {"lowpass": "low-pass", "highpass": "high-pass", "bandpass": "band-pass"}
    edges = " to ".join(f"{cutoff:,.6g} Hz" for cutoff in cutoffs)
    half = taps_times_width / max(taps - 1, 1) / 2
    quality = (
        f"-6 dB at the cutoff, {ATTENUATION:g} dB from {half:,.3g} Hz beyond it"
        if half < room
        else f"too short to cut cleanly there ({np.ceil(wished):,.0f} taps do)"
    )
    return Kernel(coefficients, f"{names[kind]} at {edges}, {quality}")


def _read(path: Path, rate: float | None, channels: int) -> Kernel:
    from convax.cli.files import read_recording
    from convax.cli.recording import NoBar

    response = read_recording(path, NoBar())
    if rate is not None and response.rate is not None and response.rate != rate:
        raise CommandError(
            f"the kernel {path} has a sample rate of {response.rate:g} Hz and the recording {rate:g} Hz:"
            " resample one of them"
        )
    if response.channels not in (1, channels):
        expected = "1" if channels == 1 else f"1 or {channels}"
        raise CommandError(
            f"the kernel {path} has {response.channels} channels and the recording {channels}: it must have {expected}"
        )
    samples = response.samples
    taps = samples[:, 0] if response.channels == 1 else samples.T
    if samples.dtype.kind in "fc":
        import numpy as np

        if not np.isfinite(samples).all():
            raise CommandError(f"the kernel {path} holds values that are not finite: replace them")
    return Kernel(taps, f"{path.name}: {response}")
