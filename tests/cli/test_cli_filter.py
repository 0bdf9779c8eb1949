"""`convax filter`: the values it writes, and what it says about them."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from scipy import signal

from convax.cli import filtering


def gain_in_decibels(before: np.ndarray, after: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """The gain from one recording to another: their cross spectrum over the first one's own spectrum."""
    welch = {"fs": rate, "nperseg": 8192, "axis": 0}
    frequencies, cross = signal.csd(before, after, **welch)
    _, own = signal.welch(before, **welch)
    return frequencies, 20 * np.log10(np.abs(cross.mean(1)) / own.mean(1))


def test_lowpass_removes_60_decibels_and_keeps_the_pass_band(command, shipped, tmp_path) -> None:
    output = tmp_path / "low.flac"
    outcome = command("filter", shipped, "-o", output, "--lowpass", 1000)
    assert outcome.code == 0 and outcome.err == ""

    before, rate = soundfile.read(shipped)
    after, rate_after = soundfile.read(output)
    assert rate == rate_after and before.shape == after.shape
    assert soundfile.info(output).subtype == "PCM_16"
    frequencies, gain = gain_in_decibels(before, after, rate)
    kept = (frequencies >= 40) & (frequencies <= 800)
    assert np.abs(gain[kept]).max() < 0.5
    removed = (frequencies > 3900) & (frequencies < 4100)
    assert gain[removed].max() < -60
    # The plain ratio of the powers too, which holds the rounding to 16 bits against the filter.
    _, power_before = signal.welch(before, rate, nperseg=8192, axis=0)
    _, power_after = signal.welch(after, rate, nperseg=8192, axis=0)
    ratio = 10 * np.log10(power_after[removed].mean() / power_before[removed].mean())
    assert ratio < -60


def test_it_says_what_it_did(command, shipped, tmp_path) -> None:
    output = tmp_path / "low.flac"
    said = command("filter", shipped, "-o", output, "--lowpass", 1000).out
    assert "read    loop_mika.flac: 352,800 frames of 2 channels, 44,100 Hz, 8.000 s, FLAC PCM_16" in said
    assert "kernel  low-pass at 1,000 Hz" in said and "709 taps" in said
    assert "direct" in said and "shift_add" in said  # the plan, with all its candidates
    assert "filtering" in said and "planning and compiling" in said
    assert f"wrote   {output}: 352,800 frames, FLAC PCM_16" in said


@pytest.mark.parametrize(("mode", "frames"), [("full", 2030), ("same", 2000), ("valid", 1970)])
@pytest.mark.parametrize("suffix", ["npy", "csv"])
def test_kernel_from_a_file_is_numpys_convolution(command, signal_file, tmp_path, mode, frames, suffix) -> None:
    taps = np.random.default_rng(5).normal(size=31).astype(np.float32)
    kernel, output = tmp_path / f"taps.{suffix}", tmp_path / "out.npy"
    np.save(kernel, taps) if suffix == "npy" else np.savetxt(kernel, taps)
    assert command("filter", signal_file, "-o", output, "--kernel", kernel, "--mode", mode).code == 0
    written = np.load(output)
    expected = np.convolve(np.load(signal_file).astype(float), taps.astype(float), mode)
    assert written.shape == expected.shape == (frames,)
    np.testing.assert_allclose(written, expected, atol=2e-5)


@pytest.mark.parametrize("taps", [1, 2, 3, 4, 9, 10, 11, 12, 31])
def test_same_has_the_length_of_the_signal(command, tmp_path, taps) -> None:
    """Even kernels too, and kernels that are longer than the signal, where NumPy's "same" grows."""
    samples, kernel = np.arange(1.0, 11.0), np.random.default_rng(taps).normal(size=taps)
    np.save(tmp_path / "in.npy", samples)
    np.save(tmp_path / "k.npy", kernel)
    words = ["filter", tmp_path / "in.npy", "-o", tmp_path / "out.npy", "--kernel", tmp_path / "k.npy"]
    assert command(*words).code == 0
    first = (taps - 1) // 2
    expected = np.convolve(samples, kernel, "full")[first : first + 10]
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-12)
    if taps <= 10:
        np.testing.assert_array_equal(expected, np.convolve(samples, kernel, "same"))


@pytest.mark.parametrize("dtype", ["int16", "int32", "float64", "complex64"])
def test_arrays_keep_numpys_dtype(command, tmp_path, dtype) -> None:
    samples = (np.random.default_rng(1).normal(size=50) * 10).astype(dtype)
    kernel = np.array([1, -2, 3], dtype)
    np.save(tmp_path / "in.npy", samples)
    np.save(tmp_path / "k.npy", kernel)
    words = ["filter", tmp_path / "in.npy", "-o", tmp_path / "out.npy", "--kernel", tmp_path / "k.npy"]
    assert command(*words).code == 0
    written, expected = np.load(tmp_path / "out.npy"), np.convolve(samples, kernel, "same")
    assert written.dtype == expected.dtype
    np.testing.assert_allclose(written, expected, atol=1e-4 if dtype == "complex64" else 1e-12)


def test_a_kernel_for_each_channel(command, noise, tmp_path) -> None:
    kernels = np.random.default_rng(5).normal(size=(40, 2)) / 40
    soundfile.write(tmp_path / "in.wav", noise, 44_100, "DOUBLE")
    soundfile.write(tmp_path / "k.wav", kernels, 44_100, "DOUBLE")
    words = ["filter", tmp_path / "in.wav", "-o", tmp_path / "out.wav", "--kernel", tmp_path / "k.wav"]
    assert command(*words).code == 0
    written, _ = soundfile.read(tmp_path / "out.wav")
    for channel in range(2):
        expected = np.convolve(noise[:, channel], kernels[:, channel], "same")
        np.testing.assert_allclose(written[:, channel], expected, atol=1e-12)


def test_blocks_join_without_a_seam(command, signal_file, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(filtering, "BLOCK_FRAMES", 300)
    outcome = command("filter", signal_file, "-o", tmp_path / "out.npy", "--moving-average", 50, "--mode", "full")
    assert outcome.code == 0
    assert "each of 7 blocks of 300 frames" in outcome.out
    expected = np.convolve(np.load(signal_file), np.full(50, 1 / 50), "full")
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-6)


def test_a_requested_algorithm_is_used_and_an_unknown_one_refused(command, refused, signal_file, tmp_path) -> None:
    words = ["filter", signal_file, "-o", tmp_path / "out.npy", "--moving-average", 5, "--algorithm"]
    assert command(*words, "direct").code == 0
    (tmp_path / "out.npy").unlink()
    assert "sorcery" in refused(*words, "sorcery")
    assert not (tmp_path / "out.npy").exists()


def test_samples_that_are_not_finite_are_reported_and_stay_where_they_are(command, tmp_path) -> None:
    samples = np.ones(1000, np.float32)
    samples[500] = np.nan
    np.save(tmp_path / "in.npy", samples)
    outcome = command("filter", tmp_path / "in.npy", "-o", tmp_path / "out.npy", "--moving-average", 5)
    assert outcome.code == 0
    assert "warning 1 samples are not finite" in outcome.out
    assert np.flatnonzero(np.isnan(np.load(tmp_path / "out.npy"))).tolist() == [498, 499, 500, 501, 502]


def test_a_transposed_array_is_pointed_out(command, tmp_path) -> None:
    np.save(tmp_path / "in.npy", np.ones((2, 30)))
    outcome = command("filter", tmp_path / "in.npy", "-o", tmp_path / "out.npy", "--moving-average", 2)
    assert "warning 30 channels of 2 frames: is the array transposed?" in outcome.out
