"""Every failure is one line and exit code 2, leaves no output, and harms no file that was there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from convax.cli import filter as filter_module
from convax.cli import filtering


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a few files, some of them broken."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    soundfile.write("in.wav", rng.normal(0, 0.1, (1000, 2)), 44_100, "PCM_16")
    soundfile.write("other-rate.wav", np.ones(5), 48_000)
    soundfile.write("three.wav", np.ones((5, 3)), 44_100)
    soundfile.write("silent.wav", np.zeros((0, 1)), 44_100)
    Path("broken.wav").write_bytes(b"this is no recording")
    Path("broken.flac").write_bytes(b"this is no recording")
    Path("broken.npy").write_bytes(b"this is no array")
    Path("broken.csv").write_text("1,2\n3,x\n")
    Path("broken-first.csv").write_text("1,oops\n3,4\n")
    Path("binary.csv").write_bytes(bytes(range(128, 256)))
    Path("empty.csv").write_text("")
    Path("header-only.csv").write_text("left,right\n")
    Path("empty.npy").write_bytes(b"")
    np.save("in.npy", rng.normal(size=1000))
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save("words.npy", np.array(["a"]))
    np.save("scalar.npy", np.float64(1))
    np.save("cube.npy", np.zeros((2, 3, 4)))
    np.save("none.npy", np.zeros(0))
    np.save("complex.npy", np.zeros(9, complex))
    np.save("not-finite.npy", np.array([1.0, np.nan]))
    Path("folder.wav").mkdir()
    Path("there.wav").write_bytes(b"precious")
    return tmp_path


LOW = ["--lowpass", 1000]
CASES = [
    # The input.
    ("missing.wav -o out.wav --lowpass 9", "missing.wav does not exist"),
    ("folder.wav -o out.wav --lowpass 9", "folder.wav is not a file"),
    ("in.mp3 -o out.wav --lowpass 9", "in.mp3 has the suffix .mp3: use one of .wav, .flac, .ogg, .npy, .csv"),
    ("in -o out.wav --lowpass 9", "in has no suffix"),
    ("broken.wav -o out.wav --lowpass 9", "broken.wav cannot be read as audio"),
    ("broken.flac -o out.wav --lowpass 9", "broken.flac cannot be read as audio"),
    ("broken.npy -o out.npy --moving-average 2", "broken.npy cannot be read as an array"),
    ("empty.npy -o out.npy --moving-average 2", "empty.npy cannot be read as an array"),
    ("objects.npy -o out.npy --moving-average 2", "objects.npy cannot be read as an array"),
    ("words.npy -o out.npy --moving-average 2", "words.npy does not hold an array of numbers"),
    ("scalar.npy -o out.npy --moving-average 2", "scalar.npy has the shape (): a recording has the shape"),
    ("cube.npy -o out.npy --moving-average 2", "cube.npy has the shape (2, 3, 4): a recording has the shape"),
    ("broken.csv -o out.npy --moving-average 2", "broken.csv cannot be read as numbers"),
    ("broken-first.csv -o out.npy --moving-average 2", "broken-first.csv cannot be read as numbers"),
    ("binary.csv -o out.npy --moving-average 2", "binary.csv cannot be read as numbers"),
    ("silent.wav -o out.wav --lowpass 9", "silent.wav is empty: 0 frames of 1 channels"),
    ("none.npy -o out.npy --moving-average 2", "none.npy is empty"),
    ("empty.csv -o out.npy --moving-average 2", "empty.csv is empty"),
    ("header-only.csv -o out.npy --moving-average 2", "header-only.csv is empty"),
    ("in.wav -o out.wav --lowpass 9 --sample-rate 8000", "--sample-rate 8000 disagrees with in.wav"),
    # The kernel.
    ("in.wav -o out.wav", "no kernel is given: add one of --kernel, --lowpass, --highpass, --bandpass"),
    ("in.wav -o out.wav --lowpass 9 --highpass 9", "--lowpass and --highpass are both kernels: keep one"),
    ("in.wav -o out.wav --lowpass 30000", "30000 Hz is not below 22050 Hz, the highest"),
    ("in.wav -o out.wav --bandpass 20 30000", "30000 Hz is not below 22050 Hz"),
    ("in.wav -o out.wav --lowpass 0", "must be above 0 Hz"),
    ("in.wav -o out.wav --lowpass -5", "must be above 0 Hz"),
    ("in.wav -o out.wav --lowpass nan", "must be above 0 Hz"),
    ("in.wav -o out.wav --bandpass 900 300", "use --bandpass 300 900"),
    ("in.wav -o out.wav --bandpass 900 900", "use two different cutoffs"),
    ("in.wav -o out.wav --highpass 900 --taps 100", "--taps 100 is even"),
    ("in.wav -o out.wav --highpass 900 --taps 100", "use --taps 101"),
    ("in.wav -o out.wav --lowpass 900 --taps 0", "--taps 0 is not between 1 and"),
    ("in.wav -o out.wav --lowpass 0.001", "more than 1,000,000: say --taps N"),
    ("in.wav -o out.wav --lowpass 1e-320", "more than 1,000,000: say --taps N"),
    ("in.wav -o out.wav --moving-average 0", "--moving-average 0 is not between 1 and"),
    ("in.wav -o out.wav --moving-average 5 --taps 5", "--moving-average has its own length"),
    ("in.npy -o out.npy --lowpass 9", "the recording has no sample rate: add --sample-rate HZ"),
    ("in.wav -o out.wav --kernel missing.wav", "missing.wav does not exist"),
    ("in.wav -o out.wav --kernel other-rate.wav", "other-rate.wav has a sample rate of 48000 Hz"),
    ("in.wav -o out.wav --kernel three.wav", "three.wav has 3 channels and the recording 2"),
    ("in.wav -o out.wav --kernel not-finite.npy", "not-finite.npy holds values that are not finite"),
    ("in.wav -o out.wav --moving-average 1001 --mode valid", "1,000 - 1,001 + 1 = 0; use --mode same"),
    # The output.
    ("in.wav -o out.mp3 --lowpass 900", "out.mp3 has the suffix .mp3"),
    ("in.wav -o missing/out.wav --lowpass 900", "the folder missing of the output out.wav does not exist"),
    ("in.wav -o there.wav --lowpass 900", "there.wav exists already: choose another name, or add --force"),
    ("in.wav -o folder.wav --lowpass 900 --force", "folder.wav exists and is not a regular file"),
    ("in.wav -o ./in.wav --lowpass 900 --force", "in.wav is also read by this command"),
    ("in.wav -o three.wav --kernel three.wav --force", "three.wav is also read by this command"),
    ("in.npy -o out.wav --moving-average 2", "an audio file needs a sample rate, and the input has none"),
    ("in.npy -o out.wav --moving-average 2 --sample-rate 0.5", "needs a whole sample rate, not 0.5 Hz"),
    ("complex.npy -o out.csv --moving-average 2", "complex samples have no place in a .csv file"),
    ("complex.npy -o out.wav --moving-average 2 --sample-rate 9", "complex samples"),
    ("in.npy -o out.npy --moving-average 2 --sample-rate 0", "--sample-rate 0 is not above 0 Hz"),
    ("in.npy -o out.npy --lowpass 2 --sample-rate inf", "--sample-rate inf is not"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "part"), CASES, ids=[words for words, _ in CASES])
def test_failures_are_one_line_and_leave_nothing(refused, folder, words, part) -> None:
    before = contents(folder)
    line = refused("filter", *words.split())
    assert part in line
    assert "Traceback" not in line
    assert contents(folder) == before


def test_a_failure_while_writing_leaves_the_old_output(refused, folder, monkeypatch) -> None:
    def fail(path: Path, *_: object) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(filter_module, "write_recording", fail)
    before = contents(folder)
    assert "No space left on device" in refused("filter", "in.wav", "-o", "there.wav", *LOW, "--force")
    assert contents(folder) == before


@pytest.mark.parametrize("during", ["run", "compile"])
def test_an_interruption_leaves_nothing(command, folder, monkeypatch, during) -> None:
    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(filtering.Filtering, during, interrupt)
    before = contents(folder)
    outcome = command("filter", "in.wav", "-o", "out.wav", *LOW)
    assert (outcome.code, outcome.err) == (130, "convax: interrupted\n")
    assert contents(folder) == before


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_writing_removes_the_temporary_file(command, folder, monkeypatch, sent, code) -> None:
    def interrupt(path: Path, *_: object) -> None:
        path.write_bytes(b"half of it")
        os.kill(os.getpid(), sent)

    monkeypatch.setattr(filter_module, "write_recording", interrupt)
    before = contents(folder)
    assert command("filter", "in.wav", "-o", "out.wav", *LOW).code == code
    assert contents(folder) == before


def test_a_recording_that_is_cut_off_is_refused(refused, folder) -> None:
    soundfile.write("whole.flac", np.random.default_rng(0).normal(0, 0.1, 200_000), 44_100)
    whole = Path("whole.flac").read_bytes()
    Path("cut.flac").write_bytes(whole[: len(whole) // 2])
    assert "cut.flac" in refused("filter", "cut.flac", "-o", "out.flac", *LOW)
    assert not Path("out.flac").exists()


def test_a_bug_keeps_its_traceback(folder, monkeypatch) -> None:
    """Only what a person can put right is put in one line."""
    from convax.cli import main

    monkeypatch.setattr(filtering.Filtering, "plan", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["filter", "in.wav", "-o", "out.wav", "--lowpass", "1000"])
    assert not Path("out.wav").exists()


def contents(folder: Path) -> dict[str, bytes | None]:
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}
