"""Residuals: what was measured near a convolution corrects its price, and nothing else does."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from convax.algorithms import ALGORITHMS, Matmul, OverlapSave, Polyphase, ShiftAdd
from convax.core import ConvSpec, DType, Geometry, Layout
from convax.planner import DeviceModel
from convax.planner.residuals import (
    COORDINATES,
    MACHINE,
    SHAPES,
    Prior,
    Residuals,
    family_of,
    left_out,
    place,
    unknown_factor,
    weighted,
)
from specs import CASES

SHIPPED = DeviceModel.shipped("cpu")
PLAIN = dataclasses.replace(SHAPES, caution=0.0)
SPEC = ConvSpec(Geometry(4096, 9), batch=2, channels=8, features=8, feature_groups=8)


def with_residual(logarithm: float, spec: ConvSpec = SPEC) -> DeviceModel:
    """The shipped prices, and one timing of shift_add that they did not foresee."""
    rows = {family_of(ShiftAdd()): weighted([[*place(ShiftAdd(), spec), logarithm]])}
    return dataclasses.replace(SHIPPED, residuals=rows)


def priced(spec: ConvSpec) -> float:
    return SHIPPED.seconds(ShiftAdd().total_work(spec), "float32")


@pytest.mark.parametrize("ratio", [0.25, 1.0, 3.0])
def test_where_it_was_measured_the_estimate_is_the_measurement(ratio: float) -> None:
    estimate = with_residual(math.log(ratio)).estimate(ShiftAdd(), SPEC)
    assert abs(math.log(estimate / (ratio * priced(SPEC)))) < 2 * SHAPES.noise


def test_the_correction_fades_with_distance_to_caution() -> None:
    model = with_residual(math.log(1 / 4))
    factors = []
    for length in [4096 << doublings for doublings in range(0, 31, 3)]:
        spec = dataclasses.replace(SPEC, geometry=Geometry(length, 9))
        factors.append(model.estimate(ShiftAdd(), spec) / priced(spec))
    assert factors == sorted(factors)
    assert factors[0] < 0.4 and abs(factors[-1] / unknown_factor() - 1) < 0.01


def test_a_device_without_residuals_has_prices_alone() -> None:
    plain = dataclasses.replace(SHIPPED, residuals={})
    assert plain.estimate(ShiftAdd(), SPEC) == priced(SPEC)


def test_a_correction_multiplies_what_the_residuals_say_and_fades_to_that() -> None:
    usual = with_residual(math.log(4))
    rows = {family_of(ShiftAdd()): weighted([[*place(ShiftAdd(), SPEC), math.log(2)]] * 9, MACHINE)}
    corrected = dataclasses.replace(usual, corrections=rows)
    far = dataclasses.replace(SPEC, geometry=Geometry(1 << 20, 4096), batch=64)
    ratios = [corrected.estimate(ShiftAdd(), spec) / usual.estimate(ShiftAdd(), spec) for spec in (SPEC, far)]
    assert 1.6 < ratios[0] < 2 and ratios[1] == pytest.approx(1, abs=0.02)
    assert corrected.estimate(Matmul("unfold"), SPEC) == usual.estimate(Matmul("unfold"), SPEC)


def test_other_formulations_are_estimated_with_caution() -> None:
    other = Matmul("unfold")
    estimate = with_residual(math.log(4)).estimate(other, SPEC)
    assert estimate == SHIPPED.seconds(other.total_work(SPEC), "float32") * unknown_factor()


@pytest.mark.parametrize("dtype", ["float64", "complex64", "int32"])
def test_what_one_type_took_tells_of_the_others_too(dtype: str) -> None:
    other = dataclasses.replace(SPEC, dtype=DType(dtype))
    slow, usual = with_residual(math.log(4)), with_residual(0.0)
    ratio = slow.estimate(ShiftAdd(), other) / usual.estimate(ShiftAdd(), other)
    assert 1.5 < ratio < slow.estimate(ShiftAdd(), SPEC) / usual.estimate(ShiftAdd(), SPEC)


def test_between_measurements_it_interpolates() -> None:
    random = np.random.default_rng(0)
    points = random.uniform(0, 10, (120, 2))
    surface = np.sin(points[:, 0] / 3) * 0.5 + points[:, 1] / 20
    rows = np.column_stack([points, surface + random.normal(0, 0.02, 120)]).tolist()
    residuals = Residuals(weighted(rows), PLAIN)
    inside = random.uniform(2, 8, (40, 2))
    found = np.log([residuals.factor(point) for point in inside])
    exact = np.sin(inside[:, 0] / 3) * 0.5 + inside[:, 1] / 20
    assert np.abs(found - exact).max() < 0.2 and np.abs(found - exact).mean() < 0.05


@pytest.mark.parametrize("prior", [PLAIN, MACHINE], ids=["shapes", "machine"])
def test_left_out_is_what_leaving_out_gives(prior: Prior) -> None:
    random = np.random.default_rng(1)
    rows = np.column_stack([random.uniform(0, 12, (20, 3)), random.normal(0, 0.5, 20)])
    groups = [number // 2 for number in range(20)]
    found = left_out(rows.tolist(), groups, prior)
    for number, row in enumerate(rows):
        rest = [list(other) for place, other in enumerate(rows) if groups[place] != groups[number]]
        others = Residuals(weighted(rest, prior), prior)
        assert found[number] == pytest.approx(row[-1] - math.log(others.factor(row[:-1])), abs=1e-4)
    assert np.abs(found).max() > SHAPES.noise


def test_families_keep_what_is_no_number() -> None:
    assert family_of(Matmul("fold", "NCH", sequential=True)) == "matmul fold NCH sequential"
    assert family_of(Polyphase(OverlapSave(512))) == family_of(Polyphase(OverlapSave(1024)))
    families = {family_of(setting) for kind in ALGORITHMS.values() for setting in kind.candidates(SPEC)}
    assert len(families) >= len(ALGORITHMS)


def test_places_tell_convolutions_apart() -> None:
    places = {tuple(place(OverlapSave(512), spec)) for spec in CASES.values()}
    assert {len(point) for point in places} == {COORDINATES}
    assert len(places) > 0.9 * len({dataclasses.replace(spec, precision=None) for spec in CASES.values()})
    assert place(OverlapSave(512), SPEC) != place(OverlapSave(1024), SPEC)
    assert place(ShiftAdd(), SPEC) != place(ShiftAdd(), dataclasses.replace(SPEC, layout=Layout.parse("NHC")))
    assert all(math.isfinite(value) for spec in CASES.values() for value in place(Polyphase(OverlapSave()), spec))
