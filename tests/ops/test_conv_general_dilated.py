"""conv_general_dilated is lax's: values, types and shapes over the whole family, and the calls that Flax makes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from convax import conv_general_dilated
from convax.errors import AlgorithmError, ArgumentTypeError, ShapeError
from ops.definitions import random

close = np.testing.assert_allclose
NUMBERS = [
    None,
    ("NCH", "OIH", "NCH"),
    ("NHC", "HIO", "NHC"),
    ["NCW", "OIW", "NWC"],
    ("CNH", "IHO", "HCN"),
    ("HNC", "OHI", "CHN"),
    ("NXC", "XIO", "NXC"),  # lax takes any letter for space
    lax.ConvDimensionNumbers((0, 2, 1), (2, 1, 0), (0, 2, 1)),
    lax.ConvDimensionNumbers((2, 0, 1), (0, 1, 2), (1, 2, 0)),
]


def axes(numbers: Any) -> lax.ConvDimensionNumbers:
    return lax.conv_dimension_numbers((1, 1, 1), (1, 1, 1), numbers)


def arranged(array: np.ndarray, spec: tuple[int, ...]) -> np.ndarray:
    """Axes (batch or feature, channel, space) moved to where `spec` wants them."""
    return array.transpose(np.argsort(spec))


def same_as_lax(lhs: Any, rhs: Any, *arguments: Any, tolerance: float = 1e-11, **keywords: Any) -> jax.Array:
    ours = conv_general_dilated(lhs, rhs, *arguments, **keywords)
    theirs = lax.conv_general_dilated(jnp.asarray(lhs), jnp.asarray(rhs), *arguments, **keywords)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    if jnp.issubdtype(ours.dtype, jnp.inexact):
        close(ours, theirs, atol=tolerance, rtol=tolerance)
    else:
        np.testing.assert_array_equal(ours, theirs)
    return ours


@st.composite
def calls(draw: st.DrawFn) -> tuple[Any, ...]:
    """Arguments of any member of the family that has an output."""
    stride, upsample, dilation, taps = (draw(st.integers(1, most)) for most in (3, 3, 3, 5))
    groups = draw(st.sampled_from([(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)]))
    length = draw(st.integers(1, 12))
    spread, reach = (length - 1) * upsample + 1, (taps - 1) * dilation + 1
    before = draw(st.integers(-2, 5))
    after = max(draw(st.integers(-2, 5)), reach - spread - before)
    padding: Any = [(before, after)]
    if upsample == 1 and draw(st.booleans()):
        words = ["SAME", "SAME_LOWER", "same"] + ["VALID", "valid"] * (spread >= reach)
        padding = draw(st.sampled_from(words))
    numbers = draw(st.sampled_from(NUMBERS))
    dtype = draw(st.sampled_from(["float64", "float64", "complex128", "int32", "uint8", "bool"]))
    batch, inner, each = (draw(st.integers(1, 2)) for _ in range(3))
    order = axes(numbers)
    drawn = "uint8" if dtype == "bool" else dtype
    lhs = random(batch * groups[1], inner * groups[0], length, dtype=drawn)
    rhs = random(each * groups[0] * groups[1], inner, taps, seed=1, dtype=drawn)
    if dtype == "bool":
        lhs, rhs = lhs > 2, rhs > 2
    lhs, rhs = arranged(lhs, order.lhs_spec), arranged(rhs, order.rhs_spec)
    arguments = ((stride,), padding, (upsample,), (dilation,), numbers, *groups)
    return lhs, rhs, arguments


@settings(max_examples=40)
@given(calls())
def test_the_whole_family(call: tuple[Any, ...]) -> None:
    lhs, rhs, arguments = call
    if lhs.dtype == bool:
        # lax adds bools modulo 2 or as "any", by backend; ours is NumPy's "any".
        y = conv_general_dilated(lhs, rhs, *arguments)
        counts = lax.conv_general_dilated(lhs.astype("int32"), rhs.astype("int32"), *arguments)
        assert y.dtype == bool
        np.testing.assert_array_equal(y, counts != 0)
        return
    same_as_lax(lhs, rhs, *arguments)


@pytest.mark.parametrize("numbers", NUMBERS, ids=str)
def test_all_kinds_of_dimension_numbers(numbers: Any) -> None:
    order = axes(numbers)
    lhs = arranged(random(2, 4, 9), order.lhs_spec)
    rhs = arranged(random(6, 2, 3, seed=1), order.rhs_spec)
    same_as_lax(lhs, rhs, (2,), [(1, 0)], None, (2,), numbers, 2)


@pytest.mark.parametrize("padding", ["VALID", "SAME", "SAME_LOWER", "same", [(1, 2)], ((0, -2),), [(-1, -1)], [[3, 0]]])
@pytest.mark.parametrize("steps", [((1,), None, None), ([2], (1,), [2]), ((3,), None, (1,))], ids=str)
def test_padding(padding: Any, steps: Any) -> None:
    strides, lhs_dilation, rhs_dilation = steps
    same_as_lax(random(2, 3, 10), random(4, 3, 3, seed=1), strides, padding, lhs_dilation, rhs_dilation)


def test_padding_and_strides_as_numpy_arrays() -> None:
    same_as_lax(random(2, 3, 10), random(4, 3, 3, seed=1), np.array([2]), np.array([[1, 2]]))


@pytest.mark.parametrize(("word", "ends"), [("CAUSAL", (4, 0)), ("full", (4, 4))])
def test_words_that_lax_does_not_have(word: str, ends: tuple[int, int]) -> None:
    lhs, rhs = random(1, 1, 9), random(1, 1, 3, seed=1)
    y = conv_general_dilated(lhs, rhs, (1,), word, rhs_dilation=(2,))
    close(y, lax.conv_general_dilated(lhs, rhs, (1,), [ends], rhs_dilation=(2,)), atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "preferred"),
    [
        ("int8", "int32"),
        ("int32", "float32"),
        ("float32", "float64"),
        ("complex64", "complex128"),
        ("uint8", np.dtype("uint32")),
        ("float64", None),
    ],
)
def test_preferred_element_type(dtype: str, preferred: Any) -> None:
    lhs, rhs = random(2, 3, 9, dtype=dtype), random(4, 3, 3, seed=1, dtype=dtype)
    y = same_as_lax(lhs, rhs, (1,), "VALID", preferred_element_type=preferred, tolerance=1e-4)
    assert y.dtype == jnp.dtype(preferred or dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("preferred", [None, "float32"])
def test_narrow_floats(dtype: str, preferred: str | None) -> None:
    lhs, rhs = (jnp.asarray(random(*shape, seed=shape[0])).astype(dtype) for shape in ((2, 3, 9), (4, 3, 3)))
    y = conv_general_dilated(lhs, rhs, (1,), "VALID", preferred_element_type=preferred)
    assert y.dtype == (preferred or dtype)
    exact = lax.conv_general_dilated(lhs.astype("float64"), rhs.astype("float64"), (1,), "VALID")
    rounding = 1e-6 if preferred else float(jnp.finfo(dtype).eps)
    close(y.astype("float64"), exact, rtol=rounding, atol=2 * rounding)


@pytest.mark.parametrize("precision", ["highest", lax.Precision.HIGH, ("default", "highest"), "BF16_BF16_F32", None])
def test_precision_is_read_as_lax_reads_it(precision: Any) -> None:
    lhs, rhs = jnp.ones((1, 2, 9), "float32"), jnp.ones((3, 2, 3), "float32")
    params = []
    for function, name in ((conv_general_dilated, "conv1d"), (lax.conv_general_dilated, "conv_general_dilated")):
        jaxpr = jax.make_jaxpr(functools.partial(function, window_strides=(1,), padding="VALID", precision=precision))
        params += [e.params for e in jaxpr(lhs, rhs).jaxpr.eqns if e.primitive.name == name]
    ours, theirs = params
    assert ours["precision"] == theirs["precision"]
    assert {key: ours[key] for key in theirs} == theirs


def test_the_default_precision_of_jax_is_read_too() -> None:
    lhs, rhs = jnp.ones((1, 2, 9), "float32"), jnp.ones((3, 2, 3), "float32")
    with jax.default_matmul_precision("highest"):
        jaxpr = jax.make_jaxpr(lambda a, b: conv_general_dilated(a, b, (1,), "VALID"))(lhs, rhs)
    (found,) = [e.params["precision"] for e in jaxpr.jaxpr.eqns if e.primitive.name == "conv1d"]
    assert found == (lax.Precision.HIGHEST, lax.Precision.HIGHEST)


@pytest.mark.parametrize("shape", [(2, 3, 8, 7), (1, 3, 4, 5, 6)], ids=["2-D", "3-D"])
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_more_dimensions_go_to_lax_untouched(shape: tuple[int, ...], wrap: Callable[..., Any]) -> None:
    spatial = len(shape) - 2
    rhs = random(4, 3, *(2,) * spatial, seed=1)
    arguments = ((2,) * spatial, "SAME", (1,) * spatial, (1,) * spatial)
    jaxprs = [
        jax.make_jaxpr(wrap(lambda x, w, f=function: f(x, w, *arguments)))(random(*shape), rhs)
        for function in (conv_general_dilated, lax.conv_general_dilated)
    ]
    assert str(jaxprs[0].jaxpr).replace("<lambda>", "") == str(jaxprs[1].jaxpr).replace("<lambda>", "")
    same_as_lax(random(*shape), rhs, *arguments)
    with pytest.raises(TypeError, match="dimension_numbers"):
        conv_general_dilated(random(*shape), rhs, *arguments, ("NCH", "OIH", "NCH"))


def test_no_spatial_dimension_goes_to_lax_too() -> None:
    same_as_lax(random(2, 3), random(4, 3, seed=1), (), "VALID")


GROUPED = [
    {"feature_group_count": 2},
    {"batch_group_count": 2},
    {"lhs_dilation": (3,), "window_strides": (2,)},
    {"padding": [(-1, 4)], "rhs_dilation": (2,)},
]


@pytest.mark.parametrize("changes", GROUPED, ids=str)
def test_gradients_are_laxs(changes: dict[str, Any]) -> None:
    arguments = {"window_strides": (1,), "padding": [(1, 1)], **changes}
    lhs, rhs = random(2, 4, 8), random(4, 4 // arguments.get("feature_group_count", 1), 3, seed=1)
    shape = jax.eval_shape(functools.partial(lax.conv_general_dilated, **arguments), lhs, rhs).shape
    weights = random(*shape, seed=2)

    def loss(function: Callable[..., Any], lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        return jnp.vdot(function(lhs, rhs, **arguments), weights)

    ours = jax.jit(jax.grad(functools.partial(loss, conv_general_dilated), (0, 1)))(lhs, rhs)
    theirs = jax.grad(functools.partial(loss, lax.conv_general_dilated), (0, 1))(lhs, rhs)
    for mine, other in zip(ours, theirs, strict=True):
        close(mine, other, atol=1e-11)


def test_vmap_is_laxs() -> None:
    lhs, rhs = random(3, 2, 4, 8), random(3, 6, 2, 3, seed=1)
    for in_axes in ((0, 0), (0, None), (None, 0)):
        operands = [each if axis == 0 else each[0] for each, axis in zip((lhs, rhs), in_axes, strict=True)]
        ours, theirs = (
            jax.vmap(lambda a, b, f=function: f(a, b, (1,), "SAME", feature_group_count=2), in_axes)(*operands)
            for function in (conv_general_dilated, lax.conv_general_dilated)
        )
        close(ours, theirs, atol=1e-11)


@pytest.mark.parametrize(
    ("lhs_shape", "rhs_shape"),
    [((0, 3, 8), (4, 3, 3)), ((2, 3, 8), (0, 3, 3)), ((2, 0, 8), (4, 0, 3)), ((1, 1, 0), (1, 1, 2))],
)
def test_empty_axes_are_laxs(lhs_shape: tuple[int, ...], rhs_shape: tuple[int, ...]) -> None:
    same_as_lax(np.ones(lhs_shape), np.ones(rhs_shape), (1,), [(2, 2)])


def test_what_lax_answers_with_an_empty_array_is_an_error() -> None:
    lhs, rhs = np.ones((1, 1, 4)), np.ones((1, 1, 5))
    assert lax.conv_general_dilated(lhs, rhs, (1,), "VALID").size == 0
    with pytest.raises(ShapeError, match="longer than the input"):
        conv_general_dilated(lhs, rhs, (1,), "VALID")


def test_it_promotes_no_more_than_lax() -> None:
    lhs, rhs = jnp.ones((1, 1, 4), "float32"), jnp.ones((1, 1, 2), "int32")
    with jax.numpy_dtype_promotion("standard"):
        for function in (lax.conv_general_dilated, conv_general_dilated):
            with pytest.raises(TypeError, match="float32"):
                function(lhs, rhs, (1,), "VALID")
    with pytest.raises(ArgumentTypeError, match=r"rhs\.astype\(lhs\.dtype\)"):
        conv_general_dilated(lhs, rhs, (1,), "VALID")


def test_lists_are_arrays() -> None:
    y = conv_general_dilated([[[1.0, 2.0, 3.0]]], [[[1.0, 10.0]]], [1], [[0, 1]])
    np.testing.assert_array_equal(y, [[[21.0, 32.0, 3.0]]])


def test_an_algorithm_is_a_keyword_beyond_laxs() -> None:
    lhs, rhs = random(1, 1, 50), random(1, 1, 20, seed=1)
    expected = lax.conv_general_dilated(lhs, rhs, (1,), "SAME")
    for name in ("fft", "shift_add", "direct"):
        close(conv_general_dilated(lhs, rhs, (1,), "SAME", algorithm=name), expected, atol=1e-10)
    with pytest.raises(AlgorithmError, match="did you mean 'direct'"):
        conv_general_dilated(lhs, rhs, (1,), "SAME", algorithm="dirct")
