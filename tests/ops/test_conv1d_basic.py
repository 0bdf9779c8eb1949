"""The seed's contract: a VALID cross-correlation of two one-dimensional arrays, through one call of lax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from convax import conv1d_basic
from convax.errors import ArgumentError, ArgumentTypeError, ConvaxError, ShapeError
from ops.definitions import random

WIDE = pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long double is float64 on this machine")
SIZES = [(1, 1), (5, 1), (5, 5), (6, 4), (7, 3), (50, 9)]


@pytest.mark.parametrize("make", [list, tuple, np.array, jnp.array], ids=["list", "tuple", "numpy", "jax"])
def test_the_worked_example(make: Callable[[list[Any]], Any]) -> None:
    y = conv1d_basic(make([1, 2, 3, 4, 5]), make([1, 1, 1]))
    assert isinstance(y, jax.Array)
    assert y.dtype == jnp.asarray([1]).dtype
    np.testing.assert_array_equal(y, [6, 9, 12])
    y = conv1d_basic(make([1.0, 2.0, 3.0, 4.0, 5.0]), make([1.0, 1.0, 1.0]))
    assert y.dtype == jnp.asarray([1.0]).dtype
    np.testing.assert_array_equal(y, [6, 9, 12])


@pytest.mark.parametrize(("x64", "widths"), [(True, ("int64", "float64")), (False, ("int32", "float32"))])
def test_the_types_are_jaxs_own(x64: bool, widths: tuple[str, str]) -> None:
    assert conv1d_basic([1, 2, 3], [1]).dtype == widths[0]
    assert conv1d_basic([1.0, 2.0, 3.0], [1.0]).dtype == widths[1]
    for dtype in ("float16", "bfloat16", "float32", "complex64", "int8", "uint16", "int32", "bool"):
        assert conv1d_basic(jnp.ones(5, dtype), jnp.ones(2, dtype)).dtype == dtype


@pytest.mark.parametrize(("length", "taps"), SIZES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex128"])
def test_it_is_numpys_correlation_of_valid_windows(length: int, taps: int, dtype: str) -> None:
    x, kernel = random(length, dtype=dtype), random(taps, seed=1, dtype=dtype)
    y = conv1d_basic(x, kernel)
    assert y.shape == (length - taps + 1,)
    # NumPy conjugates its second operand, lax and the seed do not.
    np.testing.assert_allclose(y, np.correlate(x, np.conj(kernel), "valid"), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_kernel_is_not_flipped(seed: int) -> None:
    x, kernel = random(12, seed=seed), random(4, seed=seed + 9)
    y = np.asarray(conv1d_basic(x, kernel))
    assert np.abs(y - np.convolve(x, kernel, "valid")).max() > 0.1
    np.testing.assert_allclose(conv1d_basic(x, kernel[::-1]), np.convolve(x, kernel, "valid"))


def test_a_short_asymmetric_case_by_hand() -> None:
    # 1*1 + 2*10 + 3*100, and so on: each tap at its own decimal place.
    np.testing.assert_array_equal(conv1d_basic([1, 2, 3, 4, 5], [1, 10, 100]), [321, 432, 543])


def equations(jaxpr: Any) -> Iterator[Any]:
    """All equations, those of inner functions included."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            if hasattr(value, "jaxpr"):
                yield from equations(value.jaxpr)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("int32", "int32"), ("float32", "int32")])
def test_its_jaxpr_is_one_valid_convolution(wrap: Callable[..., Any], dtypes: tuple[str, str]) -> None:
    x, kernel = jnp.ones(9, dtypes[0]), jnp.ones(4, dtypes[1])
    with jax.numpy_dtype_promotion("standard"):
        found = list(equations(jax.make_jaxpr(wrap(conv1d_basic))(x, kernel).jaxpr))
    convolutions = [equation for equation in found if "conv" in equation.primitive.name]
    names = [equation.primitive.name for equation in convolutions if equation.primitive.name != "convert_element_type"]
    assert names == ["conv_general_dilated"]
    params = next(e.params for e in found if e.primitive.name == "conv_general_dilated")
    assert params["padding"] == ((0, 0),)
    assert params["window_strides"] == params["lhs_dilation"] == params["rhs_dilation"] == (1,)
    assert params["feature_group_count"] == params["batch_group_count"] == 1
    assert params["dimension_numbers"] == lax.conv_dimension_numbers((1, 1, 9), (1, 1, 4), ("NCH", "OIH", "NCH"))


@pytest.mark.parametrize(("length", "taps"), SIZES)
def test_jit_gives_the_same(length: int, taps: int) -> None:
    x, kernel = random(length), random(taps, seed=1)
    np.testing.assert_array_equal(jax.jit(conv1d_basic)(x, kernel), conv1d_basic(x, kernel))


@pytest.mark.parametrize(("length", "taps"), [(5, 5), (7, 3), (50, 9)])
def test_gradients_are_a_convolution_and_a_correlation(length: int, taps: int) -> None:
    x, kernel, weights = random(length), random(taps, seed=1), random(length - taps + 1, seed=2)

    def loss(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return jnp.sum(conv1d_basic(x, kernel) * weights)

    dx, dkernel = jax.grad(loss, argnums=(0, 1))(x, kernel)
    np.testing.assert_allclose(dx, np.convolve(weights, kernel, "full"), atol=1e-12)
    np.testing.assert_allclose(dkernel, np.correlate(x, weights, "valid"), atol=1e-12)


def test_vmap_over_either_operand_or_both() -> None:
    xs, kernels = random(4, 20), random(4, 3, seed=1)
    np.testing.assert_allclose(
        jax.vmap(conv1d_basic, (0, None))(xs, kernels[0]), [np.correlate(x, kernels[0], "valid") for x in xs]
    )
    np.testing.assert_allclose(
        jax.vmap(conv1d_basic, (None, 0))(xs[0], kernels), [np.correlate(xs[0], k, "valid") for k in kernels]
    )
    np.testing.assert_allclose(
        jax.vmap(conv1d_basic)(xs, kernels), [np.correlate(x, k, "valid") for x, k in zip(xs, kernels, strict=True)]
    )


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
@pytest.mark.parametrize(("length", "taps"), [(1, 2), (3, 5), (4, 100)])
def test_it_never_swaps(wrap: Callable[..., Any], length: int, taps: int) -> None:
    with pytest.raises(ShapeError, match="never swaps") as caught:
        wrap(conv1d_basic)(np.ones(length), np.ones(taps))
    assert f"{length} - {taps} + 1 = {length - taps + 1}" in str(caught.value)


@pytest.mark.parametrize("shape", [(), (2, 5), (1, 5), (1, 1, 5), (2, 1, 5), (0, 5)])
@pytest.mark.parametrize("name", ["x", "kernel"])
def test_other_ranks_are_errors(shape: tuple[int, ...], name: str) -> None:
    operands = {"x": np.ones(5), "kernel": np.ones(3), name: np.ones(shape)}
    with pytest.raises(ShapeError) as caught:
        conv1d_basic(**operands)
    assert str(caught.value).startswith(f"{name} has shape {shape}")
    assert f"because: {len(shape)} axes" in str(caught.value)


@pytest.mark.parametrize("name", ["x", "kernel"])
def test_empty_operands_are_errors(name: str) -> None:
    operands = {"x": [1.0, 2.0], "kernel": [1.0], name: []}
    with pytest.raises(ShapeError, match=rf"{name} is empty"):
        conv1d_basic(**operands)


@pytest.mark.parametrize("promotion", ["standard", "strict"])
def test_mixed_types_are_promoted_as_jax_promotes_them(promotion: str) -> None:
    x, kernel = jnp.arange(5, dtype="int32"), jnp.array([0.5, 0.25], "float32")
    with jax.numpy_dtype_promotion(promotion):
        if promotion == "standard":
            y = conv1d_basic(x, kernel)
            assert y.dtype == "float32"
            np.testing.assert_array_equal(y, [0.25, 1.0, 1.75, 2.5])
            return
        with pytest.raises(ArgumentTypeError, match="x is int32 and kernel is float32") as caught:
            conv1d_basic(x, kernel)
    assert "jnp.asarray(x, jnp.float32)" in str(caught.value)


@pytest.mark.parametrize("promotion", ["standard", "strict"])
def test_a_failed_promotion_is_not_remembered(promotion: str) -> None:
    """Both settings in turn on the same operands: the compiled call of one must not serve the other."""
    x, kernel = jnp.arange(6, dtype="int32"), jnp.ones(3, "float32")
    for setting in ("standard", promotion, "standard"):
        with jax.numpy_dtype_promotion(setting):
            if setting == "standard":
                assert conv1d_basic(x, kernel).dtype == "float32"
            else:
                with pytest.raises(ArgumentTypeError):
                    conv1d_basic(x, kernel)


def test_float8_promotes_with_nothing() -> None:
    narrow = jnp.ones(5, "float8_e4m3fn")
    with jax.numpy_dtype_promotion("standard"):
        with pytest.raises(ArgumentTypeError, match="x is float8_e4m3fn and kernel is float32") as caught:
            conv1d_basic(narrow, jnp.ones(3, "float32"))
        assert "jnp.asarray(x, jnp.float32)" in str(caught.value)
        with pytest.raises(ArgumentTypeError, match=r"jnp\.asarray\(kernel"):
            conv1d_basic(narrow, jnp.ones(3, "float8_e5m2"))
    assert conv1d_basic(narrow, narrow[:3]).dtype == narrow.dtype


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (["a", "b"], "text"),
        ("1 2 3", "text"),
        (b"12", "text"),
        (None, "None"),
        ({1.0, 2.0}, "set"),
        (np.array([1, None]), "objects"),
        ([[1.0, 2.0], [3.0]], "2, 1 entries"),
        (np.array(["2026-01-01"], "datetime64[D]"), "times"),
        pytest.param(np.ones(3, np.longdouble), "numpy.asarray(x, dtype=float)", marks=WIDE),
        pytest.param(np.ones(3, np.clongdouble), "numpy.asarray(x, dtype=complex)", marks=WIDE),
        (np.zeros(3, [("left", float), ("right", float)]), "left, right"),
    ],
)
def test_what_is_no_array_of_numbers_is_an_error(value: Any, word: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        conv1d_basic(value, [1.0])
    assert word in str(caught.value)
    assert str(caught.value).startswith("x ")


@pytest.mark.parametrize("x64", [False])
def test_integers_that_do_not_fit_are_an_error(x64: bool) -> None:
    with pytest.raises(ArgumentError, match=f"x holds {2**40}, which does not fit into int32"):
        conv1d_basic([1, 2**40], [1])
    assert conv1d_basic([1, 2**31 - 1, -(2**31)], [1]).tolist() == [1, 2**31 - 1, -(2**31)]


def test_lists_of_traced_numbers() -> None:
    def slope(step: jax.Array) -> jax.Array:
        return conv1d_basic([1.0, 2.0, 4.0], [step, 2.0 * step])[0]

    assert jax.grad(slope)(3.0) == 5.0


def test_the_errors_are_of_pythons_kinds_too() -> None:
    with pytest.raises(ValueError, match="longer"):
        conv1d_basic([1.0], [1.0, 2.0])
    with pytest.raises(TypeError, match="text"):
        conv1d_basic(["one"], [1.0])
    assert issubclass(ShapeError, ConvaxError)
