"""`convax demo`, from its first line to its picture."""

from __future__ import annotations

import struct
from importlib.resources import files

import numpy as np
import pytest
import soundfile

from convax.cli import comparison


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "ROUNDS", 1)
    monkeypatch.setattr(comparison, "WARM_UP", 1)


def test_demo_shows_and_writes_everything(command, quick, shipped, tmp_path) -> None:
    folder = tmp_path / "show"
    outcome = command("demo", "-o", folder)
    assert outcome.code == 0 and outcome.err == ""
    for part in (
        "1·1 + 2·1 + 3·1 = 6",
        "5 - 3 + 1 = 3",
        "read    loop_mika.flac",
        "plan for the whole recording",
        "conv1d_basic",
        "numpy.correlate",
        "demo.png",
    ):
        assert part in outcome.out
    assert sorted(path.name for path in folder.iterdir()) == ["demo.png", "loop_mika-lowpass.flac"]
    before, after = soundfile.read(shipped)[0], soundfile.read(folder / "loop_mika-lowpass.flac")[0]
    assert before.shape == after.shape
    assert np.abs(np.diff(after, axis=0)).mean() < 0.5 * np.abs(np.diff(before, axis=0)).mean()
    header = (folder / "demo.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", header[16:]) == (1500, 990)

    # Once more into the same folder: its own files are replaced.
    assert command("demo", "-o", folder).code == 0


def test_the_three_ways_agree(command, quick, tmp_path) -> None:
    """The table's last column, read back: none is further from float64 than float32 has to be."""
    out = command("demo", "-o", tmp_path / "show").out
    rows = [line.split() for line in out.splitlines() if line.strip().startswith(("convax.c", "conv1d_b", "numpy.c"))]
    errors = [float(row[-1]) for row in rows if row[-1].startswith(tuple("0123456789")) and "e-" in row[-1]]
    assert len(errors) == 3
    assert max(errors) < 5e-6


def test_demo_refuses_what_it_cannot_use(refused, tmp_path) -> None:
    (tmp_path / "file").write_text("precious")
    assert "is a file" in refused("demo", "-o", tmp_path / "file")
    assert "does not exist" in refused("demo", "-o", tmp_path / "missing" / "folder")
    assert (tmp_path / "file").read_text() == "precious"


def test_a_failed_demo_leaves_no_empty_folder(command, monkeypatch, tmp_path) -> None:
    from convax.cli import demo

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "filter_recording", interrupt)
    assert command("demo", "-o", tmp_path / "show").code == 130
    assert not (tmp_path / "show").exists()


def test_the_recording_states_its_source(shipped) -> None:
    source = (files("convax.cli") / "recordings" / "SOURCE.md").read_text(encoding="utf-8")
    for part in ("mika55", "http://freesound.org/people/mika55/sounds/188551/", "CC0", "sonic-pi-samples"):
        assert part in source
    assert 100_000 < shipped.stat().st_size < 500_000
