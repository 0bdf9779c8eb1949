"""The exercises as texts: complete, printed, with examples that are true and hints that open one at a time."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import convax
from convax.practice import Exercise, exercises, hint, show, solution
from convax.practice.gradings import GRADINGS

EXERCISES = exercises()
each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)


def test_there_are_twelve_at_least_and_each_can_be_judged() -> None:
    names = [exercise.name for exercise in EXERCISES]
    assert len(set(names)) == len(names) >= 12
    assert names[0] == "conv1d_basic"
    assert list(GRADINGS) == names
    assert convax.practice.exercises() is EXERCISES


@each
def test_texts_are_complete(exercise: Exercise) -> None:
    assert exercise.call.startswith(f"{exercise.name}(") and exercise.parameters
    assert [name for name, _ in exercise.shapes] == [*exercise.parameters, "result"]
    assert len(exercise.hints) >= 2 and all(text.rstrip().endswith((".", "?", ")", "]")) for text in exercise.hints)
    assert exercise.primitive is not None
    shown = str(exercise)
    assert (
        exercise.title in shown and f"def {exercise.call}:" in shown and f"gives {exercise.examples[0].result}" in shown
    )
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert repr(exercise) == shown and "<pre>" in exercise._repr_html_()


@each
def test_the_solution_is_a_file_with_that_function(exercise: Exercise) -> None:
    functions = [node for node in ast.parse(exercise.solution).body if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in functions] == [exercise.name]
    assert [argument.arg for argument in functions[0].args.args] == list(exercise.parameters)


@each
def test_examples_are_true(exercise: Exercise) -> None:
    assert len(exercise.examples) >= 2
    for example in exercise.examples:
        arguments = tuple(value if isinstance(value, int) else np.array(value) for value in example.arguments)
        truth = GRADINGS[exercise.name].expected(arguments)
        np.testing.assert_allclose(truth, np.array(example.result), atol=1e-12)


def test_hints_open_one_at_a_time(forgetful: None) -> None:
    texts = show("causal").hints
    for number in (1, 2, 3, 3):
        shown = " ".join(str(hint("causal")).split())
        assert shown == " ".join(f"hint {place} of 3: {text}" for place, text in enumerate(texts[:number], 1))
    assert str(hint("circular")).count("hint ") == 1


def test_the_solution_is_shown_when_it_is_asked_for() -> None:
    assert show("causal").solution not in str(show("causal"))
    assert f"{solution('causal')}\n" == show("causal").solution


@pytest.mark.parametrize(
    ("name", "repair"), [("conv1d_basik", "did you mean 'conv1d_basic'?"), ("zzz", "take one of conv1d_basic, ")]
)
def test_unknown_names(name: str, repair: str) -> None:
    for function in (show, hint, solution):
        with pytest.raises(convax.errors.ArgumentError, match=name) as caught:
            function(name)
        assert repair in caught.value.repair


def test_check_says_what_it_takes() -> None:
    with pytest.raises(convax.errors.ArgumentError, match="which is the name of your function"):
        convax.practice.check(test_unknown_names)
    with pytest.raises(convax.errors.ArgumentTypeError, match="got ndarray"):
        convax.practice.check(np.ones(3), "causal")  # type: ignore[arg-type]
