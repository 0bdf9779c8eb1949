"""The designed filters do what their names say, at any cutoff and any rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import freqz

from convax.cli.kernels import KernelChoice


def gain_in_decibels(taps: np.ndarray, frequencies: list[float], rate: float) -> np.ndarray:
    _, response = freqz(taps, worN=np.asarray(frequencies), fs=rate)
    return 20 * np.log10(np.maximum(np.abs(response), 1e-12))


@pytest.mark.parametrize("rate", [360.0, 8_000.0, 44_100.0, 96_000.0])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_lowpass_and_highpass_mirror_each_other(rate, share) -> None:
    nyquist = rate / 2
    cutoff = share * nyquist
    half = 0.2 * min(cutoff, nyquist - cutoff)
    below = list(np.linspace(0, cutoff - half, 50))
    above = list(np.linspace(cutoff + half, nyquist, 50))
    low = KernelChoice(lowpass=cutoff).make(rate, 1).taps
    high = KernelChoice(highpass=cutoff).make(rate, 1).taps
    assert len(low) % 2 == len(high) % 2 == 1
    assert np.abs(gain_in_decibels(low, below, rate)).max() < 0.1
    assert gain_in_decibels(low, above, rate).max() < -90
    assert np.abs(gain_in_decibels(high, above, rate)).max() < 0.1
    assert gain_in_decibels(high, below, rate).max() < -90
    assert gain_in_decibels(low, [cutoff], rate)[0] == pytest.approx(-6, abs=0.1)


def test_bandpass_keeps_the_band_alone() -> None:
    taps = KernelChoice(bandpass=(300.0, 3400.0)).make(44_100.0, 1).taps
    assert np.abs(gain_in_decibels(taps, list(np.linspace(380, 3300, 50)), 44_100)).max() < 0.1
    assert gain_in_decibels(taps, [0, 50, 200, 3600, 4000, 20_000], 44_100).max() < -90


def test_taps_are_taken_as_they_are() -> None:
    assert KernelChoice(lowpass=1000.0, taps=64).make(44_100.0, 1).length == 64
    assert KernelChoice(highpass=1000.0, taps=63).make(44_100.0, 1).length == 63


def test_too_few_taps_are_pointed_out() -> None:
    assert "too short to cut cleanly" in KernelChoice(lowpass=100.0, taps=31).make(44_100.0, 1).description
    assert "100 dB from" in KernelChoice(lowpass=100.0).make(44_100.0, 1).description


def test_moving_average_is_a_mean() -> None:
    np.testing.assert_allclose(KernelChoice(moving_average=4).make(None, 1).taps, [0.25] * 4)
