"""Known mistakes: each differs from the truth, is recognised where it was made, and is told from every other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from convax.practice import check, show
from convax.practice.comparing import is_equal
from convax.practice.grading import Lens, wide
from convax.practice.gradings import GRADINGS
from convax.practice.subject import cases_of

LENSES = [(name, lens) for name, grading in GRADINGS.items() for lens in grading.lenses]


def label(value: Any) -> str:
    return value.diagnosis.replace(" ", "_") if isinstance(value, Lens) else value


def mistaken(lens: Lens) -> Callable[..., Any]:
    """A learner's function that makes the mistake, and no other."""

    def function(*arguments: Any) -> Any:
        given = (argument if isinstance(argument, int) else np.asarray(argument) for argument in arguments)
        return jnp.asarray(lens.result(*(wide(argument) for argument in given)), jnp.float32)

    return function


@pytest.mark.parametrize(("name", "lens"), LENSES, ids=label)
def test_a_mistake_is_called_by_its_name(name: str, lens: Lens) -> None:
    verdict = check(mistaken(lens), name)
    assert not verdict.ok and verdict.diagnosis == lens.diagnosis
    assert lens.says in verdict.lines and verdict.repair == lens.repair
    shown = dict(verdict.case)
    assert set(show(name).parameters) < set(shown) and shown["yours"] != shown["expected"]


@pytest.mark.parametrize("name", GRADINGS)
def test_no_two_mistakes_are_one(name: str) -> None:
    """If two lenses returned the same for all cases, the second would never be seen."""
    cases = cases_of(show(name), GRADINGS[name])
    results = [[result_of(lens, case) for case in cases] for lens in GRADINGS[name].lenses]
    for place, one in enumerate(results):
        for other in results[:place]:
            assert any(a is None or b is None or not is_equal(a, b) for a, b in zip(one, other, strict=True))


def result_of(lens: Lens, case: tuple[Any, ...]) -> Any:
    return np.asarray(lens.result(*(wide(argument) for argument in case)))


@pytest.mark.parametrize("name", GRADINGS)
def test_cases_are_always_the_same_and_sorted(name: str) -> None:
    first, second = (cases_of(show(name), GRADINGS[name]) for _ in range(2))
    sizes = [sum(np.size(array) for array in case if not isinstance(array, int)) for case in first]
    assert sizes == sorted(sizes) and len(first) >= 6
    for one, other in zip(first, second, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
