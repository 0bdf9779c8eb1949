"""Recordings in .wav, .flac and .ogg files, through libsndfile."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from convax.cli.failure import CommandError
from convax.cli.recording import Bar, Recording, Written

__all__ = ["nearest_subtype", "read_audio", "whole_rate", "write_audio"]

BLOCK_FRAMES = 1 << 16  # a moving bar; also, libsndfile's Vorbis encoder wants its samples in small portions
WAV_FAMILY = ("WAV", "WAVEX", "RF64")
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
BITS |= {"ULAW": 16, "ALAW": 16, "IMA_ADPCM": 16, "MS_ADPCM": 16}  # coded from 16 bits

# float32 holds 24 bits, so a sum of it is no longer good to the last bit of these.
WIDE = ("PCM_24", "PCM_32", "DOUBLE")

# The subtype that loses least where the container lacks the wished one; "" is for any other.
NEAREST = {
    "WAV": {"PCM_S8": "PCM_U8", "": "FLOAT"},
    "FLAC": {"PCM_U8": "PCM_S8", "ULAW": "PCM_16", "ALAW": "PCM_16", "": "PCM_24"},
    "OGG": {"": "VORBIS"},
}


def read_audio(path: Path, bar: Bar) -> Recording:
    """Reads a whole audio file, full scale being 1."""
    soundfile = _soundfile()
    try:
        with soundfile.SoundFile(path) as file:
            dtype = "float64" if file.subtype in WIDE else "float32"
            samples = np.empty((file.frames, file.channels), dtype)
            bar.expect(file.frames)
            done = 0
            while done < file.frames:
                block = file.read(out=samples[done : done + BLOCK_FRAMES])
                if len(block) == 0:
                    raise CommandError(f"{path} is cut off: it ends after {done:,} of {file.frames:,} frames")
                done += len(block)
                bar.advance(len(block))
            rank = 1 if file.channels == 1 else 2
            return Recording(samples, float(file.samplerate), file.format, file.subtype, rank)
    except soundfile.SoundFileError as error:
        raise CommandError(f"{path} cannot be read as audio: {error}") from error


def write_audio(path: Path, container: str, recording: Recording, bar: Bar) -> Written:
    """Writes an audio file in the recording's own subtype, or in the nearest that the container has.

    Samples of integer subtypes are rounded here: libsndfile would truncate them, a bias of half a step.
    """
    soundfile = _soundfile()
    rate = whole_rate(recording.rate)
    if recording.samples.dtype.kind == "c":
        raise CommandError("complex samples have no place in an audio file: write to .npy")
    if container == "WAV" and recording.container in WAV_FAMILY:
        container = recording.container
    subtype = nearest_subtype(container, recording.subtype)
    bits = BITS.get(subtype)
    beyond = silenced = 0
    peak = 0.0
    try:
        with soundfile.SoundFile(
            path, "w", samplerate=rate, channels=recording.channels, format=container, subtype=subtype
        ) as file:
            for start in range(0, recording.frames, BLOCK_FRAMES):
                block = recording.samples[start : start + BLOCK_FRAMES].astype(np.float64) / recording.full_scale
                lost = ~np.isfinite(block)
                silenced += int(lost.sum())
                finite = np.where(lost, 0.0, block)
                stored = finite if bits is None else _quantised(finite, bits)
                lowest, largest = _limits(bits)
                beyond += int(np.sum((finite < lowest) | (finite > largest)))
                peak = max(peak, float(np.abs(finite).max()))
                # Only the two float subtypes can say "not a number".
                file.write(block if subtype in ("FLOAT", "DOUBLE") else stored)
                bar.advance(len(block))
    except soundfile.SoundFileError as error:
        raise CommandError(f"{container} {subtype} at {rate} Hz cannot be written: {error}") from error
    silenced = 0 if subtype in ("FLOAT", "DOUBLE") else silenced
    return Written(f"{container} {subtype}", beyond, bits is not None, silenced, peak)


def whole_rate(rate: float | None) -> int:
    """The sample rate as an audio file states it.

    Raises:
        CommandError: If there is none, or it is no whole number.
    """
    if rate is None:
        raise CommandError("an audio file needs a sample rate, and the input has none: add --sample-rate HZ")
    if rate != int(rate):
        raise CommandError(f"an audio file needs a whole sample rate, not {rate:g} Hz: write to .npy or .csv")
    return int(rate)


def nearest_subtype(container: str, wished: str | None) -> str:
    """The wished subtype if the container can hold it, otherwise the one that loses least."""
    nearest = NEAREST["WAV" if container in WAV_FAMILY else container]
    if wished is not None and wished not in nearest and _soundfile().check_format(container, wished):
        return wished
    return nearest.get(wished or "", nearest[""])


def _quantised(samples: np.ndarray[Any, Any], bits: int) -> np.ndarray[Any, Any]:
    steps = 2.0 ** (bits - 1)
    rounded = np.clip(np.rint(samples * steps), -steps, steps - 1)
    # libsndfile takes 16 or 32 bits and keeps the upper ones.
    width = 16 if bits <= 16 else 32
    return (rounded * 2.0 ** (width - bits)).astype(np.int16 if width == 16 else np.int32)


def _limits(bits: int | None) -> tuple[float, float]:
    if bits is None:
        return -1.0, 1.0
    # Up to half a step beyond its outermost values an integer still rounds to them: that is not clipping.
    half = 2.0**-bits
    return -1.0 - half, 1.0 - half


def _soundfile() -> ModuleType:
    try:
        import soundfile
    except ImportError as error:
        raise CommandError('audio files need soundfile: pip install "convax[audio]", or use .npy or .csv') from error
    except OSError as error:  # the Python part is there, libsndfile is not
        raise CommandError(f"audio files need libsndfile, which soundfile cannot load: {error}") from error
    module: ModuleType = soundfile
    return module
