"""tune: which convolutions it finds, what it remembers, and that nothing is timed inside a trace."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array, lax

import convax
from convax import primitive, tuning
from convax.algorithms import Algorithm, Direct, Fft, ShiftAdd
from convax.core import ConvSpec, Geometry
from convax.errors import ArgumentError
from convax.planner import Wisdom, device_name, estimates, make_plan, timing, use_wisdom
from convax.tuning import TuneReport, convolutions_of, tune
from keeping import OTHERS, SIGNAL, kept_in
from specs import with_dtype

X = jnp.ones((2, 3, 40), jnp.float32)
W = jnp.ones((3, 3, 5), jnp.float32)

layer = functools.partial(convax.conv1d, padding="SAME")


def loss(x: Array, w: Array) -> Array:
    return jnp.sum(layer(x, w) ** 2)


@jax.custom_vjp
def clipped(x: Array, w: Array) -> Array:
    return layer(x, w)


clipped.defvjp(lambda x, w: (layer(x, w), (x, w)), lambda kept, ct: jax.vjp(layer, *kept)[1](jnp.clip(ct, -1, 1)))

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "plain": layer,
    "jit": jax.jit(layer),
    "two layers": lambda x, w: layer(convax.conv1d(x, w, stride=2), w),
    "gradients": jax.grad(loss, (0, 1)),
    "gradients of jit": jax.jit(jax.value_and_grad(jax.jit(loss), (0, 1))),
    "second derivative": lambda x, w: jax.jvp(lambda x: jax.grad(loss)(x, w), (x,), (x,))[1],
    "gradient of a stride": jax.grad(lambda x, w: jnp.sum(convax.conv1d(x, w, stride=3) ** 2), (0, 1)),
    "scan": lambda x, w: lax.scan(lambda carry, _: (layer(carry, w), None), x, None, length=3)[0],
    "gradients of scan": jax.grad(
        lambda x, w: jnp.sum(lax.scan(lambda carry, _: (layer(carry, w), None), x, None, length=3)[0]), (0, 1)
    ),
    "while": lambda x, w: lax.while_loop(lambda c: jnp.sum(c) < 0, lambda c: layer(c, w), x),
    "cond": lambda x, w: lax.cond(
        jnp.sum(x) > 0, layer, lambda x, w: convax.conv1d(x, w, dilation=2, padding="SAME"), x, w
    ),
    "vmap over data": jax.vmap(layer, (0, None)),
    "vmap over both": jax.vmap(layer),
    "gradients of vmap over both": jax.grad(lambda x, w: jnp.sum(jax.vmap(layer)(x, w) ** 2), (0, 1)),
    "remat": jax.grad(jax.checkpoint(loss), (0, 1)),
    "custom_vjp": jax.value_and_grad(lambda x, w: jnp.sum(clipped(x, w)), (0, 1)),
    "map": lambda x, w: lax.map(lambda x: layer(x, w), x),
}


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[ConvSpec]:
    """The convolutions that compilation asks the planner for."""
    asked: list[ConvSpec] = []

    def noting(spec: ConvSpec, *arguments: Any) -> Algorithm:
        asked.append(spec)
        return choose(spec, *arguments)

    choose = primitive.choose
    monkeypatch.setattr(primitive, "choose", noting)
    return asked


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_compiling_plans_is_what_tuning_finds(name: str, planned: list[ConvSpec]) -> None:
    stacked = "vmap" in name or name == "map"
    x, w = (jnp.stack([X, X]) if stacked else X), (jnp.stack([W, W]) if "both" in name else W)
    function = FUNCTIONS[name]
    found = set(convolutions_of(function, x, w))
    planned.clear()
    jax.jit(lambda x, w: function(x, w)).lower(x, w)
    assert found == set(planned) != set()
    assert found == set(convolutions_of(function, *(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in (x, w))))


def test_what_is_requested_is_left_alone() -> None:
    assert not list(convolutions_of(functools.partial(layer, algorithm="direct"), X, W))
    mixed = lambda x, w: layer(layer(x, w, algorithm="direct"), w)
    assert len(list(convolutions_of(mixed, X, W))) == 1


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[Algorithm, float]]:
    """Times that are given instead of measured, by which a transform is fastest."""
    times = {Direct(): 3e-3, Fft(): 1e-3, ShiftAdd(): 2e-3}
    monkeypatch.setattr(tuning, "measure", lambda *_, **__: times)
    yield times


def test_the_fastest_is_remembered_and_planned(invented: dict[Algorithm, float]) -> None:
    with use_wisdom(Wisdom()) as wisdom:
        before = make_plan(SIGNAL)
        report = tune(SIGNAL, platform="cpu")
        plan = make_plan(SIGNAL)
    assert before.source == "estimate" and before.algorithm != Fft()
    assert (plan.algorithm, plan.source) == (Fft(), "wisdom")
    assert list(report.entries[0].seconds) == [Fft(), ShiftAdd(), Direct()]
    assert report.entries[0].fastest == Fft()
    remembered = wisdom.recall(SIGNAL, device_name("cpu"))
    assert remembered is not None
    assert remembered.seconds == {"fft": 1e-3, "shift_add": 2e-3, "direct": 3e-3}


def test_the_report_is_a_table(invented: dict[Algorithm, float]) -> None:
    with use_wisdom(Wisdom()):
        lines = str(tune(SIGNAL, platform="cpu")).splitlines()
    assert lines[0] == device_name("cpu")
    assert lines[1] == str(SIGNAL)
    assert lines[2].split() == ["1", "ms", "fft"]
    marked = [line for line in lines if "(estimated to be fastest)" in line]
    assert all(str(estimates(SIGNAL, "cpu")[0].algorithm) in line for line in marked)
    assert "no convolution of convax" in str(TuneReport("device", ()))


def test_each_distinct_convolution_once_and_none_that_is_empty(invented: dict[Algorithm, float]) -> None:
    with use_wisdom(Wisdom()) as wisdom:
        twice = lambda x, w: layer(layer(x, w), w)
        assert len(tune(twice, X, W).entries) == 1 == len(wisdom)
        assert tune(dataclasses.replace(SIGNAL, batch=0)).entries == ()
        assert tune(lambda x: x + 1, 1.0).entries == ()


def test_wisdom_goes_to_the_innermost_else_to_the_users(tmp_path: Path, invented: dict[Algorithm, float]) -> None:
    with kept_in(tmp_path):
        tune(SIGNAL)
        with use_wisdom(Wisdom()) as inner:
            tune(OTHERS["batch"])
        assert make_plan(SIGNAL).source == "wisdom"
    assert len(inner) == 1
    assert [choice.algorithm for choice in Wisdom(tmp_path / "wisdom-1").choices().values()] == [Fft()]


def test_measuring_runs_the_promising_ones() -> None:
    told: list[Algorithm] = []
    with use_wisdom(Wisdom()):
        report = tune(SIGNAL, platform="cpu", seconds=0.0, told=lambda spec, algorithm: told.append(algorithm))
    seconds = report.entries[0].seconds
    promising = timing.promising(SIGNAL, "cpu")
    assert told == promising and set(seconds) == set(promising)
    assert any(isinstance(algorithm, Direct) for algorithm in promising)
    assert list(seconds.values()) == sorted(seconds.values())


def test_lax_takes_part_unless_it_takes_forever() -> None:
    """A depthwise layer of float64 is a dense one to lax, in naive loops."""
    depthwise = ConvSpec(Geometry(1000, 7), 4, 256, 256, 256)
    assert Direct() in timing.promising(depthwise, "cpu", most=1)
    assert Direct() not in timing.promising(with_dtype(depthwise, "float64"), "cpu")


def test_a_first_run_that_met_something_else_is_not_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fresh memory, or a moment when the system took a core away: a tenth of a second instead of a millisecond."""
    taken = {Direct(): iter([0.3, *[0.001] * 99]), Fft(): iter([0.3, *[0.002] * 99])}
    monkeypatch.setattr(timing, "_timed", lambda run, calls: next(run()))
    runs = {algorithm: functools.partial(next, iter([times] * 999)) for algorithm, times in taken.items()}
    assert timing.race(runs, 0.0) == {Direct(): 0.001, Fft(): 0.002}


def test_a_slow_moment_of_one_contender_is_not_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {Direct(): iter([0.001] * 99), Fft(): iter([0.02] * 6 + [0.0005] * 99)}
    monkeypatch.setattr(timing, "_timed", lambda run, calls: next(run()))
    runs = {algorithm: functools.partial(next, iter([times] * 999)) for algorithm, times in taken.items()}
    assert timing.race(runs, 0.0) == {Direct(): 0.001, Fft(): 0.0005}


def test_a_run_that_met_luck_is_not_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that happened to be awake, once in a hundred runs."""
    usual = {Direct(): 2e-5, Fft(): 3e-5}
    taken = {each: itertools.chain([1e-5], itertools.repeat(seconds)) for each, seconds in usual.items()}
    monkeypatch.setattr(timing, "_timed", lambda run, calls: next(run()))
    runs = {each: functools.partial(next, itertools.repeat(times)) for each, times in taken.items()}
    assert timing.race(runs, 0.0) == usual


def test_what_takes_long_beyond_doubt_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(timing, "_timed", lambda run, number: calls.append(run()) or 30.0)
    assert timing._turn(lambda: "slow", 0.01, 6) == 30.0
    assert calls == ["slow"]


@pytest.mark.parametrize("x64", [False])
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64", "float32"])
def test_wide_types_are_measured_as_such(dtype: str, x64: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where JAX would narrow them to 32 bits."""
    measured = []

    def compute(algorithm: Algorithm, spec: ConvSpec, platform: str, x: Array, w: Array) -> Array:
        measured.extend([x.dtype.name, w.dtype.name])
        return x

    monkeypatch.setattr(timing, "_compute", compute)
    timing.measure(with_dtype(SIGNAL, dtype), "cpu", seconds=0.0)
    assert set(measured) == {dtype}
    assert jnp.asarray(np.ones(3)).dtype == jnp.float32, "as before"


# Nothing is timed inside a trace.


@pytest.mark.parametrize("name", ["plain", "gradients", "scan", "vmap over both"])
def test_calling_and_compiling_time_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("timed")

    for function in ("_timed", "contenders", "measure"):
        monkeypatch.setattr(timing, function, refuse)
    monkeypatch.setattr(tuning, "measure", refuse)
    x, w = (jnp.stack([X, X]), jnp.stack([W, W])) if "both" in name else (X, W)
    function = FUNCTIONS[name]
    jax.jit(lambda x, w: function(x, w))(x, w)
    function(x, w)


@pytest.mark.parametrize("trace", [jax.jit, jax.make_jaxpr, lambda f: lambda x: lax.map(f, x[None])])
def test_tuning_inside_a_trace_is_refused(trace: Callable[..., Any]) -> None:
    spec = ConvSpec(Geometry(64, 3))

    def function(x: Array) -> Array:
        tune(spec)
        return x

    with pytest.raises(ArgumentError, match="inside a function that JAX is tracing"):
        trace(function)(X)
