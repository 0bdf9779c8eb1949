"""`convax calibrate` writes prices whole or not at all, and plans follow them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from convax.core import ConvSpec, Geometry
from convax.planner import DeviceModel, calibration, device_name, fitting
from keeping import kept_in


@pytest.fixture(autouse=True)
def kept(tmp_path: Path) -> Iterator[Path]:
    """The folder in which the command finds and leaves measurements."""
    with kept_in(tmp_path / "kept"):
        yield tmp_path / "kept"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two small convolutions, a random one, a layer with its two gradients: timed for no longer than it takes."""
    specs = [ConvSpec(Geometry(64, 3)), ConvSpec(Geometry(64, 5))]
    monkeypatch.setattr(calibration, "sample", lambda scale: specs)
    monkeypatch.setattr(calibration, "HOPELESS", 1.2)
    monkeypatch.setattr(calibration, "BEYOND_REASON", 1.2)
    monkeypatch.setattr("convax.cli.calibrate.RANDOM", 1)
    monkeypatch.setattr("convax.cli.calibrate.LAYERS", 1)
    monkeypatch.setattr("convax.cli.calibrate.SECOND_LOOKS", 1)
    monkeypatch.setattr("convax.cli.calibrate.SECONDS", 0.0)
    monkeypatch.setattr("convax.cli.calibrate.QUICK_SECONDS", 0.0)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_it_writes_this_devices_prices_and_plans_follow(command, kept) -> None:
    outcome = command("calibrate")
    assert (outcome.code, outcome.err) == (0, "")
    ((name, text),) = files(kept).items()
    prices = json.loads(text)
    assert f"device  {device_name('cpu')}" in outcome.out
    assert f"wrote   {kept / name}" in outcome.out
    assert "ways to compute 6 convolutions" in outcome.out
    assert f"float32    {prices['provenance'][fitting.QUALITY]['float32']}" in outcome.out
    with kept_in(kept):
        assert DeviceModel.of_platform("cpu") == DeviceModel.upon_shipped(prices, "cpu")
        assert DeviceModel.of_platform("cpu").residuals == DeviceModel.shipped("cpu").residuals
    assert f"prices  measured here, in {kept / name}" in command("wisdom", "show").out
    # Once more: one's own prices are replaced.
    assert command("calibrate", "--quick", "--platform", "cpu").code == 0
    assert list(files(kept)) == [name]


def test_it_writes_where_it_is_told(command, refused, kept, tmp_path) -> None:
    target = tmp_path / "prices.json"
    with kept_in("off"):
        assert command("calibrate", "-o", target).code == 0
    assert not kept.exists()
    DeviceModel(**json.loads(target.read_text()))
    before = target.read_text()
    assert "exists already: choose another name, or add --force" in refused("calibrate", "-o", target)
    assert target.read_text() == before
    assert command("calibrate", "-o", target, "--force").code == 0


def test_anew_it_rests_on_nothing_that_ships(command, kept) -> None:
    assert command("calibrate", "--quick", "--anew").code == 0
    (text,) = files(kept).values()
    prices = json.loads(text)
    assert prices["residuals"] and "corrections" not in prices
    with kept_in(kept):
        assert DeviceModel.of_platform("cpu") == DeviceModel(**prices)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("-o missing/prices.json", "the folder missing of the output prices.json does not exist"),
        ("--platform moon", "no device of the platform moon is here"),
        ("--slow", "--slow"),
    ],
)
def test_what_does_not_fit_is_one_line(refused, words, part, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert part in refused("calibrate", *words.split())
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_a_file_must_be_named(refused) -> None:
    with kept_in("off"):
        assert "name a file with --output" in refused("calibrate")


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("during", ["record", "fit", "replace"])
def test_an_interruption_leaves_nothing(command, tmp_path, monkeypatch, given, sent, code, during) -> None:
    def interrupt(*arguments: object, **_: object) -> None:
        os.kill(os.getpid(), sent)

    monkeypatch.setattr("convax.cli.calibrate.SECOND_LOOKS", 0)
    if during == "replace":  # what was written so far stands beside
        monkeypatch.setattr(calibration, "record", lambda *_: [])
        monkeypatch.setattr(fitting, "fit", lambda *_, **__: {"provenance": {fitting.QUALITY: {}}})
    module = {"record": calibration, "fit": fitting, "replace": os}[during]
    monkeypatch.setattr(module, during, interrupt)
    if during == "fit":
        monkeypatch.setattr(calibration, "record", lambda *_: [])
    target = tmp_path / "prices.json"
    target.write_text("precious")
    words = ["-o", target, "--force"] if given else []
    outcome = command("calibrate", *words)
    assert outcome.code == code
    assert files(tmp_path) == {"prices.json": "precious"}
