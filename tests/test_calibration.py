"""Calibration: the fit finds prices again, and a user's own prices of a device are used before those that ship."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convax.core import ConvSpec, DType, Geometry
from convax.planner import DeviceModel, calibration, device, make_plan
from convax.planner.calibration import candidates, few, record, sample, second_look
from convax.planner.fitting import QUALITY, Timing, fit
from convax.planner.folders import calibration_file
from convax.planner.residuals import COORDINATES, family_of
from convax.planner.timing import promising
from keeping import HERE, SIGNAL, kept_in, odd_prices, warned

DTYPES = ("float32", "float64", "complex64", "int32")
SHIPPED = DeviceModel.shipped("cpu")
SLOWER = 3.0


def counted(specs: list[ConvSpec]) -> list[Timing]:
    """What a machine would take on which all is three times as slow as those that ship say."""
    timings = []
    for spec in specs:
        for algorithm in promising(spec, "cpu", calibration.HOPELESS):
            timings.append(Timing(algorithm, spec, SLOWER * SHIPPED.estimate(algorithm, spec)))
    return timings


@pytest.fixture(scope="module")
def timings() -> list[Timing]:
    return counted(few(sample(), "cpu", enough=4))


def ratios_of(model: DeviceModel, timings: list[Timing]) -> list[float]:
    return [model.estimate(timing.algorithm, timing.spec) / timing.seconds for timing in timings]


def met(timings: list[Timing]) -> set[tuple[str, str]]:
    return {(timing.dtype, kind) for timing in timings for kind in timing.work.operations}


# The fit.


def test_fit_finds_the_prices_again(timings: list[Timing]) -> None:
    prices = fit(timings, "cpu")
    model = DeviceModel.upon_shipped(json.loads(json.dumps(prices)), "cpu")
    assert np.abs(np.log(ratios_of(model, timings))).max() < 0.2
    # Each price that times hang on, one by one.
    share = {
        (dtype, kind): max(
            timing.work.operations.get(kind, 0.0)
            * SHIPPED.costs[dtype].get(kind, 0.0)
            / SHIPPED.seconds(timing.work, timing.dtype)
            for timing in timings
            if timing.dtype == dtype
        )
        for dtype, kind in met(timings)
    }
    found = {key: prices["costs"][key[0]][key[1]] / SHIPPED.costs[key[0]][key[1]] for key in share if share[key] > 0.5}
    assert len(found) > 20
    assert all(abs(ratio / SLOWER - 1) < 0.1 for ratio in found.values()), found
    assert abs(prices["launch"] / SHIPPED.launch / SLOWER - 1) < 0.1


def test_fit_is_not_led_by_a_few_wrong_times(timings: list[Timing]) -> None:
    random = np.random.default_rng(0)
    disturbed = [
        dataclasses.replace(timing, seconds=timing.seconds * (10 if random.random() < 0.05 else 1))
        for timing in timings
    ]
    ratios = ratios_of(DeviceModel.upon_shipped(fit(disturbed, "cpu"), "cpu"), timings)
    low, middle, high = np.quantile(ratios, (0.05, 0.5, 0.95))
    assert 0.95 < middle < 1.05 and 0.7 < low < high < 1.5


def test_fit_says_where_its_numbers_are_from(timings: list[Timing]) -> None:
    prices = fit(timings, "cpu")
    provenance = prices["provenance"]
    assert provenance["device"] == HERE
    assert provenance["timings"] == len(timings)
    assert set(provenance[QUALITY]) == set(DTYPES)
    assert json.loads(json.dumps(prices)) == prices


def test_what_was_not_timed_is_taken_from_the_shipped_file_and_scaled(timings: list[Timing]) -> None:
    """An operation without a price would cost nothing, and win."""
    partial = [timing for timing in timings if timing.dtype == "float32" and "fft" not in str(timing.work)]
    prices = fit(partial, "cpu")
    for dtype, known in SHIPPED.costs.items():
        assert known.keys() <= prices["costs"][dtype].keys()
    taken = next(value for name, value in prices["provenance"].items() if name.startswith("not timed"))
    assert "fft" in taken["float32"] and taken["float64"] == sorted(SHIPPED.costs["float64"])
    for dtype, kinds in taken.items():
        ratios = {prices["costs"][dtype][kind] / SHIPPED.costs[dtype][kind] for kind in kinds}
        assert all(abs(ratio / SLOWER - 1) < 0.5 for ratio in ratios)


def test_what_one_machine_does_otherwise_is_carried_to_other_convolutions(timings: list[Timing]) -> None:
    """Of all formulations one is half as fast as elsewhere; of its convolutions every second was timed."""
    slow = [timing for timing in timings if timing.algorithm.name == "overlap_save"]
    others = [timing for timing in timings if timing.algorithm.name == "shift_add"]
    slowed = [dataclasses.replace(timing, seconds=2 * timing.seconds) for timing in slow]
    rest = [timing for timing in timings if timing not in slow]
    model = DeviceModel.upon_shipped(fit([*rest, *slowed[::2]], "cpu"), "cpu")
    assert model.residuals == SHIPPED.residuals
    usual = np.median(ratios_of(DeviceModel.upon_shipped(fit(timings, "cpu"), "cpu"), slowed[1::2]))
    assert usual == pytest.approx(0.5, abs=0.1)
    assert np.median(ratios_of(model, slowed[1::2])) > 0.75
    assert np.median(ratios_of(model, others)) == pytest.approx(1, abs=0.1)


def test_a_fit_anew_rests_on_nothing_that_ships(timings: list[Timing]) -> None:
    prices = fit(timings, "cpu", anew=True)
    assert "corrections" not in prices and prices["provenance"]["upon"] is None
    model = DeviceModel.upon_shipped(prices, "cpu")
    assert model.residuals == prices["residuals"] != SHIPPED.residuals
    # Raised by what is not known; the timings of this test follow the shipped residuals, which prices alone cannot.
    low, middle, high = np.quantile(ratios_of(model, timings), (0.05, 0.5, 0.95))
    assert 0.8 < low < middle < high < 2


def test_no_timings_are_no_fit() -> None:
    with pytest.raises(ValueError, match="no timing"):
        fit([], "cpu")


def test_few_still_meet_every_kind_of_operation() -> None:
    whole = sample()
    chosen = few(whole, "cpu")
    assert set(chosen) <= set(whole) and len(chosen) < len(whole) / 2
    assert met(counted(chosen)) == met(counted(whole))
    assert {dtype for dtype, _ in met(counted(chosen))} == set(DTYPES)
    beyond = [timing for timing in counted(chosen) if timing.dtype == "float32" and timing.work.bytes > SHIPPED.cache]
    assert beyond, "memory beyond the cache is priced by float32"


@pytest.mark.parametrize("x64", [False])
def test_record_times_what_it_is_given(x64: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "HOPELESS", 2.0)  # few to compile
    monkeypatch.setattr(calibration, "BEYOND_REASON", 4.0)
    told: list[ConvSpec] = []
    specs = [ConvSpec(Geometry(64, 3)), ConvSpec(Geometry(32, 3, padding=(1, 1)), 1, 2, 2)]
    timings = record(specs, "cpu", told.append, seconds=0.0)
    assert told == specs
    assert {str(timing) for timing in timings} == {
        f"{algorithm}: {spec}" for spec in specs for algorithm in candidates(spec, "cpu")
    }
    assert all(timing.seconds > 0 for timing in timings)


def test_one_setting_of_each_formulation_is_timed_however_poor_its_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is never timed keeps a wrong price for ever."""
    spec = ConvSpec(Geometry(100_000, 31), dtype=DType("float64"))
    monkeypatch.setattr(calibration, "HOPELESS", 1.01)
    near = {family_of(algorithm) for algorithm in promising(spec, "cpu", calibration.HOPELESS, calibration.MOST)}
    timed = {family_of(algorithm) for algorithm in candidates(spec, "cpu")}
    assert near < timed >= {"shift_add", "toeplitz product", "overlap_save", "direct NHC"}


def test_the_second_look_times_what_the_fit_hopes_for(timings: list[Timing]) -> None:
    """Of one convolution the fastest was not timed."""
    spec = next(timing.spec for timing in timings if timing.spec.geometry.length > 5000)
    model = DeviceModel.upon_shipped(fit(timings, "cpu"), "cpu")
    best = promising(spec, "cpu", model=model, most=1)[0]
    partial = [timing for timing in timings if (timing.spec, timing.algorithm) != (spec, best)]
    told: list[ConvSpec] = []
    found = second_look(partial, "cpu", told.append, seconds=0.0)
    looked = {(timing.spec, timing.algorithm) for timing in found}
    assert (spec, best) in looked and spec in told
    assert not looked & {(timing.spec, timing.algorithm) for timing in partial}


# The user's own prices.


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of own prices by which the usual choice is dear."""
    with kept_in(tmp_path):
        file = calibration_file(HERE)
    assert file is not None
    file.parent.mkdir()
    file.write_text(json.dumps(odd_prices(SIGNAL)))
    return file


def test_own_prices_come_before_those_that_ship(own: Path) -> None:
    with kept_in("off"):
        assert DeviceModel.of_platform("cpu") == SHIPPED
        usual = make_plan(SIGNAL).algorithm
    with kept_in(own.parents[1]):
        assert DeviceModel.of_platform("cpu").name == "odd"
        assert make_plan(SIGNAL).algorithm.name != usual.name
        assert DeviceModel.shipped("cpu") == SHIPPED


def test_own_prices_are_of_this_device_only(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of jaxlib, another number of threads: another file, which is not there."""
    for other in (HERE.replace("jaxlib ", "jaxlib 9"), HERE.replace(" threads", "4 threads")):
        assert other != HERE
        with kept_in(own.parents[1]), monkeypatch.context() as patch, warned() as texts:
            patch.setattr(device, "device_name", lambda platform, other=other: other)
            assert DeviceModel.of_platform("cpu") == SHIPPED
        assert texts == []
    with kept_in(own.parents[1]):
        assert DeviceModel.of_platform("cuda") == DeviceModel.shipped("cuda")


DAMAGES: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "cut": lambda text: text[: len(text) // 2],
    "a list": lambda text: "[]",
    "a number": lambda text: "3",
    "no bytes": lambda text: _without(text, "bytes"),
    "no provenance": lambda text: _without(text, "provenance"),
    "another field": lambda text: json.dumps(odd_prices(colour="red")),
    "another device": lambda text: json.dumps(odd_prices(provenance={"device": "elsewhere"})),
    "words": lambda text: json.dumps(odd_prices(launch="quick")),
    "nothing": lambda text: json.dumps(odd_prices(launch=0.0)),
    "negative": lambda text: json.dumps(odd_prices(bytes=-1.0)),
    "not a number": lambda text: json.dumps(odd_prices(cache=float("nan"))),
    "no costs": lambda text: json.dumps(odd_prices(costs={})),
    "costs of no type": lambda text: json.dumps(odd_prices(costs={"float32": {"loop": 1.0}})),
    "costs in words": lambda text: json.dumps(odd_prices(costs={name: {"loop": "much"} for name in DTYPES})),
    "residuals in a list": lambda text: json.dumps(odd_prices(residuals=[1.0])),
    "residuals in words": lambda text: json.dumps(odd_prices(residuals={"shift_add": [["much"] * (COORDINATES + 2)]})),
    "residuals by type, as they were kept before": lambda text: json.dumps(
        odd_prices(residuals={"int32": {"fft": []}})
    ),
    "residuals cut": lambda text: json.dumps(odd_prices(residuals={"shift_add": [[1.0] * (COORDINATES + 1)]})),
    "residuals of two lengths": lambda text: json.dumps(
        odd_prices(residuals={"fft": [[1.0] * (COORDINATES + 2), [1]]})
    ),
    "residuals without end": lambda text: json.dumps(odd_prices(residuals={"fft": [[math.inf] * (COORDINATES + 2)]})),
    "corrections in a list": lambda text: json.dumps(odd_prices(corrections=[1.0])),
    "corrections cut": lambda text: json.dumps(odd_prices(corrections={"shift_add": [[1.0] * COORDINATES]})),
    "costs in a list": lambda text: json.dumps(odd_prices(costs={name: [1.0] for name in DTYPES})),
}


def _without(text: str, name: str) -> str:
    return json.dumps({key: value for key, value in json.loads(text).items() if key != name})


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_gives_one_warning(own: Path, damage: Callable[[str], str]) -> None:
    own.write_text(damage(own.read_text()))
    with kept_in(own.parents[1]), warned() as texts:
        for length in (100, 200, 300):
            make_plan(ConvSpec(Geometry(length, 9)))
        assert DeviceModel.of_platform("cpu") == SHIPPED
    assert len(texts) == 1 and str(own) in texts[0] and "convax calibrate" in texts[0]
