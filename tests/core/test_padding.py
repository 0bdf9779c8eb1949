"""Padding in every form that a caller may write it, against lax's own words."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import strategies as st
from jax import lax

from convax.core import resolve_padding
from convax.core.padding import PADDING_MODES, PADDING_WORDS, nearest, resolve_padding_mode
from convax.errors import ArgumentError, ArgumentTypeError
from specs import for_all

sizes = st.tuples(st.integers(1, 60), st.integers(1, 30), st.integers(1, 9))


@pytest.mark.parametrize("word", ["VALID", "SAME", "SAME_LOWER"])
def test_words_are_lax_s(word: str, examples: str) -> None:
    @for_all(sizes, examples, few=150, many=5000)
    def agrees(drawn: tuple[int, int, int]) -> None:
        length, reach, stride = drawn
        (expected,) = lax.padtype_to_pads((length,), (reach,), (stride,), word)
        assert resolve_padding(word, length, reach, stride) == tuple(int(end) for end in expected)


def test_same_keeps_the_length_divided_by_the_stride(examples: str) -> None:
    @for_all(sizes, examples, few=100, many=5000)
    def holds(drawn: tuple[int, int, int]) -> None:
        length, reach, stride = drawn
        for word in ("SAME", "SAME_LOWER"):
            padded = length + sum(resolve_padding(word, length, reach, stride))
            assert (padded - reach) // stride + 1 == -(-length // stride)


@pytest.mark.parametrize("reach", range(1, 7))
def test_causal_and_full(reach: int) -> None:
    x, w = np.arange(1.0, 9.0), np.arange(1.0, reach + 1)

    def padded_by(word: str) -> np.ndarray:
        return np.correlate(np.pad(x, resolve_padding(word, len(x), reach, 1)), w, "valid")

    np.testing.assert_array_equal(padded_by("FULL"), np.correlate(x, w, "full"))
    causal = padded_by("CAUSAL")
    assert len(causal) == len(x)
    np.testing.assert_array_equal(causal, np.correlate(x, w, "full")[: len(x)])


def test_causal_depends_on_no_later_sample() -> None:
    low, high = resolve_padding("causal", 20, 5, 3)
    assert (low, high) == (4, 0)


@pytest.mark.parametrize("word", PADDING_WORDS)
def test_words_in_any_case(word: str) -> None:
    forms = (word, word.lower(), word.title())
    assert len({resolve_padding(form, 10, 4, 2) for form in forms}) == 1


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (3, (3, 3)),
        (0, (0, 0)),
        (-2, (-2, -2)),
        ((1, 2), (1, 2)),
        ([1, 2], (1, 2)),
        ((-1, 4), (-1, 4)),
        ([(1, 2)], (1, 2)),
        (((1, 2),), (1, 2)),
        (np.int64(3), (3, 3)),
        ((np.int32(1), 2), (1, 2)),
    ],
    ids=repr,
)
def test_numbers(padding: object, expected: tuple[int, int]) -> None:
    result = resolve_padding(padding, 10, 4, 2)
    assert result == expected
    assert all(type(end) is int for end in result)


@pytest.mark.parametrize(
    ("padding", "error", "says"),
    [
        ("SAME_UPPER", ArgumentError, "did you mean 'SAME'"),
        ("causl", ArgumentError, "did you mean 'CAUSAL'"),
        ("sam", ArgumentError, "did you mean 'SAME'"),
        ("", ArgumentError, "the words are 'VALID', 'SAME'"),
        ("xyz", ArgumentError, "the words are 'VALID', 'SAME'"),
        (float("nan"), ArgumentError, "padding=nan is not finite"),
        ((1, float("inf")), ArgumentError, r"padding\[1\]=inf is not finite"),
        (1.0, ArgumentTypeError, "padding=1.0 is of type float"),
        ((1, 2.5), ArgumentTypeError, r"padding\[1\]=2.5 is of type float"),
        (True, ArgumentTypeError, "padding=True is of type bool"),
        (None, ArgumentTypeError, "neither a word, an integer nor a pair"),
        ((1, 2, 3), ArgumentTypeError, "neither a word, an integer nor a pair"),
        ((1,), ArgumentTypeError, "neither a word, an integer nor a pair"),
        ([(1, 2), (3, 4)], ArgumentTypeError, "one spatial axis"),
        (("SAME", "VALID"), ArgumentTypeError, "neither a word, an integer nor a pair"),
    ],
    ids=repr,
)
def test_what_is_no_padding(padding: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        resolve_padding(padding, 10, 4, 2)


class TestModes:
    """What fills the padding."""

    @pytest.mark.parametrize("mode", PADDING_MODES)
    def test_are_jax_numpy_s(self, mode: str) -> None:
        name = resolve_padding_mode(mode.upper())
        result = jax.numpy.pad(jax.numpy.arange(1.0, 5.0), 2, mode=name or "constant")
        expected = {
            "zeros": [0, 0, 1, 2, 3, 4, 0, 0],
            "reflect": [3, 2, 1, 2, 3, 4, 3, 2],
            "edge": [1, 1, 1, 2, 3, 4, 4, 4],
            "replicate": [1, 1, 1, 2, 3, 4, 4, 4],
            "circular": [3, 4, 1, 2, 3, 4, 1, 2],
        }
        np.testing.assert_array_equal(result, expected[mode])

    @pytest.mark.parametrize(("mode", "says"), [("reflekt", "'reflect'"), (3, "the words"), (None, "the words")])
    def test_unknown(self, mode: object, says: str) -> None:
        with pytest.raises(ArgumentError, match=says):
            resolve_padding_mode(mode)


def test_nearest() -> None:
    assert nearest("sme", PADDING_WORDS).startswith("did you mean 'SAME'")
    assert nearest("q", {"a": 0, "b": 0}) == "the words are 'a', 'b'"
