"""conv1d against the definition as loops: padding, modes, steps, groups, layouts, batch axes, bias and types."""

from __future__ import annotations

import itertools
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

MODES = {"zeros": "constant", "reflect": "reflect", "edge": "edge", "replicate": "edge", "circular": "wrap"}
close = np.testing.assert_allclose


def word_ends(word: str, length: int, reach: int, stride: int) -> tuple[int, int]:
    """Samples that each padding word adds, worked out from the outputs that it promises."""
    if word == "VALID":
        return 0, 0
    if word == "CAUSAL":
        return reach - 1, 0
    if word == "FULL":
        return reach - 1, reach - 1
    outputs = -(-length // stride)
    total = max(0, (outputs - 1) * stride + reach - length)
    return (total // 2, -(-total // 2)) if word == "SAME" else (-(-total // 2), total // 2)


@pytest.mark.parametrize("word", ["VALID", "SAME", "SAME_LOWER", "CAUSAL", "FULL"])
@pytest.mark.parametrize(
    ("length", "taps", "stride", "dilation"), [(11, 3, 1, 1), (11, 4, 1, 1), (10, 4, 3, 1), (12, 3, 2, 3), (9, 2, 5, 1)]
)
def test_padding_words(word: str, length: int, taps: int, stride: int, dilation: int) -> None:
    x, w = random(2, 3, length), random(4, 3, taps, seed=1)
    y = conv1d(x, w, padding=word, stride=stride, dilation=dilation)
    ends = word_ends(word, length, (taps - 1) * dilation + 1, stride)
    close(y, convolution(x, w, ends=ends, stride=stride, dilation=dilation), atol=1e-12)
    if word.startswith("SAME"):
        assert y.shape[2] == -(-length // stride)
    if word in ("VALID", "SAME", "SAME_LOWER"):
        lax_says = lax.conv_general_dilated(x, w, (stride,), word, rhs_dilation=(dilation,))
        close(y, lax_says, atol=1e-12)


@pytest.mark.parametrize("word", ["valid", "Same", "sAmE_LoWeR", "causal", "Full"])
def test_padding_words_in_any_case(word: str) -> None:
    x, w = random(1, 1, 8), random(1, 1, 4, seed=1)
    np.testing.assert_array_equal(conv1d(x, w, padding=word), conv1d(x, w, padding=word.upper()))


def test_causal_padding_looks_at_no_later_sample() -> None:
    x, w = random(20), random(5, seed=1)
    changed = x.copy()
    changed[12:] += 100.0
    before, after = conv1d(x, w, padding="CAUSAL"), conv1d(changed, w, padding="CAUSAL")
    np.testing.assert_array_equal(before[:12], after[:12])
    assert np.all(np.asarray(before[12:]) != np.asarray(after[12:]))


@pytest.mark.parametrize(
    ("padding", "ends"),
    [
        (2, (2, 2)),
        (0, (0, 0)),
        (-1, (-1, -1)),
        ((3, 1), (3, 1)),
        ((-2, 4), (-2, 4)),
        ((5, -3), (5, -3)),
        ([1, 2], (1, 2)),
        ([(1, 2)], (1, 2)),
        (np.int32(2), (2, 2)),
        ((np.int64(0), np.int64(3)), (0, 3)),
        ((30, 0), (30, 0)),
    ],
)
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_in_numbers(padding: Any, ends: tuple[int, int], stride: int) -> None:
    x, w = random(2, 2, 9), random(3, 2, 3, seed=1)
    close(conv1d(x, w, padding=padding, stride=stride), convolution(x, w, ends=ends, stride=stride), atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ends", [(2, 3), (0, 4), (-2, 3), (3, -1), (8, 8)], ids=str)
@pytest.mark.parametrize("layout", ["NCH", "NHC"])
def test_padding_modes_add_what_numpy_adds(mode: str, ends: tuple[int, int], layout: str) -> None:
    x, w = random(2, 2, 9), random(3, 2, 4, seed=1)
    expected = convolution(x, w, ends=ends, mode=MODES[mode])
    if layout == "NCH":
        close(conv1d(x, w, padding=ends, padding_mode=mode), expected, atol=1e-12)
    else:
        y = conv1d(x.transpose(0, 2, 1), w.transpose(2, 1, 0), padding=ends, padding_mode=mode, layout=layout)
        close(y, expected.transpose(0, 2, 1), atol=1e-12)


@pytest.mark.parametrize("mode", ["edge", "circular"])
def test_edge_and_circular_padding_may_exceed_the_signal(mode: str) -> None:
    x, w = random(1, 1, 3), random(1, 1, 2, seed=1)
    close(conv1d(x, w, padding=(7, 8), padding_mode=mode), convolution(x, w, ends=(7, 8), mode=MODES[mode]))


@pytest.mark.parametrize("mode", MODES)
def test_padding_modes_with_words_and_steps(mode: str) -> None:
    x, w = random(1, 4, 13), random(4, 2, 3, seed=1)
    for word, stride in (("SAME", 2), ("causal", 1), ("FULL", 3)):
        y = conv1d(x, w, padding=word, padding_mode=mode.upper(), stride=stride, dilation=2, groups=2)
        ends = word_ends(word.upper(), 13, 5, stride)
        close(y, convolution(x, w, ends=ends, mode=MODES[mode], stride=stride, dilation=2, groups=2), atol=1e-12)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "edge", "circular"])
def test_gradients_through_padding_modes(mode: str) -> None:
    """The adjoint: <conv1d(x), y> is linear in x, so its gradient dotted with x gives it back."""
    x, w, y = random(1, 2, 9), random(2, 2, 3, seed=1), random(1, 2, 11, seed=2)

    def inner(x: jax.Array) -> jax.Array:
        return jnp.vdot(conv1d(x, w, padding=2, padding_mode=mode), y)

    close(jnp.vdot(jax.grad(inner)(x), x), inner(x), rtol=1e-10)


@pytest.mark.parametrize(("stride", "dilation", "groups"), list(itertools.product((1, 2, 5), (1, 3), (1, 2))))
def test_stride_dilation_and_groups(stride: int, dilation: int, groups: int) -> None:
    x, w, bias = random(2, 4, 21), random(6, 4 // groups, 4, seed=1), random(6, seed=2)
    settings = {"stride": stride, "dilation": dilation, "groups": groups}
    close(conv1d(x, w, bias, **settings), convolution(x, w, bias, **settings), atol=1e-12)


@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise(multiplier: int) -> None:
    x, w = random(2, 5, 12), random(5 * multiplier, 1, 3, seed=1)
    close(conv1d(x, w, groups=5, padding="SAME"), convolution(x, w, groups=5, ends=(1, 1)), atol=1e-12)


@pytest.mark.parametrize("value", [(2,), [2], np.int64(2), jnp.array(2), 2])
def test_steps_in_every_form_of_a_whole_number(value: Any) -> None:
    x, w = random(9), random(2, seed=1)
    for name in ("stride", "dilation"):
        close(conv1d(x, w, **{name: value}), conv1d(x, w, **{name: 2}))


@pytest.mark.parametrize(("first", "second"), [(2.0, 2), (True, 1), (1.0, 1), (2.0, np.int64(2))])
def test_equal_settings_of_other_types_are_told_apart(first: Any, second: Any) -> None:
    """2.0 == 2 and hash(2.0) == hash(2): a refused call must not be mistaken for the call that is served."""
    x, w = random(11), random(3, seed=1)
    for _ in range(2):
        with pytest.raises(ArgumentTypeError):
            conv1d(x, w, stride=first)
        with pytest.raises(ArgumentTypeError):
            conv1d(x, w, padding=(first, first))
        close(conv1d(x, w, stride=second), np.correlate(x, w, "valid")[::second])
        close(conv1d(x, w, padding=(second, second)), np.correlate(np.pad(x, int(second)), w, "valid"))


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


def test_grad_jit_and_vmap_agree_with_the_definition() -> None:
    x, w, bias, weights = random(2, 4, 9), random(4, 2, 3, seed=1), random(4, seed=2), random(2, 4, 5, seed=3)
    settings = {"stride": 2, "groups": 2, "padding": (1, 1)}

    def loss(x: jax.Array, w: jax.Array, bias: jax.Array) -> jax.Array:
        return jnp.sum(conv1d(x, w, bias, **settings) * weights)

    dx, dw, dbias = jax.jit(jax.grad(loss, (0, 1, 2)))(x, w, bias)
    plain = {"stride": 2, "groups": 2, "ends": (1, 1)}

    def change(position: int, place: tuple[int, ...]) -> float:
        moved = [x.copy(), w.copy(), bias.copy()]
        moved[position][place] += 1.0
        return float(np.sum((convolution(*moved, **plain) - convolution(x, w, bias, **plain)) * weights))

    for position, gradient, place in ((0, dx, (1, 3, 4)), (0, dx, (0, 0, 0)), (1, dw, (3, 1, 2)), (2, dbias, (2,))):
        close(gradient[place], change(position, place), rtol=1e-9)
    batched = jax.vmap(lambda x, w: conv1d(x, w, **settings))(np.stack([x, 2 * x]), np.stack([w, 3 * w]))
    close(batched, [convolution(x, w, **plain), 6 * convolution(x, w, **plain)], atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("seed", range(12))
def test_it_is_torchs_conv1d(seed: int) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(1, 4))
    channels, features, taps = (
        groups * int(rng.integers(1, 3)),
        groups * int(rng.integers(1, 3)),
        int(rng.integers(1, 6)),
    )
    x, w = rng.normal(size=(2, channels, 24)), rng.normal(size=(features, channels // groups, taps))
    bias = rng.normal(size=features) if seed % 2 else None
    settings = {"stride": int(rng.integers(1, 4)), "dilation": int(rng.integers(1, 4)), "groups": groups}
    padding = ["valid", "same", 3][seed % 3]
    if padding == "same":
        settings["stride"] = 1  # torch has it for stride 1 only
    tensors = [None if array is None else torch.from_numpy(array) for array in (x, w, bias)]
    expected = torch.nn.functional.conv1d(*tensors, padding=padding, **settings)
    close(conv1d(x, w, bias, padding=padding, **settings), expected.numpy(), atol=1e-12)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_padding_modes_are_torchs(mode: str) -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.Conv1d(3, 4, 5, stride=2, padding=3, dilation=2, padding_mode=mode).double()
    x = random(2, 3, 20)
    w, bias = (parameter.detach().numpy() for parameter in (module.weight, module.bias))
    y = conv1d(x, w, bias, stride=2, padding=3, dilation=2, padding_mode=mode)
    close(y, module(torch.from_numpy(x)).detach().numpy(), atol=1e-12)
