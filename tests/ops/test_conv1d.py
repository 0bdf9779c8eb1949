"""conv1d against the definition as loops: padding, modes, steps, groups, layouts, batch axes, bias and types."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from convax import conv1d
from convax.errors import ArgumentTypeError
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
