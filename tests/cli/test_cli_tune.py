"""`convax tune` measures, remembers and says so; `convax wisdom` shows, saves, loads and drops what it remembers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import convax
from convax import tuning
from convax.algorithms import Algorithm, Direct, Fft, ShiftAdd
from convax.planner import Wisdom, device_name
from keeping import kept_in

SIZES = ("--input", 400, "--kernel", 9)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path) -> Iterator[Path]:
    """The folder in which the command finds and leaves measurements."""
    with kept_in(tmp_path / "kept"):
        yield tmp_path / "kept" / "wisdom-1"


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> dict[Algorithm, float]:
    """Times that are given instead of measured, by which a transform is fastest."""
    times: dict[Algorithm, float] = {Direct(): 3e-3, Fft(): 1e-3, ShiftAdd(): 2e-3}
    monkeypatch.setattr(tuning, "measure", lambda *_, **__: times)
    return times


def test_it_measures_and_remembers(command, kept) -> None:
    outcome = command("tune", *SIZES, "--seconds", 0)
    assert (outcome.code, outcome.err) == (0, "")
    plan = convax.plan(400, 9)
    assert plan.source == "wisdom"
    (choice,) = Wisdom(kept).choices().values()
    lines = outcome.out.splitlines()
    assert lines[0] == f"device  {device_name('cpu')}"
    assert lines[1] == str(plan.spec)
    assert len([line for line in lines if " ms  " in line]) == len(choice.seconds)
    assert f"choice  {choice.algorithm}" in outcome.out
    assert lines[-1] == f"kept    as wisdom in {kept}"


def test_later_plans_use_it(command, invented) -> None:
    assert "(estimate)" in command("plan", *SIZES).out
    assert "choice  fft: 1 ms, 3 times as fast as lax's own convolution" in command("tune", *SIZES).out
    assert "chosen: fft (wisdom)" in command("plan", *SIZES).out
    invented[Direct()] = 5e-4
    assert "choice  direct, lax's own convolution: 0.5 ms" in command("tune", *SIZES).out
    assert "chosen: direct (wisdom)" in command("plan", *SIZES).out
    del invented[Direct()]
    expected = "choice  fft: 1 ms; lax's own convolution would take too long to be measured"
    assert expected in command("tune", *SIZES).out


def test_every_option_reaches_the_convolution(command, invented, kept) -> None:
    words = "--stride 2 --padding 3,4 --dilation 2 --groups 4 --batch 5 --channels 8 --features 12 --dtype float64"
    assert command("tune", *SIZES, *words.split(), "--platform", "cpu").code == 0
    line = "float64 grouped N5 C8 O12 groups 4: length 400, taps 9, stride 2, dilation 2, padding (3, 4) -> 196"
    assert line in command("wisdom", "show").out


def test_without_a_folder_it_measures_all_the_same(command, invented) -> None:
    with kept_in("off"):
        out = command("tune", *SIZES).out
    assert "choice  fft" in out and "kept    nowhere, since CONVAX_WISDOM is off" in out


def test_a_folder_that_cannot_be_written_to_is_a_warning(command, invented, kept) -> None:
    kept.parent.write_text("a file")
    outcome = command("tune", *SIZES)
    assert outcome.code == 0 and outcome.err == ""
    assert outcome.out.count("warning") == 1 and "cannot be written to" in outcome.out
    assert outcome.out.endswith("kept    nowhere\n")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("tune --input 3 --kernel 5", "repair"),
        ("tune --input 400 --kernel 9 --dtype float31", "--dtype float31 is no dtype"),
        ("tune --input 400 --kernel 9 --padding 1,2,3", "--padding 1,2,3 has 3 numbers"),
        ("tune --input 400 --kernel 9 --platform moon", "no device of the platform moon is here"),
        ("tune --input 400 --kernel 9 --seconds -1", "--seconds"),
        ("tune --input 400 --kernel 9 --algorithm fft", "--algorithm"),
        ("tune --kernel 9", "--input"),
        ("wisdom", "Missing command"),
        ("wisdom sell", "sell"),
        ("wisdom save", "FILE"),
        ("wisdom save missing/all.json", "the folder missing of the output all.json does not exist"),
        ("wisdom save all.json", "there is no wisdom in"),
        ("wisdom load missing.json", "missing.json: No such file"),
    ],
)
def test_what_does_not_fit_is_one_line(refused, words, part, tmp_path, monkeypatch, kept) -> None:
    monkeypatch.chdir(tmp_path)
    assert part in refused(*words.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["path", "show", "save all.json", "load all.json", "forget"])
def test_without_a_folder_there_is_no_wisdom(refused, words, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with kept_in("off"):
        assert "no wisdom is kept, since CONVAX_WISDOM is off" in refused("wisdom", *words.split())


def test_path_is_nothing_but_the_path(command, kept) -> None:
    assert command("wisdom", "path") == (0, f"{kept}\n", "")


def test_show_tells_devices_apart(command, invented, kept, tmp_path) -> None:
    assert f"wisdom  0 choices in {kept}" in command("wisdom", "show").out
    command("tune", *SIZES)
    saved = tmp_path / "all.json"
    assert command("wisdom", "save", saved).out == f"wrote   {saved}: 1 choice\n"
    saved.write_text(saved.read_text().replace("jaxlib ", "jaxlib 9"))
    assert "1 choice, into" in command("wisdom", "load", saved).out
    out = command("wisdom", "show").out
    assert "2 choices" in out
    assert f"{device_name('cpu')} (this device)" in out and out.count("(not used here)") == 1
    assert out.count("fft: 1 ms, fastest of 3") == 2
    assert "prices  as shipped" in out


def test_save_forget_load(command, refused, invented, kept, tmp_path) -> None:
    saved = tmp_path / "all.json"
    command("tune", *SIZES)
    command("tune", *SIZES, "--stride", 2)
    assert command("wisdom", "save", saved).code == 0
    assert "all.json exists already: choose another name, or add --force" in refused("wisdom", "save", saved)
    assert command("wisdom", "save", saved, "--force").code == 0
    assert command("wisdom", "forget").out == f"forgot  2 choices in {kept}\n"
    assert list(kept.iterdir()) == []
    assert command("wisdom", "load", saved).out == f"loaded  {saved}: 2 choices, into {kept}\n"
    assert "0 choices" in command("wisdom", "load", saved).out
    with kept_in(kept.parent):
        assert convax.plan(400, 9).source == "wisdom"


def test_damaged_files_are_told_and_passed_over(command, refused, invented, kept, tmp_path) -> None:
    command("tune", *SIZES)
    command("tune", *SIZES, "--stride", 2)
    saved = tmp_path / "all.json"
    command("wisdom", "save", saved)
    (one, two) = kept.iterdir()
    one.write_text(one.read_text()[:50])
    for word in ("show", "forget"):
        out = command("wisdom", word).out
        assert out.count("warning") == 1 and str(one) in out and "1 choice" in out
    assert not two.exists()

    plain = json.loads(saved.read_text())
    next(iter(plain["entries"].values()))["algorithm"] = {"name": "sorcery"}
    saved.write_text(json.dumps(plain))
    out = command("wisdom", "load", saved).out
    assert "warning 1 of 2 choices" in out and f"{saved}: 1 choice, into" in out
    saved.write_text("[]")
    shutil.rmtree(kept)
    assert "cannot be read as wisdom" in refused("wisdom", "load", saved)
    assert not kept.exists()


def test_a_plan_tells_of_a_damaged_file_in_a_line(command, invented, kept) -> None:
    command("tune", *SIZES)
    (file,) = kept.iterdir()
    file.write_text("{")
    with kept_in(kept.parent):
        outcome = command("plan", *SIZES)
    assert outcome.code == 0 and outcome.err == ""
    assert outcome.out.count("warning") == 1 and "(estimate)" in outcome.out
