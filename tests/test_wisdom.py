"""Wisdom: which choice holds, what it holds for, and how it travels."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import convax
from convax import primitive
from convax.algorithms import ALGORITHMS, Algorithm, Direct, Fft, Polyphase, ShiftAdd, Toeplitz, from_plain, to_plain
from convax.core import ConvSpec
from convax.planner import Remembered, Wisdom, choose, make_plan, use_wisdom
from convax.planner.remembered import asked_in, key_of
from keeping import HERE, OTHERS, SIGNAL, kept_in, remembering
from specs import CASES, with_dtype

YOUNG = "2026-05-02T10:00:00.001+00:00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "wisdom"


# Which choice holds.


def test_requested_before_wisdom_before_estimate() -> None:
    with use_wisdom(Wisdom()):
        assert make_plan(SIGNAL).source == "estimate"
        assert make_plan(SIGNAL).algorithm != Fft()
    with use_wisdom(remembering(None)):
        plan = make_plan(SIGNAL)
        assert (plan.algorithm, plan.source) == (Fft(), "wisdom")
        assert "chosen: fft (wisdom)" in str(plan)
        plan = make_plan(SIGNAL, algorithm="toeplitz")
        assert (plan.algorithm.name, plan.source) == ("toeplitz", "requested")
        assert make_plan(SIGNAL, algorithm=Direct("NCH")).algorithm == Direct("NCH")


def test_the_innermost_wisdom_is_consulted(folder: Path) -> None:
    with kept_in(folder.parent), use_wisdom(remembering(None)):
        with use_wisdom(remembering(None, algorithm=Toeplitz(128))):
            assert make_plan(SIGNAL).algorithm == Toeplitz(128)
        assert make_plan(SIGNAL).algorithm == Fft()


def test_the_users_own_wisdom_is_in_the_folder_that_is_named(tmp_path: Path) -> None:
    with kept_in(tmp_path):
        assert make_plan(SIGNAL).source == "estimate"
        remembering(tmp_path / "wisdom-1")
    with kept_in(tmp_path):
        assert make_plan(SIGNAL).source == "wisdom"
    with kept_in("off"):
        assert make_plan(SIGNAL).source == "estimate"


def test_a_setting_that_is_measured_is_what_runs() -> None:
    """The setting itself, not only the algorithm: blocks of 128 show in the program."""
    x, w = jnp.ones((1, 1, 400), jnp.float32), jnp.ones((1, 1, 9), jnp.float32)
    layer = lambda x, w: convax.conv1d(x, w)
    with use_wisdom(remembering(None, algorithm=Toeplitz(128))):
        pinned = jax.jit(layer).lower(x, w).as_text()
    requested = jax.jit(lambda x, w: convax.conv1d(x, w, algorithm=Toeplitz(128))).lower(x, w).as_text()
    assert pinned.splitlines()[1:] == requested.splitlines()[1:]
    assert pinned != jax.jit(lambda x, w: convax.conv1d(x, w)).lower(x, w).as_text()


@pytest.mark.parametrize("wrap", [jax.jit, lambda function: function], ids=["jit", "eager"])
def test_what_was_compiled_by_another_wisdom_is_compiled_anew(wrap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Algorithm] = []

    def noting(*arguments: Any) -> Algorithm:
        chosen.append(choose(*arguments))
        return chosen[-1]

    monkeypatch.setattr(primitive, "choose", noting)
    x, w = jnp.ones((1, 1, 400), jnp.float32), jnp.ones((1, 1, 9), jnp.float32)
    layer = wrap(convax.conv1d)
    pins = [remembering(None, algorithm=Toeplitz(block)) for block in (128, 256)]
    for _ in range(2):
        for wisdom in pins:
            with use_wisdom(wisdom):
                layer(x, w)
    assert chosen == [Toeplitz(128), Toeplitz(256)], "each once: the second round is from JAX's cache"


@pytest.mark.parametrize("change", ["jaxlib", "convax", "threads", "elsewhere"])
def test_what_was_measured_elsewhere_is_not_used(change: str) -> None:
    other = {
        "jaxlib": HERE.replace("jaxlib ", "jaxlib 9"),
        "convax": HERE.replace("convax ", "convax 9"),
        "threads": HERE.replace(" threads", "4 threads"),
        "elsewhere": "NVIDIA H100 80GB HBM3, jaxlib 0.10.2, convax 0.1.0",
    }[change]
    assert other != HERE
    wisdom = Wisdom()
    wisdom.remember(SIGNAL, other, Remembered(Fft(), {}))
    with use_wisdom(wisdom):
        assert make_plan(SIGNAL).source == "estimate"


@pytest.mark.parametrize("spec", OTHERS.values(), ids=OTHERS)
def test_it_holds_for_one_convolution_only(spec: ConvSpec, folder: Path) -> None:
    wisdom = remembering(folder)
    assert wisdom.recall(SIGNAL, HERE) and wisdom.recall(spec, HERE) is None
    wisdom.remember(spec, HERE, Remembered(ShiftAdd(), {}))
    fresh = Wisdom(folder)
    assert fresh.recall(spec, HERE) == wisdom.recall(spec, HERE) != fresh.recall(SIGNAL, HERE)
    asked, device = asked_in(key_of(spec, HERE))
    assert device == HERE
    assert str(asked.precision) == str(spec.precision)
    assert dataclasses.replace(asked, precision=spec.precision) == spec


@pytest.mark.parametrize("spec", CASES.values(), ids=CASES)
@pytest.mark.parametrize("dtype", ["float32", "complex128", "int8", "bool"])
def test_every_candidate_survives_a_file(spec: ConvSpec, dtype: str) -> None:
    spec = with_dtype(spec, dtype)
    for kind in ALGORITHMS.values():
        for algorithm in kind.candidates(spec):
            assert from_plain(json.loads(json.dumps(to_plain(algorithm)))) == algorithm
            choice = Remembered(algorithm, {str(algorithm): 0.25})
            assert Remembered.from_plain(json.loads(json.dumps(choice.to_plain()))) == choice


# Saving, loading, merging.


def test_save_and_load(tmp_path: Path, folder: Path) -> None:
    for number, source in enumerate((remembering(None), remembering(folder), Wisdom(folder))):
        source.remember(OTHERS["batch"], HERE, Remembered(Polyphase(ShiftAdd(8)), {"direct": 2.0}))
        assert source.save(tmp_path / f"{number}.json") == 2
        loaded = Wisdom()
        assert loaded.load(tmp_path / f"{number}.json") == 2 == len(loaded)
        assert loaded.choices() == source.choices()
        onto_disk = Wisdom(tmp_path / f"folder {number}")
        onto_disk.load(tmp_path / f"{number}.json")
        assert Wisdom(tmp_path / f"folder {number}").choices() == source.choices()


@pytest.mark.parametrize("way", ["merge", "load"])
@pytest.mark.parametrize("on_disk", [False, True])
def test_of_two_measurements_the_younger_stays(tmp_path: Path, folder: Path, way: str, on_disk: bool) -> None:
    def take_over(mine: Wisdom, other: Wisdom) -> int:
        if way == "merge":
            return mine.merge(other)
        other.save(tmp_path / "other.json")
        return mine.load(tmp_path / "other.json")

    wisdom = remembering(folder if on_disk else None)
    assert take_over(wisdom, remembering(None, algorithm=Direct())) == 0, "as young: what is here stays"
    assert take_over(wisdom, remembering(None, algorithm=Direct(), date=YOUNG)) == 1
    assert wisdom.recall(SIGNAL, HERE) == Remembered(Direct(), {"fft": 1e-3}, YOUNG)
    assert take_over(wisdom, remembering(None)) == 0
    assert wisdom.recall(SIGNAL, HERE).algorithm == Direct()  # type: ignore[union-attr]
    assert take_over(wisdom, remembering(None, OTHERS["batch"])) == 1
    assert len(wisdom) == 2


def test_forget_removes_files_and_leftovers(folder: Path) -> None:
    wisdom = remembering(folder)
    old, new = folder / ".a.json.1.part", folder / ".b.json.2.part"
    old.touch(), new.touch()
    os.utime(old, (0, 0))
    wisdom.forget()
    assert len(wisdom) == 0 and wisdom.recall(SIGNAL, HERE) is None
    assert list(folder.iterdir()) == [new], "a young one may still be written"


def test_a_pinned_plan_stays() -> None:
    wisdom = Wisdom()
    wisdom.pin(convax.plan(SIGNAL, algorithm=Toeplitz(256)))
    with use_wisdom(wisdom):
        plan = convax.plan(SIGNAL)
    assert (plan.algorithm, plan.source) == (Toeplitz(256), "wisdom")
