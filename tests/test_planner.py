"""The planner: what a plan shows, how a request is met or refused, and the data that prices come from."""

from __future__ import annotations

import dataclasses
import datetime
import importlib.resources
import json
import math

import pytest

import convax
from convax.algorithms import ALGORITHMS, Algorithm, Direct, Matmul, OverlapSave, Polyphase, ShiftAdd, Toeplitz
from convax.algorithms.target import compiling_for
from convax.core import ConvSpec, Geometry, Work
from convax.errors import AlgorithmError, ArgumentTypeError
from convax.planner import DeviceModel, Plan, choose, make_plan, resolve_algorithm
from convax.planner.plan import handicap
from specs import CASES, DTYPES, conv_specs, for_all, spec_id, with_dtype

by_case = pytest.mark.parametrize("spec", CASES.values(), ids=spec_id)
PLATFORMS = ("cpu", "cuda", "rocm", "tpu", "something new")


class TestPlan:
    """A plan is complete, ordered and printable."""

    @by_case
    def test_names_every_algorithm_once(self, spec: ConvSpec) -> None:
        plan = make_plan(spec)
        assert sorted(c.algorithm.name for c in plan.candidates) == sorted(ALGORITHMS)

    @by_case
    def test_chooses_the_least_estimate(self, spec: ConvSpec) -> None:
        plan = make_plan(spec)
        # lax's own convolution of a dense layer is taken unless another one promises a good deal more.
        ranks = [c.seconds * handicap(c.algorithm, spec) for c in plan.candidates]
        assert ranks == sorted(ranks)
        assert plan.algorithm == plan.candidates[0].algorithm
        assert plan.source == "estimate"
        assert plan.seconds == plan.candidates[0].seconds

    @by_case
    def test_estimates_and_refusals_exclude_each_other(self, spec: ConvSpec) -> None:
        for candidate in make_plan(spec).candidates:
            assert candidate.refusal == candidate.algorithm.why_not(spec)
            if candidate.refusal is None:
                assert candidate.work == candidate.algorithm.total_work(spec)
                assert 0 < candidate.seconds < math.inf
            else:
                assert candidate.work is None and candidate.seconds == math.inf

    @by_case
    def test_prints_everything(self, spec: ConvSpec) -> None:
        plan = make_plan(spec)
        first, *table, last = str(plan).splitlines()
        assert str(spec) in first and "cpu" in first
        assert len(table) == len(ALGORITHMS)
        for line, candidate in zip(table, plan.candidates, strict=True):
            assert str(candidate.algorithm) in line
            if candidate.refusal is None:
                assert line.rstrip().endswith((" s", " ms", " us", " ns"))
            else:
                assert candidate.refusal in line
        assert [line.startswith(">") for line in table].index(True) == 0
        assert str(plan.algorithm) in last and plan.algorithm.idea in last

    def test_the_best_setting_stands_for_its_algorithm(self) -> None:
        spec = CASES["long signal"]
        model = DeviceModel.of_platform("cpu")
        for candidate in make_plan(spec).candidates:
            able = [c for c in type(candidate.algorithm).candidates(spec, "cpu") if c.why_not(spec) is None]
            prices = [model.estimate(setting, spec) for setting in able]
            if able:
                assert candidate.seconds == min(prices)

    @pytest.mark.parametrize("platform", PLATFORMS)
    @pytest.mark.parametrize("dtype", [*DTYPES, "float8_e4m3fn", "int4"])
    def test_every_type_on_every_platform(self, platform: str, dtype: str) -> None:
        plan = make_plan(with_dtype(CASES["all steps"], dtype), platform)
        assert plan.algorithm.why_not(plan.spec) is None
        assert math.isfinite(plan.seconds)

    def test_any_spec_has_a_plan(self, examples: str) -> None:
        @for_all(conv_specs(), examples, few=50, many=2000)
        def plans(spec: ConvSpec) -> None:
            plan = make_plan(spec)
            assert plan.algorithm.why_not(spec) is None and str(plan)

    def test_is_a_value(self) -> None:
        plan = make_plan(CASES["dense"])
        assert plan == dataclasses.replace(plan)
        with pytest.raises(dataclasses.FrozenInstanceError):
            plan.platform = "tpu"  # type: ignore[misc]

    def test_estimates_are_made_once(self) -> None:
        plan, again = (make_plan(ConvSpec(Geometry(12_345, 7)), "cpu") for _ in range(2))
        assert plan == again and plan.candidates is again.candidates
        assert make_plan(plan.spec, "cuda").candidates is not plan.candidates


class TestRequests:
    """What a caller asks for is what runs, or fails with the algorithm's own reason."""

    @pytest.mark.parametrize("name", list(ALGORITHMS))
    def test_by_name(self, name: str) -> None:
        spec = next(s for s in CASES.values() if make_plan_refusal(s, name) is None)
        plan = make_plan(spec, "cpu", name)
        assert plan.algorithm.name == name and plan.source == "requested"
        assert next(line for line in str(plan).splitlines() if line.startswith(">")).split()[1].startswith(name)
        assert "(requested)" in str(plan)

    @pytest.mark.parametrize(
        ("case", "value"),
        [
            *(("long signal", value) for value in (Toeplitz(128), Toeplitz(7), OverlapSave(512), ShiftAdd())),
            *(("dense", value) for value in (Matmul("fold"), Direct("NCH"), ShiftAdd())),
            *(("strided", value) for value in (Polyphase(Matmul("unfold")), Polyphase(Direct()))),
        ],
        ids=str,
    )
    def test_by_value(self, case: str, value: Algorithm) -> None:
        plan = make_plan(CASES[case], "cpu", value)
        assert plan.algorithm == value and plan.source == "requested"
        assert len(plan.candidates) == len(ALGORITHMS)
        assert math.isfinite(plan.seconds)

    @by_case
    def test_refusals_raise_their_reason(self, spec: ConvSpec) -> None:
        for candidate in make_plan(spec).candidates:
            if candidate.refusal is None:
                continue
            with pytest.raises(AlgorithmError) as raised:
                make_plan(spec, "cpu", candidate.algorithm)
            assert candidate.refusal in str(raised.value)
            assert str(spec) in str(raised.value)
            # The repair runs: the algorithm that it names serves.
            repair = raised.value.repair
            named = [name for name in ALGORITHMS if repr(name) in repair]
            assert len(named) == 1 and make_plan(spec, "cpu", named[0]).algorithm.name == named[0]
            assert "algorithm=None" in repair

    def test_a_value_is_refused_although_another_setting_serves(self) -> None:
        spec = CASES["long signal"]
        assert make_plan(spec, "cpu", "overlap_save").algorithm.name == "overlap_save"
        with pytest.raises(AlgorithmError, match="blocks of 16 points"):
            make_plan(spec, "cpu", OverlapSave(16))

    def test_unknown_name(self) -> None:
        with pytest.raises(AlgorithmError, match=r"no algorithm 'overlapsave'[\s\S]*did you mean 'overlap_save'"):
            make_plan(CASES["dense"], "cpu", "overlapsave")
        with pytest.raises(AlgorithmError, match=r"no algorithm 'karatsuba'[\s\S]*'shift_add', 'inner_product'"):
            resolve_algorithm("karatsuba")

    @pytest.mark.parametrize("wrong", [3, 2.5, ShiftAdd, ("shift_add",)], ids=repr)
    def test_wrong_type(self, wrong: object) -> None:
        with pytest.raises(ArgumentTypeError, match="pass a name, an algorithm value"):
            resolve_algorithm(wrong)

    def test_nothing_requested(self) -> None:
        assert resolve_algorithm(None) is None
        assert choose(CASES["dense"], "cpu") == make_plan(CASES["dense"], "cpu").algorithm


def make_plan_refusal(spec: ConvSpec, name: str) -> str | None:
    """The reason why the best setting of an algorithm refuses."""
    return next(c.refusal for c in make_plan(spec).candidates if c.algorithm.name == name)


class TestEmpty:
    """A convolution without outputs or terms has nothing to plan."""

    @pytest.mark.parametrize(
        "spec",
        [
            ConvSpec(Geometry(9, 3), batch=0),
            ConvSpec(Geometry(2, 5)),
            ConvSpec(Geometry(9, 3), channels=0),
            ConvSpec(Geometry(9, 3), features=0),
            ConvSpec(Geometry(0, 3, padding=(2, 2))),
        ],
        ids=str,
    )
    def test_is_answered(self, spec: ConvSpec) -> None:
        assert spec.is_empty
        assert choose(spec, "cpu") == Direct()
        assert choose(spec, "cpu", "toeplitz") == Direct()


class TestPlanFunction:
    """`convax.plan`, the same from sizes."""

    def test_from_sizes(self) -> None:
        plan = convax.plan(
            100, 5, stride=2, dilation=3, padding=(1, 2), groups=2, batch=3, channels=4, features=6, dtype="int16"
        )
        geometry = Geometry(100, 5, stride=2, dilation=3, padding=(1, 2))
        assert plan.spec == with_dtype(ConvSpec(geometry, 3, 4, 6, 2), "int16")
        assert isinstance(plan, Plan) and plan.platform == "cpu"

    def test_from_a_spec(self) -> None:
        assert convax.plan(CASES["dense"], platform="cuda") == make_plan(CASES["dense"], "cuda")
        assert convax.plan(CASES["dense"], algorithm="direct").algorithm.name == "direct"


class TestDeviceData:
    """Rates are measured, and say where and when."""

    FILES = sorted(
        entry.name
        for entry in importlib.resources.files("convax.planner").joinpath("data").iterdir()
        if entry.name.endswith(".json")
    )

    @staticmethod
    def read(name: str) -> dict:
        return json.loads(importlib.resources.files("convax.planner").joinpath("data", name).read_text("utf-8"))

    def test_there_are_some(self) -> None:
        assert {"cpu.json", "gpu.json"} <= set(self.FILES)

    @pytest.mark.parametrize("file", FILES)
    def test_provenance(self, file: str) -> None:
        provenance = self.read(file)["provenance"]
        assert {"how", "machine", "date", "jaxlib"} <= set(provenance)
        assert all(provenance[key] and isinstance(provenance[key], str) for key in ("how", "machine", "date", "jaxlib"))
        assert datetime.date.fromisoformat(provenance["date"]) >= datetime.date(2025, 1, 1)

    @pytest.mark.parametrize("file", FILES)
    @pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32"])
    def test_rates(self, file: str, dtype: str) -> None:
        data = self.read(file)
        rates = data["costs"][dtype]
        assert {"loop", "gemm", "reduce"} <= set(rates)
        # Seconds for each operation; the dearest are calls and groups of small convolutions.
        assert all(0 < seconds < 1e-2 for seconds in rates.values())
        assert 0 < rates["loop"] < 1e-7 and 0 < rates["gemm"] < 1e-7

    @pytest.mark.parametrize("platform", ["cpu", "cuda"])
    @pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32"])
    def test_everything_that_is_counted_has_a_price(self, platform: str, dtype: str) -> None:
        """A kind without a price is guessed, and its algorithm passed over, or chosen, for that."""
        prices = DeviceModel.shipped(platform).costs[dtype]
        free = set()
        for case in CASES.values():
            spec = with_dtype(case, dtype)
            for name, kind in ALGORITHMS.items():
                for setting in kind.candidates(spec, platform):
                    if setting.why_not(spec) is None:
                        with compiling_for(platform):
                            counts = setting.total_work(spec).operations
                        free |= {(name, counted) for counted in counts if counts[counted] and counted not in prices}
        assert not free

    @pytest.mark.parametrize("file", FILES)
    def test_device(self, file: str) -> None:
        data = self.read(file)
        assert {field.name for field in dataclasses.fields(DeviceModel)} - {"platform", "corrections"} == set(data)
        assert 0 < data["launch"] < 1e-2 and data["cache"] > 0
        assert 0 < data["bytes"] <= data["far_bytes"] < 1e-7

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_each_platform_has_a_model(self, platform: str) -> None:
        assert DeviceModel.of_platform(platform) is DeviceModel.of_platform(platform)

    def test_prices_add_up(self) -> None:
        model = DeviceModel("paper", {}, 1.0, 10.0, 100.0, 5.0, {"float32": {"loop": 1000.0}})
        assert model.seconds(Work({"loop": 2.0}, bytes=3, launches=4), "float32") == 2000 + 30 + 4
        # Beyond the cache, bytes cost more.
        assert model.seconds(Work({}, bytes=7, launches=0), "float32") == 5 * 10 + 2 * 100
        # A kind without a price is dear, not free; a type without prices is priced as its nearest.
        assert model.seconds(Work({"unheard of": 9.0}, bytes=0, launches=0), "float32") > 0
        assert model.seconds(Work({"loop": 1.0}, bytes=0, launches=0), "float64") == 1000

    def test_nearest_types(self) -> None:
        prices = {"float32": {"loop": 1.0}, "complex64": {"loop": 2.0}, "int32": {"loop": 3.0}}
        model = DeviceModel("paper", {}, 0.0, 0.0, 0.0, 0.0, prices)
        nearest = {"float64": 1, "bfloat16": 1, "complex128": 2, "int64": 3, "uint32": 3, "uint64": 3}
        for dtype, price in nearest.items():
            assert model.seconds(Work({"loop": 1.0}, bytes=0), dtype) == price


def test_the_cpu_is_never_left_to_reorder_a_convolution() -> None:
    """Inside a loop XLA's CPU does not, and a plain loop nest takes fifty times as long."""
    for spec in CASES.values():
        for candidate in make_plan(spec, "cpu").candidates:
            assert "direct(layout=NCH)" not in str(candidate.algorithm)
    assert Direct("NCH") in Direct.candidates(ConvSpec(Geometry(512, 3), 4, 64, 64), "cuda")
