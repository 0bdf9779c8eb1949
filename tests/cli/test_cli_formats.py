"""Files in, files out: what a recording is survives the way, and what cannot is reported."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest
import soundfile

IDENTITY = ["--moving-average", 1]


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        ("wav", "PCM_U8"),
        ("wav", "PCM_16"),
        ("wav", "PCM_24"),
        ("wav", "PCM_32"),
        ("wav", "FLOAT"),
        ("wav", "DOUBLE"),
        ("wav", "ULAW"),
        ("flac", "PCM_S8"),
        ("flac", "PCM_16"),
        ("flac", "PCM_24"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_identity_returns_the_same_samples(command, noise, tmp_path, suffix, subtype, channels) -> None:
    source, output = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    soundfile.write(source, noise[:, :channels], 22_050, subtype)
    assert command("filter", source, "-o", output, *IDENTITY).code == 0
    before, after = soundfile.info(source), soundfile.info(output)
    for fact in ("samplerate", "channels", "frames", "format", "subtype"):
        assert getattr(before, fact) == getattr(after, fact)
    np.testing.assert_array_equal(soundfile.read(source)[0], soundfile.read(output)[0])


def test_ogg_stays_vorbis(command, noise, tmp_path) -> None:
    source, output = tmp_path / "in.ogg", tmp_path / "out.ogg"
    soundfile.write(source, noise, 44_100)
    assert command("filter", source, "-o", output, "--lowpass", 2000).code == 0
    info = soundfile.info(output)
    assert (info.subtype, info.channels, info.samplerate) == ("VORBIS", 2, 44_100)
    assert abs(info.frames - len(noise)) < 100


@pytest.mark.parametrize(
    ("source", "output", "subtype"),
    [
        ("PCM_16 wav", "flac", "PCM_16"),
        ("PCM_24 wav", "flac", "PCM_24"),
        ("FLOAT wav", "flac", "PCM_24"),
        ("PCM_U8 wav", "flac", "PCM_S8"),
        ("PCM_S8 flac", "wav", "PCM_U8"),
        ("PCM_16 flac", "ogg", "VORBIS"),
        ("VORBIS ogg", "wav", "FLOAT"),
        ("PCM_16 wav", "WAV", "PCM_16"),
    ],
)
def test_other_containers_take_the_nearest_subtype(command, noise, tmp_path, source, output, subtype) -> None:
    kind, suffix = source.split()
    soundfile.write(tmp_path / f"in.{suffix}", noise, 44_100, kind)
    target = tmp_path / f"out.{output}"
    assert command("filter", tmp_path / f"in.{suffix}", "-o", target, *IDENTITY).code == 0
    assert soundfile.info(target).subtype == subtype


def test_multichannel_wav_keeps_its_header(command, tmp_path) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros((100, 6)), 48_000, "PCM_24", format="WAVEX")
    assert command("filter", tmp_path / "in.wav", "-o", tmp_path / "out.wav", *IDENTITY).code == 0
    assert soundfile.info(tmp_path / "out.wav").format == "WAVEX"


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 3)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_npy_keeps_shape_and_dtype(command, tmp_path, shape, dtype) -> None:
    samples = np.random.default_rng(1).normal(size=shape).astype(dtype)
    np.save(tmp_path / "in.npy", samples)
    assert command("filter", tmp_path / "in.npy", "-o", tmp_path / "out.npy", *IDENTITY).code == 0
    written = np.load(tmp_path / "out.npy")
    assert written.dtype == samples.dtype
    np.testing.assert_array_equal(written, samples)


@pytest.mark.parametrize("header", ["", "left,right\n", '"left"; "right"\n'])
def test_csv_keeps_its_columns_and_their_names(command, tmp_path, header) -> None:
    separator = ";" if ";" in header else ","
    (tmp_path / "in.csv").write_text(header + "".join(f"{n / 3}{separator}{-n}\n" for n in range(20)))
    assert command("filter", tmp_path / "in.csv", "-o", tmp_path / "out.csv", *IDENTITY).code == 0
    text = (tmp_path / "out.csv").read_text()
    assert text.startswith("left,right\n") == bool(header)
    written = np.loadtxt(tmp_path / "out.csv", delimiter=",", skiprows=1 if header else 0)
    np.testing.assert_array_equal(written, [[n / 3, -n] for n in range(20)])


def test_a_single_row_is_a_signal_laid_flat(command, tmp_path) -> None:
    (tmp_path / "in.csv").write_text("1,2,3,4,5\n")
    (tmp_path / "k.csv").write_text("1 1 1\n")
    words = ["filter", tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--kernel", tmp_path / "k.csv"]
    assert command(*words, "--mode", "valid").code == 0
    assert np.loadtxt(tmp_path / "out.csv").tolist() == [6, 9, 12]


def test_integers_from_an_array_are_full_scale_in_audio(command, noise, tmp_path) -> None:
    steps = (noise * 2**15).astype(np.int16)
    np.save(tmp_path / "in.npy", steps)
    words = ["filter", tmp_path / "in.npy", "-o", tmp_path / "out.wav", *IDENTITY, "--sample-rate", 8000]
    assert command(*words).code == 0
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.samplerate, info.subtype, info.channels) == (8000, "PCM_16", 2)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "out.wav", dtype="int16")[0], steps)


def test_clipping_is_counted(command, tmp_path) -> None:
    soundfile.write(tmp_path / "in.wav", np.array([0.0, 0.75, -0.75, 0.25]), 8000, "PCM_16")
    np.save(tmp_path / "k.npy", [2.0])
    words = ["filter", tmp_path / "in.wav", "--kernel", tmp_path / "k.npy", "-o"]
    outcome = command(*words, tmp_path / "out.wav")
    assert outcome.code == 0
    assert "warning 2 samples are beyond full scale (peak 1.5) and were clipped" in outcome.out
    assert soundfile.read(tmp_path / "out.wav", dtype="int16")[0].tolist() == [0, 32767, -32768, 16384]
    assert "warning" not in command(*words, tmp_path / "out.npy").out
    assert np.load(tmp_path / "out.npy").tolist() == [0, 1.5, -1.5, 0.5]


def test_full_scale_itself_is_not_clipping(command, tmp_path) -> None:
    soundfile.write(tmp_path / "in.wav", np.array([32767, -32768, 0], np.int16), 8000, "PCM_16")
    outcome = command("filter", tmp_path / "in.wav", "-o", tmp_path / "out.wav", *IDENTITY)
    assert "warning" not in outcome.out


def test_floats_beyond_full_scale_are_kept_and_mentioned(command, tmp_path) -> None:
    soundfile.write(tmp_path / "in.wav", np.array([0.0, 1.5]), 8000, "FLOAT")
    outcome = command("filter", tmp_path / "in.wav", "-o", tmp_path / "out.wav", *IDENTITY)
    assert "warning 1 samples are beyond full scale (peak 1.5); the file keeps them" in outcome.out
    assert soundfile.read(tmp_path / "out.wav")[0].tolist() == [0.0, 1.5]


def test_what_is_not_finite_becomes_silence_only_where_it_must(command, tmp_path) -> None:
    soundfile.write(tmp_path / "in.wav", np.array([0.5, np.nan, 0.25]), 8000, "FLOAT")
    silenced = command("filter", tmp_path / "in.wav", "-o", tmp_path / "out.flac", *IDENTITY)
    assert "1 samples that are not finite were written as silence" in silenced.out
    assert soundfile.read(tmp_path / "out.flac")[0].tolist() == [0.5, 0.0, 0.25]
    kept = command("filter", tmp_path / "in.wav", "-o", tmp_path / "out.wav", *IDENTITY)
    assert "silence" not in kept.out
    assert np.isnan(soundfile.read(tmp_path / "out.wav")[0]).tolist() == [False, True, False]


def test_force_replaces_and_keeps_permissions_and_links(command, signal_file, tmp_path) -> None:
    target, link = tmp_path / "target.npy", tmp_path / "link.npy"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert command("filter", signal_file, "-o", link, *IDENTITY, "--force").code == 0
    assert link.is_symlink()
    np.testing.assert_array_equal(np.load(target), np.load(signal_file))
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_has_ordinary_permissions(command, signal_file, tmp_path) -> None:
    assert command("filter", signal_file, "-o", tmp_path / "out.npy", *IDENTITY).code == 0
    (tmp_path / "ordinary").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("out.npy", "ordinary")]
    assert modes[0] == modes[1]
