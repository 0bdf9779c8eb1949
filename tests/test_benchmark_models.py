"""The benchmark of whole models measures what it says: both steps agree, torch's too, and a row holds all of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jax.numpy as jnp
import pytest
from benchmarks import models
from benchmarks.models import MODELS, measure_model, tracing_cost
from benchmarks.torch_models import TORCH_MODELS


@pytest.fixture
def x64() -> bool:
    """Models compute in float32."""
    return False


def test_row_holds_times_and_differences(tmp_path: Path) -> None:
    row = measure_model("depthwise_stack", "small", seconds=0.01, with_torch=False)
    assert row.name == "depthwise_stack" and "lax" in row.words
    assert set(row.timings) == set(row.compile_seconds) == {"plain", "accelerated"}
    assert all(timing.median > 0 and timing.samples > 0 for timing in row.timings.values())
    assert row.ratio() == row.timings["plain"].median / row.timings["accelerated"].median
    assert row.ratio("torch") is None and not row.absent
    assert row.differences["accelerated"] < 1e-5
    assert sum(row.algorithms.values()) == 11  # two layers of two, each with two gradients; none for x

    path = tmp_path / "models.json"
    other = dataclasses.replace(row, name="tcn")
    models._record(path, [other], {})
    models._record(path, [row], {"step plain": 1.0})
    names = [kept["name"] for kept in json.loads(path.read_text())["rows"]]
    assert names == ["tcn", "depthwise_stack"]
    assert models._table([row]).row_count == 1


@pytest.mark.parametrize("name", TORCH_MODELS)
def test_torch_computes_the_same_model(name: str) -> None:
    pytest.importorskip("torch")
    row = measure_model(name, "small", seconds=0.01)
    assert row.differences["torch"] < 1e-4


def test_difference_is_relative_to_each_array() -> None:
    expected = [jnp.array([2.0, 1.0]), jnp.array([0.0])]
    assert models.difference(expected, expected) == 0
    assert models.difference([jnp.array([2.0, 1.5]), jnp.array([0.0])], expected) == 0.25
    # An array of zeros counts as a thousandth of the largest.
    assert models.difference([expected[0], jnp.array([1e-3])], expected) == pytest.approx(0.5)
    assert not models.difference([jnp.array([jnp.nan, 1.0]), expected[1]], expected) < 1


def test_tracing_is_measured_for_both() -> None:
    found = tracing_cost(layers=2, rounds=1)
    assert set(found) == {"forward plain", "forward accelerated", "step plain", "step accelerated"}
    assert all(seconds > 0 for seconds in found.values())


def test_models_are_examples() -> None:
    folder = Path(models.__file__).parents[1] / "examples"
    assert set(MODELS) <= {file.stem for file in folder.glob("*.py")}
    assert set(TORCH_MODELS) <= set(MODELS)
