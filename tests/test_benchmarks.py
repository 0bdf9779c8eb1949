"""The benchmarks' cases are computed correctly by convax and by its rivals, and the page is what was recorded."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks import full, readme, regret, tuned
from benchmarks.cases import Case
from benchmarks.catalogue import layers, padded_signals, select, signal, signals
from benchmarks.figures import losing, targets
from benchmarks.gpu_catalogue import of_gpu
from benchmarks.gpu_page import gpu_page
from benchmarks.machine import Limits
from benchmarks.measure import Timing, interleaved
from benchmarks.operations import arranged, canonical, convax_function, lax_function, lax_operands
from benchmarks.plots import draw
from benchmarks.promises import promises
from benchmarks.recording import Recording
from benchmarks.report import GPU_PAGE, ONCE_MORE, PAGE, latest, latest_of_gpu, latest_of_kind, page, regret_before
from benchmarks.rivals import prepare
from benchmarks.rows import Prepared, Row, measure_case
from benchmarks.truth import error, truth

from convax.algorithms import Direct, Fft

# Cases that differ in size only are one case once shrunk.
SHRUNK = list(
    dict.fromkeys(
        dataclasses.replace(case.shrunk(), tags=case.tags[:1], gradients=case.dtype != "int32")
        for case in [*layers(), *signals(), *padded_signals()]
    )
)
# With taps enough for the truth to take FFTs.
MANY_TAPS = [
    signal(600, 300, "float64", gradients=True),
    dataclasses.replace(select(layers(), "long-kernel")[1].shrunk(), length=256, taps=256),
]


@pytest.mark.parametrize("case", [*SHRUNK, *MANY_TAPS], ids=lambda case: case.name)
def test_convax_and_lax_compute_what_numpy_computes(case: Case) -> None:
    drawn = case.draw()
    exact = truth(case, drawn)
    assert exact is not None
    tolerance = 0 if case.dtype == "int32" else 1e-12
    for function, operands, by_lax in (
        (convax_function(case), arranged(case, drawn, case.layout), False),
        (lax_function(case, case.layout), lax_operands(case, drawn, case.layout), True),
    ):
        found = jax.jit(function)(*map(jnp.asarray, operands))
        assert error(canonical(case, found, case.layout, by_lax=by_lax), exact) <= tolerance


@pytest.mark.parametrize("rival", ["jnp.correlate", "jnp.convolve", "jax.scipy convolve", "jax.scipy fftconvolve"])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_rivals_in_jax_compute_the_same_signal(rival: str, padding: str) -> None:
    case = dataclasses.replace(signal(50, 7, "float64", gradients=True), padding=padding)
    program = prepare(case, case.draw(), [rival])[rival]
    _, (dx, dw) = program()
    exact = truth(case, case.draw())
    assert exact is not None
    flipped = rival.endswith("convolve")
    assert error([dx, dw[::-1] if flipped else dw], exact[1:]) <= 1e-12


@pytest.mark.parametrize("rival", ["NumPy", "SciPy correlate", "SciPy oaconvolve"])
@pytest.mark.parametrize(
    "case",
    [
        signal(50, 7, "float64"),
        dataclasses.replace(signal(50, 7, "float64"), padding="SAME"),
        select(layers(), "per-example")[0].shrunk(),
    ],
)
def test_rivals_without_jax_compute_the_same_signals(rival: str, case: Case) -> None:
    exact = truth(case, case.draw())
    assert exact is not None
    assert error([np.asarray(prepare(case, case.draw(), [rival])[rival]())], exact) <= 1e-12


@pytest.mark.parametrize(
    ("rival", "case"),
    [("torch", case) for case in SHRUNK] + [("torch.fft", case) for case in MANY_TAPS],
    ids=lambda value: getattr(value, "name", value),
)
def test_torch_computes_the_same(rival: str, case: Case) -> None:
    pytest.importorskip("torch")
    operands = case.draw()
    program = prepare(case, operands, [rival])[rival]
    exact = truth(case, operands)
    assert exact is not None
    results = program() if case.gradients else [program()]
    found = [np.asarray(tensor.detach().resolve_conj()) for tensor in results]
    # torch's gradients by complex numbers are the conjugates of JAX's.
    found[1:] = [array.conj().reshape(shape) for array, shape in zip(found[1:], case.shapes, strict=False)]
    assert error(found, exact) <= 1e-12


def test_names_are_unique_and_every_kind_is_there() -> None:
    names = [case.name for case in [*layers(), *signals(), *padded_signals()]]
    assert len(set(names)) == len(names)
    assert len({case.name for case in layers() if not case.gradients}) >= 40
    kinds = {case.tags[0] for case in layers()}
    assert kinds == {"dense", "strided", "dilated", "grouped", "depthwise", "separable"} | {
        *("transposed", "long-kernel", "per-example"),
    }


def test_every_promise_is_a_case_that_lax_can_run() -> None:
    bars = {promise.case.name: promise.bar for promise in promises()}
    assert bars["signal L1e6 K3 float32 forward"] == 25
    assert bars["per-example kernels N64 L1e4 K31 float32 forward"] == 30
    assert "signal L1e7 K10001 float32 forward" in bars


def test_a_contender_that_fails_is_named_and_the_others_are_timed() -> None:
    def fails() -> None:
        raise TypeError("no such type\nand more")

    found = interleaved({"fails": fails, "works": lambda: None}, seconds=0.001)
    assert found["fails"] == "TypeError: no such type"
    assert isinstance(found["works"], Timing) and found["works"].samples >= 3


def test_who_is_not_far_behind_is_timed_often_enough() -> None:
    def of(seconds: float) -> Callable[[], None]:
        return lambda: time.sleep(seconds)

    found = interleaved({"first": of(0.002), "near": of(0.004), "behind": of(0.05)}, seconds=0.001)
    samples = {name: timing.samples for name, timing in found.items() if isinstance(timing, Timing)}
    assert samples == {"first": 9, "near": 9, "behind": 1}


LIMITS = Limits({1 << 20: 5e10}, {"float32": 1e11, "float64": 5e10})


def test_a_run_is_recorded_row_by_row_and_taken_up_again(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "machine-2026-01-01.json"
    recording = Recording.open(path)
    session = recording.begin(LIMITS, {"lax": 1e-5, "correlate": 1e-5, "import": 0.1, "plan": 1e-3, "plan again": 1e-5})
    case = signal(200, 5)
    prepared = Prepared.of(case, ("convax", "lax NCH", "NumPy"))
    row = measure_case(prepared, LIMITS, seconds=0.01, session=session)
    recording.add(row)
    assert set(row.timings) == {"convax", "lax NCH", "NumPy"}
    assert 0 < row.errors["convax"] < 1e-5
    again = Recording.open(path)
    assert again.names == {case.name}
    assert [dataclasses.replace(each, timings={}) for each in again.rows] == [
        dataclasses.replace(Row.from_plain(dataclasses.asdict(again.rows[0])), timings={})
    ]
    assert list(tmp_path.iterdir()) == [path]


def _fixture() -> tuple[Recording, list[regret.Outcome]]:
    """Two rows, one of which a rival wins, and two random specs."""
    recording = Recording({"device": "a machine", "versions": {"jax": "1"}})
    session = recording.begin(LIMITS, {"lax": 1e-5, "correlate": 2e-5, "import": 0.1, "plan": 1e-3, "plan again": 1e-5})
    won, lost = signal(1_000_000, 3), select(layers(), "strided")[0]
    for case, rivals in ((won, {"lax NCH": 25e-3, "NumPy": 2e-3}), (lost, {"lax NCH": 4e-3, "torch": 0.5e-3})):
        times = {"convax": 1e-3, **rivals}
        recording.add(
            Row(
                name=case.name,
                case=dataclasses.asdict(case),
                timings={name: Timing(seconds, seconds, 0.01, 9) for name, seconds in times.items()},
                absent={},
                algorithms=["shift_add"],
                compile_seconds={"convax": 0.2, "lax NCH": 0.2},
                temporaries={"convax": case.bytes, "lax NCH": 0},
                held=case.bytes,
                errors={"convax": 1e-7, "lax NCH": 2e-7},
                limit=4e-4,
                limited_by="memory",
                session=session,
            )
        )
    outcome = regret.Outcome("0:0", "signal", "a spec", "direct", {"direct": 2e-3, "fft": 1e-3}, "fft", {"fft": 1e-3})
    return recording, [outcome, dataclasses.replace(outcome, key="0:1", chosen="fft")]


def test_the_page_begins_with_what_is_lost_and_says_which_targets_are_missed() -> None:
    recording, outcomes = _fixture()
    assert [(row.name, rival, ratio) for row, rival, ratio in losing(recording.rows)] == [
        ("strided N16 C64 O64 L1024 K3 s2 float32 forward", "torch", 0.5)
    ]
    text = page(recording, outcomes, "results.json")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[0] == "## Where a rival is faster"
    assert "In 1 of 2 rows" in text
    met = {target.words: target.is_met for target in targets(recording, outcomes)}
    assert met["layers, best rival / convax, least"] is False
    assert met["float32 signals, lax / convax, geometric mean"] is True
    assert met["warm correlate of 1,000 samples / jitted lax, x"] is False
    assert met["regret with wisdom, worst"] is True
    assert "| **missed** | layers, best rival / convax, least | >= 0.95 | 0.5 |" in text


def test_an_earlier_recording_says_what_the_machine_allows() -> None:
    recording, outcomes = _fixture()
    first, second = outcomes
    slower_then = dataclasses.replace(first, times={"direct": 1e-3, "fft": 3e-3, "toeplitz": 1e-4})  # a candidate since
    another = dataclasses.replace(second, spec="another spec")
    assert regret.remembering([slower_then, another], outcomes) == [2.0]
    assert "took 2.00 times as long" in page(recording, outcomes, earlier=[slower_then, another])
    assert "another day" not in page(recording, outcomes, earlier=[another])


def test_rows_with_large_pages_stand_beside_those_without() -> None:
    recording, _ = _fixture()
    row = recording.rows[0]
    faster = dataclasses.replace(row, timings=row.timings | {"convax": Timing(5e-4, 5e-4, 0.01, 9)})
    text = page(recording, with_large_pages=dataclasses.replace(recording, rows=[faster]))
    assert f"| {row.name} | 1 | 0.5 | NumPy | 2 | 4.00 |" in text
    assert "the best rival takes 4.00 times as long as convax over the 1 signals" in text
    assert "## Large pages" not in page(recording)


def test_tuned_layers_stand_beside_what_was_estimated() -> None:
    recording, _ = _fixture()
    row = next(row for row in recording.rows if row.case["operation"] != "signal")
    faster = dataclasses.replace(
        row, timings=row.timings | {"convax": Timing(1e-4, 1e-4, 0.01, 9)}, algorithms=["winograd"]
    )
    text = page(recording, with_tuning=dataclasses.replace(recording, rows=[faster]))
    assert "| 0.50 | 5.00 | `winograd` |" in text
    assert "in 0 of 1 layers instead of 1. The fastest takes 5.00 times as long as convax instead of 0.50" in text
    assert "## Tuned layers" not in page(recording)


def test_tuned_cases_are_planned_by_what_was_measured(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = dataclasses.replace(select(layers(), "causal")[0].shrunk(), gradients=False, dtype="float32")
    monkeypatch.setattr(tuned, "cases", lambda: iter([case]))
    monkeypatch.setattr("convax.tuning.measure", lambda *_, **__: {Fft(): 1e-9, Direct(): 1.0})
    monkeypatch.setattr(full, "layers", lambda: iter([case]))
    monkeypatch.setattr(full, "measure_limits", lambda: LIMITS)
    monkeypatch.setattr(full, "measure_overheads", dict)
    recorded = {}
    for kind in ("tuned", "estimated"):
        options = {"with_torch": False, "after_tuning": kind == "tuned"}
        path = full.run_full(tmp_path / f"{kind}.json", case.name, seconds=0.01, **options)
        recorded[kind] = Recording.read(path).rows[0].algorithms
    assert recorded["tuned"] == ["fft"] != recorded["estimated"]


def test_pictures_are_drawn_of_whatever_there_is(tmp_path: pathlib.Path) -> None:
    files = draw(*_fixture(), tmp_path)
    assert sorted(file.name for file in files) == sorted(file.name for file in tmp_path.iterdir())
    assert len(files) == 4


def test_the_page_is_what_the_report_makes_of_the_newest_results() -> None:
    newest = latest()
    if newest is None:
        assert not PAGE.exists()
        return
    results, of_regret = newest
    outcomes, earlier = (regret.read(of_regret)[1], regret_before(of_regret)) if of_regret else ([], [])
    text = page(Recording.read(results), outcomes, results.name, earlier, *map(latest_of_kind, ONCE_MORE))
    assert PAGE.read_text("utf-8") == text, (
        "docs/benchmarks.md is not what its results say: python -m benchmarks.report"
    )


def test_the_readme_has_the_newest_numbers() -> None:
    newest = latest()
    assert newest is not None
    text = readme.README.read_text("utf-8")
    assert readme.updated(text, Recording.read(newest[0])) == text, "README.md is stale: python -m benchmarks.report"


def test_a_readme_without_its_marks_is_left_alone() -> None:
    recording, _ = _fixture()
    marked = f"a\n{readme.BEGIN}old\n{readme.END}b\n"
    text = readme.updated(marked, recording)
    assert text.startswith(f"a\n{readme.BEGIN}") and text.endswith(f"{readme.END}b\n") and "old" not in text
    assert "| one signal, 1e6 samples, 3 taps | 25 | 1 | 25 | NumPy 2.00 | `shift_add` |" in text
    with pytest.raises(ValueError, match="no table between"):
        readme.updated(marked.replace(readme.END, ""), recording)


def test_the_gpu_page_is_what_the_report_makes_of_the_newest_results() -> None:
    newest = latest_of_gpu()
    assert newest is not None
    recording = Recording.read(newest)
    assert recording.is_of_gpu
    assert GPU_PAGE.read_text("utf-8") == gpu_page(recording, newest.name), "python -m benchmarks.report"


def test_the_gpu_catalogue_fills_a_gpu() -> None:
    cases = of_gpu()
    assert len({case.name for case in cases}) == len(cases)
    assert {case.tags[0] for case in cases} == {case.tags[0] for case in [*layers(), signal(1000, 3)]}
    assert {case.dtype for case in cases} >= {"float32", "bfloat16", "int32"}
    assert min(case.bytes for case in cases) > 5e5
