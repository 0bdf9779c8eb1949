"""The judge: right answers are accepted, wrong ones are told precisely what is wrong with them."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import pytest

import convax
from convax.practice import Verdict, check, exercises, progress
from practice.answers import ASKED, LAST, MORE_BASIC, OTHERS, RIGHT_BASIC, WRONG_BASIC, Wrong, function_of

# Of each exercise a wrong answer, and one that goes another way, by default; all when deep tests are asked for.
SEEN: set[tuple[str, bool]] = set()


def sparing(wrong: Wrong) -> object:
    kind = (wrong.exercise, wrong.diagnosis == ASKED)
    marks = [pytest.mark.deep] if kind in SEEN else []
    SEEN.add(kind)
    return pytest.param(wrong, id=wrong.label, marks=marks)


def words(verdict: Verdict) -> str:
    return " ".join(str(verdict).split())


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.name)
def test_the_solution_is_accepted(exercise: convax.practice.Exercise, forgetful: None) -> None:
    verdict = check(function_of(exercise.solution, exercise.name))
    assert verdict.ok and verdict.diagnosis == "accepted" and not verdict.case and not verdict.repair, str(verdict)
    assert progress.standings()[exercise.name].solved


@pytest.mark.parametrize("source", RIGHT_BASIC.values(), ids=RIGHT_BASIC)
def test_other_right_answers_are_accepted(source: str) -> None:
    verdict = check(function_of(source, "conv1d_basic"))
    assert verdict.ok, str(verdict)


def test_the_library_s_own_is_accepted() -> None:
    assert check(convax.conv1d_basic).ok


@pytest.mark.parametrize("wrong", WRONG_BASIC, ids=lambda wrong: wrong.label)
def test_wrong_answers_are_diagnosed(wrong: Wrong, forgetful: None) -> None:
    verdict = check(function_of(wrong.source, wrong.exercise))
    assert not verdict.ok and verdict.diagnosis == wrong.diagnosis, str(verdict)
    assert wrong.says in words(verdict)
    assert not progress.standings()


@pytest.mark.parametrize("wrong", MORE_BASIC, ids=lambda wrong: wrong.label)
def test_whatever_else_may_be_wrong(wrong: Wrong) -> None:
    verdict = check(function_of(wrong.source, wrong.exercise))
    assert not verdict.ok and verdict.diagnosis == wrong.diagnosis, str(verdict)
    assert wrong.says in words(verdict)


@pytest.mark.parametrize("wrong", [sparing(wrong) for wrong in (*OTHERS, *LAST)])
def test_wrong_answers_to_the_other_exercises(wrong: Wrong) -> None:
    verdict = check(function_of(wrong.source, wrong.exercise))
    assert not verdict.ok and wrong.diagnosis in verdict.diagnosis, str(verdict)
    assert wrong.says in words(verdict)


def test_every_other_exercise_has_a_wrong_answer() -> None:
    assert {wrong.exercise for wrong in (*OTHERS, *LAST)} == {exercise.name for exercise in exercises()[1:]}


class TestSmallestCase:
    """The case that is shown."""

    def test_it_is_the_smallest_that_fails(self) -> None:
        """Wrong only for three taps or more: the cases with fewer are passed over."""

        def conv1d_basic(x: jax.Array, kernel: jax.Array) -> jax.Array:
            extra = 1.0 if kernel.shape[0] > 2 else 0.0
            return convax.conv1d_basic(x, kernel) + extra

        case = dict(check(conv1d_basic).case)
        assert case["kernel"].endswith("shape (3,)") and case["x"].endswith(("shape (4,)", "shape (5,)"))

    def test_values_and_shapes_are_shown(self) -> None:
        verdict = check(lambda x, kernel: jnp.zeros(7), "conv1d_basic")
        assert [name for name, _ in verdict.case] == ["x", "kernel", "yours", "expected"]
        assert dict(verdict.case)["yours"] == "[0. 0. 0. 0. 0. 0. 0.]   float32, shape (7,)"
        assert verdict.diagnosis == "wrong length" and "should have (3,)" in verdict.lines[0]


class TestSurroundings:
    """What the caller has set matters neither to the verdict nor is it changed."""

    def test_settings_are_left_as_they_were(self) -> None:
        before = dict(jax.config.values)
        check(function_of(RIGHT_BASIC["channels first"], "conv1d_basic"))
        assert dict(jax.config.values) == before
        assert "bind" not in vars(jax.lax.conv_general_dilated_p)

    @pytest.mark.parametrize("x64", [True, False])
    def test_the_verdict_does_not_depend_on_them(self, x64: bool) -> None:
        leak = next(wrong for wrong in WRONG_BASIC if wrong.diagnosis == "float64 leak")
        assert check(function_of(leak.source, "conv1d_basic")).diagnosis == "float64 leak"

    def test_ctrl_c_passes(self) -> None:
        def conv1d_basic(x: jax.Array, kernel: jax.Array) -> jax.Array:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            check(conv1d_basic)


class TestVerdict:
    """A value that prints itself."""

    verdict = Verdict("causal", False, "a <b>", ("one < two", "x " * 100), (("x", "[1 2]\n[3 4]"),), "do & see")

    def test_it_is_frozen(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            self.verdict.ok = True  # type: ignore[misc]

    def test_text(self) -> None:
        text = str(self.verdict)
        assert text == repr(self.verdict)
        assert all(len(line) <= 80 for line in text.splitlines())
        assert "    x  [1 2]\n       [3 4]\n" in text

    def test_html_is_escaped(self) -> None:
        page = self.verdict._repr_html_()
        assert "a &lt;b&gt;" in page and "one &lt; two" in page and "do &amp; see" in page
        assert page.count("<b>") == 1, "the heading's"

    def test_round_trip(self) -> None:
        assert Verdict.from_plain(self.verdict.to_plain()) == self.verdict
