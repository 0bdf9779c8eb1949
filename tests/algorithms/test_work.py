"""What the formulations count: operations that XLA carries out, not those that the definition names."""

from __future__ import annotations

import dataclasses
import functools

import pytest

from convax.algorithms import Direct, Matmul, ShiftAdd
from convax.algorithms.matmul import Form
from convax.algorithms.target import compiling_for
from convax.core import ConvSpec, DType, Geometry
from convax.core.threads import threads
from convax.planner import DeviceModel
from convax.planner.plan import estimates
from convax.planner.timing import contenders

LAYER = ConvSpec(Geometry(100, 4), batch=2, channels=8, features=16)
UPSAMPLED = dataclasses.replace(LAYER, geometry=Geometry(100, 4, upsample=3, padding=(3, 3)))


def operations(
    algorithm: Direct | Matmul | ShiftAdd, spec: ConvSpec = LAYER, platform: str = "cpu"
) -> dict[str, float]:
    with compiling_for(platform):
        return dict(algorithm.total_work(spec).operations)


def test_a_cpu_multiplies_all_samples_by_all_taps_where_it_upsamples() -> None:
    counts = operations(Direct(), UPSAMPLED)
    assert counts["conv_column"] == 2 * 100 * 4 * 16
    assert counts["gemm"] == 8 * counts["conv_column"] < UPSAMPLED.multiply_adds
    assert not {"conv_nhc", "conv_patch"} & counts.keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"geometry": Geometry(100, 4, stride=2, upsample=3, padding=(3, 3))},
        {"geometry": Geometry(100, 4, dilation=2, upsample=3, padding=(6, 6))},
        {"feature_groups": 2},
        {"geometry": Geometry(1 << 20, 1 << 10, upsample=3), "batch": 8},  # more than its memory is allowed to hold
    ],
    ids=["stride", "dilation", "groups", "size"],
)
def test_it_does_so_where_nothing_else_is_asked(changes: dict[str, object]) -> None:
    counts = operations(Direct(), dataclasses.replace(UPSAMPLED, **changes))  # type: ignore[arg-type]
    assert "conv_column" not in counts and "conv_patch" in counts


def test_a_gpu_is_counted_for_what_it_is() -> None:
    counts = operations(Direct(), UPSAMPLED, "cuda")
    assert counts["conv_nhc"] == UPSAMPLED.multiply_adds
    assert not {"conv_column", "conv_patch"} & counts.keys()
    prices = {platform: DeviceModel.shipped(platform).counted(Direct(), UPSAMPLED)[0] for platform in ("cpu", "cuda")}
    assert "conv_column" in prices["cpu"].operations and "conv_column" not in prices["cuda"].operations
    works = {platform: _work_of_direct(UPSAMPLED, platform) for platform in ("cpu", "cuda")}
    assert "conv_column" in works["cpu"] and "conv_column" not in works["cuda"]


def _work_of_direct(spec: ConvSpec, platform: str) -> dict[str, float]:
    """As the planner counts it, whatever this machine has."""
    work = next(each.work for each in estimates(spec, platform) if isinstance(each.algorithm, Direct))
    return dict(work.operations) if work else {}


@pytest.mark.parametrize(
    ("form", "channels", "features", "kind"),
    [
        ("taps", 8, 16, "gemm"),
        ("taps", 1, 16, "loop"),  # a product that sums nothing
        ("taps", 8, 1, "gemm_thin"),
        ("unfold", 1, 16, "gemm"),  # sums the taps
        ("fold", 8, 1, "gemm"),  # makes the products of all taps at once
        ("fold", 1, 1, "loop"),
    ],
)
def test_products_are_counted_by_their_sides(form: Form, channels: int, features: int, kind: str) -> None:
    spec = dataclasses.replace(LAYER, channels=channels, features=features)
    counts = operations(Matmul(form), spec)
    products = {name: counts.get(name, 0) for name in ("gemm", "gemm_thin", "loop")}
    assert max(products, key=lambda name: products[name]) == kind
    assert products[kind] >= spec.multiply_adds


def test_one_tap_is_one_product_that_is_not_summed() -> None:
    spec = dataclasses.replace(LAYER, geometry=Geometry(100, 1))
    work = Matmul("taps").work(spec)
    assert work.bytes == 4 * (spec.sizes[0] + spec.sizes[2]) and work.launches == 1
    assert work.operations["loop"] == 0 and work.operations["gemm"] == spec.multiply_adds


def test_signals_that_take_turns_are_counted() -> None:
    assert operations(Matmul("unfold", sequential=True))["turn"] == LAYER.batch
    assert "turn" not in operations(Matmul("unfold"))


def test_types_that_change_are_counted() -> None:
    half = dataclasses.replace(LAYER, dtype=DType("bfloat16"))
    assert operations(ShiftAdd(), half)["convert"] == LAYER.sizes[0] + LAYER.sizes[2]
    assert "convert" not in operations(ShiftAdd())


@pytest.mark.skipif(threads() < 2, reason="a single thread has nobody to share a loop with")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("geometry", "block"),
    [
        (Geometry(3000, 9), 16),
        (Geometry(40_000, 9), 16),
        (Geometry(40_001, 9, padding=(4, 4)), 16),
        (Geometry(11_647, 15), 16),
        (Geometry(11_647, 15), 4),
        (Geometry(2500, 60), 16),
        (Geometry(20_000, 60), 16),
        (Geometry(60_000, 60, padding=(59, 0)), 4),
        (Geometry(100_007, 9), 16),
        (Geometry(100_058, 60), 16),
    ],
    ids=str,
)
def test_loops_that_threads_divide_are_foreseen(geometry: Geometry, block: int, dtype: str) -> None:
    spec, algorithm = ConvSpec(geometry, dtype=DType(dtype)), ShiftAdd(block)
    run = contenders(spec, "cpu", [algorithm])[algorithm]
    assert isinstance(run, functools.partial)
    program = run.func.as_text().splitlines()
    sums = [line for line in program if " fusion(" in line]
    assert operations(algorithm, spec)["split"] == sum('dimension_partitions":["' in line for line in sums)
