"""convolve and correlate against NumPy: values, types, modes, errors; then the axes that NumPy does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convax import convolve, correlate
from convax.errors import ArgumentError, ConvaxError, ShapeError
from ops.definitions import random

Function = Callable[..., Any]
BOTH = pytest.mark.parametrize(
    ("ours", "numpys"), [(convolve, np.convolve), (correlate, np.correlate)], ids=["convolve", "correlate"]
)
MODES = ["full", "same", "valid"]
TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
TYPES += ["float16", "float32", "float64", "complex64", "complex128"]
close = np.testing.assert_allclose


@BOTH
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", [(1, 1), (7, 1), (1, 4), (8, 3), (3, 8), (8, 4), (4, 8), (6, 6), (5, 5)], ids=str)
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64"])
def test_numpys_values(ours: Function, numpys: Function, mode: str, sizes: tuple[int, int], dtype: str) -> None:
    a, v = random(sizes[0], dtype=dtype), random(sizes[1], seed=1, dtype=dtype)
    y, expected = ours(a, v, mode), numpys(a, v, mode)
    assert y.shape == expected.shape
    assert y.dtype == expected.dtype
    close(y, expected, atol=1e-12)


@BOTH
def test_the_modes_have_numpys_defaults(ours: Function, numpys: Function) -> None:
    a, v = random(7), random(3, seed=1)
    close(ours(a, v), numpys(a, v))
    close(ours(v, a), numpys(v, a))


@BOTH
@pytest.mark.parametrize("number", [0, 1, 2, np.int64(1), np.uint8(2)])
def test_the_modes_are_numbers_too(ours: Function, numpys: Function, number: Any) -> None:
    a, v = random(4), random(7, seed=1)
    close(ours(a, v, number), numpys(a, v, number))
    close(ours(a, v, number), ours(a, v, ["valid", "same", "full"][int(number)]))


@BOTH
def test_a_mode_may_be_any_kind_of_string(ours: Function, numpys: Function) -> None:
    a, v = random(4), random(3, seed=1)
    close(ours(a, v, np.str_("same")), numpys(a, v, np.str_("same")))


WRONG_MODES = [None, 3, -1, 2**40, -(2**40), 1.0, True, False, float("nan"), (), ["full"], b"full"]
WRONG_MODES += ["", "f", "s", "valide", "FULL", "Same", "wrap", " full", "x"]


def failure(function: Function, *arguments: Any, **keywords: Any) -> Exception:
    with pytest.raises(Exception) as caught:
        function(*arguments, **keywords)
    return caught.value


@BOTH
@pytest.mark.parametrize("mode", WRONG_MODES, ids=repr)
def test_wrong_modes_are_numpys_errors(ours: Function, numpys: Function, mode: Any) -> None:
    a, v = random(4), random(3, seed=1)
    theirs = failure(numpys, a, v, mode)
    error = failure(ours, a, v, mode)
    assert isinstance(error, ConvaxError)
    assert isinstance(error, type(theirs))
    assert str(theirs) in str(error)
    assert repr(mode) in str(error)


@BOTH
@pytest.mark.parametrize("mode", ["full", "bad"])
@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (0, 0)], ids=str)
def test_empty_operands_are_numpys_errors(ours: Function, numpys: Function, sizes: tuple[int, int], mode: str) -> None:
    a, v = np.ones(sizes[0]), np.ones(sizes[1])
    theirs, error = failure(numpys, a, v, mode), failure(ours, a, v, mode)
    assert isinstance(error, ShapeError | ArgumentError)
    assert isinstance(error, type(theirs))
    assert str(theirs) in str(error)


def test_numbers_are_sequences_of_one_to_convolve_and_an_error_to_correlate() -> None:
    for a, v in ((2, 3), (2, [1, 2]), ([1, 2], 3), (np.array(2), np.array([1, 2, 3]))):
        y, expected = convolve(a, v), np.convolve(a, v)
        assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
        close(y, expected)
        theirs, error = failure(np.correlate, a, v), failure(correlate, a, v)
        assert isinstance(error, ShapeError)
        assert str(theirs) in str(error)


@BOTH
@pytest.mark.parametrize("x64", [True, False])
@pytest.mark.parametrize("a_type", TYPES)
def test_numpys_result_types(ours: Function, numpys: Function, a_type: str, x64: bool) -> None:
    """NumPy's type; without 64 bits narrowed by JAX's own rule, which must not narrow the operands first."""
    for v_type in TYPES:
        a, v = np.ones(4, a_type), np.ones(3, v_type)
        expected = jax.dtypes.canonicalize_dtype(numpys(a, v).dtype)
        assert jax.eval_shape(lambda a=a, v=v: ours(a, v)).dtype == expected, v_type


@pytest.mark.parametrize(
    ("a_type", "v_type"), [("bfloat16", "bfloat16"), ("bfloat16", "float32"), ("int8", "bfloat16")]
)
def test_types_that_numpy_does_not_have(a_type: str, v_type: str) -> None:
    y = convolve(jnp.ones(4, a_type), jnp.ones(3, v_type))
    assert y.dtype == jnp.promote_types(a_type, v_type) if a_type == v_type else y.dtype in ("float32", "bfloat16")
    np.testing.assert_array_equal(y, [1, 2, 3, 3, 2, 1])


@BOTH
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int64", "uint64"])
def test_integers_wrap_around_as_numpys(ours: Function, numpys: Function, dtype: str) -> None:
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(0)
    a = rng.integers(limits.min, limits.max, 20, dtype=dtype, endpoint=True)
    v = rng.integers(limits.min, limits.max, 6, dtype=dtype, endpoint=True)
    for mode in MODES:
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(ours(a, v, mode), numpys(a, v, mode))


@BOTH
def test_large_integers_stay_exact(ours: Function, numpys: Function) -> None:
    a, v = np.array([2**53 + 1, 3, -(2**60) + 7]), np.array([1, 5])
    np.testing.assert_array_equal(ours(a, v, "full"), numpys(a, v, "full"))


@BOTH
def test_bool_says_whether_any_product_is_true(ours: Function, numpys: Function) -> None:
    rng = np.random.default_rng(0)
    a, v = rng.random(30) < 0.3, rng.random(5) < 0.5
    for mode in MODES:
        y = ours(a, v, mode)
        assert y.dtype == bool
        np.testing.assert_array_equal(y, numpys(a, v, mode))
    many = np.ones(700, bool)  # more than an 8-bit count holds
    np.testing.assert_array_equal(ours(many, many[:512], "valid"), numpys(many, many[:512], "valid"))


def test_correlate_conjugates_its_second_argument_and_convolve_neither() -> None:
    a, v = random(6, dtype="complex128"), random(3, seed=1, dtype="complex128")
    close(correlate(a, v, "full"), np.convolve(a, np.conj(v[::-1]), "full"), atol=1e-12)
    # Swapping the arguments reverses and conjugates.
    for mode in MODES:
        close(correlate(v, a, mode)[::-1], np.conj(correlate(a, v, mode)), atol=1e-12)
    close(convolve([1j], [2j]), [-2])
    close(correlate([1j], [2j]), [2])
    close(correlate(a.real, v), np.correlate(a.real, v), atol=1e-12)


@BOTH
@settings(max_examples=25)
@given(data=st.data())
def test_any_sizes_and_modes(ours: Function, numpys: Function, data: st.DataObject) -> None:
    size = st.integers(1, 12)
    a = random(data.draw(size), dtype=data.draw(st.sampled_from(["float64", "complex128", "int32"])))
    v = random(data.draw(size), seed=1, dtype=data.draw(st.sampled_from(["float64", "complex128", "int32"])))
    mode = data.draw(st.sampled_from([*MODES, 0, 1, 2]))
    y, expected = ours(a, v, mode), numpys(a, v, mode)
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    close(y, expected, atol=1e-12)


def test_lists_of_numbers_keep_numpys_types() -> None:
    assert convolve([1, 2], [1]).dtype == "int64"
    assert convolve([1, 2], [1.0]).dtype == "float64"
    assert convolve([True], [False, True]).dtype == bool
    assert correlate([1j], [1]).dtype == "complex128"
