"""conv1d's operands: layouts, batch axes, bias, element types, and what is passed on to the planner and to lax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from convax import conv1d
from convax.algorithms import ALGORITHMS, Direct, OverlapSave, ShiftAdd
from convax.errors import AlgorithmError, ArgumentTypeError, ShapeError
from ops.definitions import convolution, random

close = np.testing.assert_allclose


ORDERS = [
    ("NCH", "OIH", "NCH"),
    ("NHC", "HIO", "NHC"),
    ("NCW", "OIW", "NCW"),
    ("NWC", "WIO", "NWC"),
    ("nlc", "lio", "nlc"),
    ("NTC", "OIT", "NTC"),
    ("NHC", "OIH", "NCH"),
    ("NCH", "HOI", "NHC"),
    ("CNH", "IOH", "HNC"),
    ("HCN", "IHO", "CHN"),
]


@pytest.mark.parametrize(("data", "kernel", "out"), ORDERS)
def test_layouts_name_the_axes(data: str, kernel: str, out: str) -> None:
    x, w, bias = random(2, 3, 10), random(4, 3, 3, seed=1), random(4, seed=2)
    space = next(letter for letter in data.upper() if letter not in "NC")

    def arranged(array: np.ndarray, have: str, want: str) -> np.ndarray:
        return array.transpose([have.replace("H", space).index(letter) for letter in want.upper()])

    y = conv1d(
        arranged(x, "NCH", data),
        arranged(w, "OIH", kernel),
        bias,
        padding=1,
        stride=2,
        layout=f"{data},{kernel} -> {out}",
    )
    expected = convolution(x, w, bias, ends=(1, 1), stride=2)
    close(y, arranged(expected, "NCH", out), atol=1e-12)


@pytest.mark.parametrize(("layout", "kernel"), [("NCH", "OIH"), ("NCT", "OIH"), ("NHC", "HIO"), ("NWC", "HIO")])
def test_a_layout_of_the_data_brings_its_kernel_order(layout: str, kernel: str) -> None:
    x, w = random(2, 3, 10), random(4, 3, 3, seed=1)
    last = layout.endswith("C")
    y = conv1d(x.transpose(0, 2, 1) if last else x, w.transpose(2, 1, 0) if kernel == "HIO" else w, layout=layout)
    expected = convolution(x, w)
    close(y, expected.transpose(0, 2, 1) if last else expected, atol=1e-12)


@pytest.mark.parametrize("lead", [(), (1,), (4,), (2, 3), (2, 1, 3), (0,), (2, 0)], ids=str)
@pytest.mark.parametrize("layout", ["NCH", "NHC"])
def test_any_number_of_batch_axes(lead: tuple[int, ...], layout: str) -> None:
    x, w, bias = random(*lead, 3, 10), random(4, 3, 3, seed=1), random(4, seed=2)
    expected = convolution(x.reshape(-1, 3, 10) if 0 not in lead else np.zeros((0, 3, 10)), w, bias)
    expected = expected.reshape(*lead, 4, 8)
    if layout == "NHC":
        x, w, expected = np.swapaxes(x, -1, -2), w.transpose(2, 1, 0), np.swapaxes(expected, -1, -2)
    y = conv1d(x, w, bias, layout=layout)
    assert y.shape == expected.shape
    close(y, expected, atol=1e-12)


@pytest.mark.parametrize("lead", [(), (5,), (2, 3)], ids=str)
@pytest.mark.parametrize("out", ["NCH", "NHC", "CNH", "CHN", "HNC"])
def test_batch_axes_go_where_the_output_has_its_n(lead: tuple[int, ...], out: str) -> None:
    x, w = random(*lead, 3, 7), random(4, 3, 2, seed=1)
    y = conv1d(x, w, layout=f"NCH,OIH->{out}")
    expected = convolution(x.reshape(-1, 3, 7), w).transpose(["NCH".index(letter) for letter in out])
    batch = out.index("N")
    close(y, expected.reshape(*expected.shape[:batch], *lead, *expected.shape[batch + 1 :]), atol=1e-12)


@pytest.mark.parametrize("layout", ["NCH", "NHC", "HNC,OHI->CNH"])
def test_one_signal_and_one_kernel(layout: str) -> None:
    x, w = random(12), random(4, seed=1)
    y = conv1d(x, w, layout=layout, padding="SAME", stride=2)
    assert y.ndim == 1
    close(y, convolution(x[None, None], w[None, None], ends=(1, 1), stride=2)[0, 0])
    close(conv1d(x, w, 0.5), np.correlate(x, w, "valid") + 0.5)
    close(conv1d(x, w, [0.5]), np.correlate(x, w, "valid") + 0.5)


@pytest.mark.parametrize("container", [list, np.asarray, jnp.asarray])
def test_lists_numpy_and_jax_arrays(container: Callable[[Any], Any]) -> None:
    x, w, bias = random(2, 3, 6), random(2, 3, 2, seed=1), random(2, seed=2)
    y = conv1d(*(container(array.tolist()) for array in (x, w, bias)))
    assert isinstance(y, jax.Array)
    close(y, convolution(x, w, bias), rtol=1e-12)


PROMOTIONS = [
    ("float32", "float64", "float64"),
    ("bfloat16", "float32", "float32"),
    ("int8", "int32", "int32"),
    ("int32", "float16", "float16"),
    ("uint8", "int8", "int16"),
    ("float32", "complex64", "complex64"),
    ("bool", "int32", "int32"),
]


@pytest.mark.parametrize(("x_type", "w_type", "expected"), PROMOTIONS)
def test_types_are_promoted_as_jax_promotes_them(x_type: str, w_type: str, expected: str) -> None:
    x, w = jnp.ones((1, 2, 5), x_type), jnp.ones((1, 2, 2), w_type)
    with jax.numpy_dtype_promotion("standard"):
        y = conv1d(x, w)
    assert y.dtype == expected
    np.testing.assert_array_equal(y, np.full((1, 1, 4), 4.0))
    with jax.numpy_dtype_promotion("strict"), pytest.raises(ArgumentTypeError, match=f"x is {x_type} and w is"):
        conv1d(x, w)


def test_a_bias_does_not_widen_the_result() -> None:
    x, w = jnp.ones((1, 2, 5), "bfloat16"), jnp.ones((3, 2, 2), "bfloat16")
    with jax.numpy_dtype_promotion("standard"):
        for wide in ("float32", "float64", "complex64"):
            with pytest.raises(ArgumentTypeError, match=f"bias is {wide} and would widen the bfloat16 result"):
                conv1d(x, w, jnp.ones(3, wide))
        for narrow in ("bfloat16", "int8", "bool"):
            assert conv1d(x, w, jnp.ones(3, narrow)).dtype == "bfloat16"
        # A list has no width, so it takes the result's.
        assert conv1d(x, w, [0.5, 0.25, 0.125]).dtype == "bfloat16"
        y = conv1d(x, w, jnp.ones(3, "float32"), preferred_element_type="float32")
    assert y.dtype == "float32"


def test_a_bias_of_fractions_is_not_cut_off_to_integers() -> None:
    with jax.numpy_dtype_promotion("standard"):
        for bias in ([0.5], np.array([0.5]), 0.5):
            with pytest.raises(ArgumentTypeError, match=r"would widen the int\d\d result"):
                conv1d([1, 2, 3], [1], bias)
        with pytest.raises(ArgumentTypeError, match="complex"):
            conv1d([1.0, 2.0], [1.0], [1j])
        np.testing.assert_array_equal(conv1d([1, 2, 3], [1], [5]), [6, 7, 8])
        np.testing.assert_array_equal(conv1d([1.0, 2.0, 3.0], [1.0], [5]), [6.0, 7.0, 8.0])


@pytest.mark.parametrize("shape", [(), (3,), (4, 1), (1, 4), (5,)], ids=str)
def test_a_bias_of_another_shape_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"bias has shape .* and the convolution makes 4 features"):
        conv1d(np.ones((1, 2, 5)), np.ones((4, 2, 2)), np.ones(shape))


@pytest.mark.parametrize("name", [*ALGORITHMS, None])
def test_each_algorithm_by_name(name: str | None) -> None:
    x, w = random(300), random(70, seed=1)
    if name == "polyphase":
        y, expected = conv1d(x, w, stride=2, algorithm=name), np.correlate(x, w, "valid")[::2]
    elif name == "inner_product":
        y, expected = conv1d(x, random(298), algorithm=name), np.correlate(x, random(298), "valid")
    elif name == "winograd":
        y, expected = conv1d(x, w[:7], algorithm=name), np.correlate(x, w[:7], "valid")
    elif name == "swapped":  # the kernel is the longer one
        y = conv1d(x, random(301), padding=(10, 10), algorithm=name)
        expected = np.correlate(np.pad(x, 10), random(301), "valid")
    else:
        y, expected = conv1d(x, w, algorithm=name), np.correlate(x, w, "valid")
    close(y, expected, atol=1e-10)


@pytest.mark.parametrize("algorithm", [ShiftAdd(), Direct("NCH"), OverlapSave(points=256)], ids=str)
def test_an_algorithm_by_value(algorithm: Any) -> None:
    x, w = random(300), random(70, seed=1)
    close(conv1d(x, w, algorithm=algorithm), np.correlate(x, w, "valid"), atol=1e-10)
    close(jax.jit(lambda x: conv1d(x, w, algorithm=algorithm))(x), np.correlate(x, w, "valid"), atol=1e-10)


def test_an_algorithm_that_cannot_serve_fails_at_once() -> None:
    with pytest.raises(AlgorithmError, match="'fft' cannot serve"):
        conv1d([1, 2, 3], [1, 1], algorithm="fft")
    with pytest.raises(AlgorithmError, match="'fft' cannot serve"):
        jax.eval_shape(lambda x: conv1d(x, x[:2], algorithm="fft"), jax.ShapeDtypeStruct((3,), "int32"))


@pytest.mark.parametrize("precision", [None, "highest", lax.Precision.HIGHEST, ("default", "highest")])
def test_precision_is_passed_on(precision: Any) -> None:
    x, w = jnp.ones((1, 2, 6)), jnp.ones((1, 2, 2))
    ours, theirs = (
        next(e for e in jax.make_jaxpr(f)(x, w).jaxpr.eqns if e.primitive.name in ("conv1d", "conv_general_dilated"))
        for f in (
            lambda x, w: conv1d(x, w, precision=precision),
            lambda x, w: lax.conv_general_dilated(x, w, (1,), "VALID", precision=precision),
        )
    )
    assert ours.params["precision"] == theirs.params["precision"]
    close(conv1d(x, w, precision=precision), np.full((1, 1, 5), 4.0))


@pytest.mark.parametrize(
    ("dtype", "preferred"),
    [("bfloat16", "float32"), ("float16", jnp.float32), ("int8", "int32"), ("float32", np.dtype("float64"))],
)
def test_preferred_element_type(dtype: str, preferred: Any) -> None:
    x, w = jnp.full((1, 3, 6), 100, dtype), jnp.full((2, 3, 2), 100, dtype)
    y = conv1d(x, w, preferred_element_type=preferred)
    assert y.dtype == jnp.dtype(preferred)
    np.testing.assert_array_equal(y, np.full((1, 2, 5), 60000.0))
