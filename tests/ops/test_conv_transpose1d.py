"""conv_transpose1d against the definition as loops, its adjoint, lax's words and PyTorch."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from convax import conv1d, conv_transpose1d
from convax.errors import ArgumentError, ArgumentTypeError, ShapeError
from ops.definitions import convolution, random, transposed_convolution

close = np.testing.assert_allclose


# stride, dilation, groups, cut, extra, taps; taps fewer and more than the stride, every argument away from its default.
CASES = [
    (1, 1, 1, (0, 0), 0, 3),
    (2, 1, 1, (0, 0), 0, 1),
    (2, 1, 1, (1, 1), 1, 3),
    (3, 1, 2, (2, 2), 2, 5),
    (5, 1, 1, (0, 0), 4, 2),
    (5, 1, 2, (1, 1), 0, 3),
    (2, 3, 1, (3, 3), 2, 4),
    (1, 4, 4, (2, 2), 3, 3),
    (3, 2, 2, (0, 3), 1, 4),
    (2, 1, 1, (4, -3), 0, 3),
    (4, 1, 1, (-2, -5), 0, 8),
    (4, 2, 1, (7, 0), 1, 8),
]
OF_PYTORCH = [case for case in CASES if case[3][0] == case[3][1] >= 0]  # it cuts both ends alike


def number_or_pair(cut: tuple[int, int]) -> Any:
    return cut[0] if cut[0] == cut[1] else cut


@pytest.mark.parametrize(("stride", "dilation", "groups", "cut", "extra", "taps"), CASES)
def test_the_definition(stride: int, dilation: int, groups: int, cut: Any, extra: int, taps: int) -> None:
    x, w, bias = random(2, 4, 7), random(4, 3, taps, seed=1), random(3 * groups, seed=2)
    steps = {"stride": stride, "dilation": dilation, "groups": groups}
    y = conv_transpose1d(x, w, bias, padding=number_or_pair(cut), output_padding=extra, **steps)
    expected = transposed_convolution(x, w, bias, cut=cut, extra=extra, **steps)
    assert y.shape[-1] == 6 * stride - sum(cut) + (taps - 1) * dilation + 1 + extra
    close(y, expected, atol=1e-12)


@pytest.mark.parametrize(("stride", "dilation", "groups", "cut", "extra", "taps"), CASES)
def test_it_is_the_adjoint_of_conv1d(stride: int, dilation: int, groups: int, cut: Any, extra: int, taps: int) -> None:
    """<conv1d(z), x> = <z, conv_transpose1d(x)> for each z of the length that the transpose makes."""
    x, w = random(2, 4, 7), random(4, 3, taps, seed=1)
    steps = {"stride": stride, "dilation": dilation, "groups": groups}
    back = conv_transpose1d(x, w, padding=cut, output_padding=extra, **steps)
    z = random(*back.shape, seed=3)
    there = conv1d(z, w, padding=cut, **steps)
    # An output_padding of a whole stride leaves room for one window more, which the adjoint does not know.
    close(jnp.vdot(there[..., : x.shape[-1]], x), jnp.vdot(z, back), rtol=1e-10)
    if there.shape == x.shape:
        _, adjoint = jax.vjp(lambda z: conv1d(z, w, padding=cut, **steps), z)
        close(adjoint(jnp.asarray(x))[0], back, atol=1e-12)


def test_its_gradient_is_conv1d() -> None:
    x, w, weights = random(2, 4, 7), random(4, 3, 5, seed=1), random(2, 3, 17, seed=2)

    def loss(x: jax.Array, w: jax.Array) -> jax.Array:
        return jnp.sum(conv_transpose1d(x, w, stride=2, padding=0) * weights)

    dx, dw = jax.jit(jax.grad(loss, (0, 1)))(x, w)
    close(dx, convolution(weights, w, stride=2), atol=1e-12)
    moved = w.copy()
    moved[3, 1, 2] += 1.0
    change = transposed_convolution(x, moved, stride=2) - transposed_convolution(x, w, stride=2)
    close(dw[3, 1, 2], np.sum(change * weights), rtol=1e-9)


# length, taps, stride, dilation: taps fewer, as many and more than the stride, odd and even.
LENGTHS = [
    (7, 3, 1, 1),
    (7, 4, 2, 1),
    (7, 3, 2, 1),
    (5, 2, 4, 1),
    (5, 1, 3, 1),
    (5, 3, 3, 1),
    (6, 3, 2, 3),
    (4, 2, 5, 2),
]
LENGTHS += [(1, 5, 3, 1), (3, 2, 7, 1)]


@pytest.mark.parametrize("word", ["SAME", "VALID"])
@pytest.mark.parametrize(("length", "taps", "stride", "dilation"), LENGTHS)
def test_words_cut_what_laxs_words_cut(word: str, length: int, taps: int, stride: int, dilation: int) -> None:
    x, w = random(2, 3, length), random(3, 2, taps, seed=1)
    y = conv_transpose1d(x, w, stride=stride, dilation=dilation, padding=word.lower())
    reach = (taps - 1) * dilation + 1
    assert y.shape[2] == length * stride + (max(0, reach - stride) if word == "VALID" else 0)
    kernel = w[:, :, ::-1].transpose(2, 0, 1)
    theirs = lax.conv_transpose(x.transpose(0, 2, 1), kernel, (stride,), word, rhs_dilation=(dilation,))
    close(y, theirs.transpose(0, 2, 1), atol=1e-12)


@pytest.mark.parametrize(("stride", "dilation", "groups", "cut", "extra", "taps"), OF_PYTORCH)
def test_pytorch(stride: int, dilation: int, groups: int, cut: Any, extra: int, taps: int) -> None:
    torch = pytest.importorskip("torch")
    x, w, bias = random(2, 4, 7), random(4, 3, taps, seed=1), random(3 * groups, seed=2)
    settings = {"stride": stride, "padding": cut[0], "output_padding": extra, "groups": groups, "dilation": dilation}
    theirs = torch.nn.functional.conv_transpose1d(*(torch.from_numpy(array) for array in (x, w, bias)), **settings)
    close(conv_transpose1d(x, w, bias, **settings), theirs.numpy(), atol=1e-12)


def test_the_limits_of_output_padding_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    x, w = random(1, 1, 4), random(1, 1, 3, seed=1)
    for stride, dilation, extra in itertools.product((1, 2, 3), (1, 2, 4), (-1, 0, 1, 2, 3, 4)):
        settings = {"stride": stride, "dilation": dilation, "output_padding": extra}
        try:
            theirs = torch.nn.functional.conv_transpose1d(torch.from_numpy(x), torch.from_numpy(w), **settings)
        except RuntimeError:
            with pytest.raises(ArgumentError, match=f"output_padding={extra}"):
                conv_transpose1d(x, w, **settings)
        else:
            close(conv_transpose1d(x, w, **settings), theirs.numpy(), atol=1e-12)


ORDERS = [
    ("NCH", "NCH", "IOH", "NCH"),
    ("NCH->NHC", "NCH", "IOH", "NHC"),
    ("NCT,IOT", "NCH", "IOH", "NCH"),
    ("NCH,OIH", "NCH", "OIH", "NCH"),
    ("NHC", "NHC", "HIO", "NHC"),
    ("NWC,WOI", "NHC", "HOI", "NHC"),
    ("NHC,IOH->NCH", "NHC", "IOH", "NCH"),
    ("CNH,OHI->HNC", "CNH", "OHI", "HNC"),
]


@pytest.mark.parametrize(("layout", "data", "kernel", "out"), ORDERS)
def test_layouts_name_the_axes(layout: str, data: str, kernel: str, out: str) -> None:
    x, w, bias = random(2, 4, 6), random(4, 3, 5, seed=1), random(6, seed=2)
    expected = transposed_convolution(x, w, bias, stride=2, groups=2, cut=(1, 1))
    y = conv_transpose1d(
        x.transpose(["NCH".index(letter) for letter in data]),
        w.transpose(["IOH".index(letter) for letter in kernel]),
        bias,
        stride=2,
        groups=2,
        padding=1,
        layout=layout,
    )
    close(y, expected.transpose(["NCH".index(letter) for letter in out]), atol=1e-12)


@pytest.mark.parametrize("lead", [(), (3,), (2, 3), (0,)], ids=str)
@pytest.mark.parametrize("out", ["NCH", "CNH"])
def test_any_number_of_batch_axes(lead: tuple[int, ...], out: str) -> None:
    x, w = random(*lead, 4, 6), random(4, 3, 5, seed=1)
    flat = x.reshape(-1, 4, 6) if 0 not in lead else np.zeros((0, 4, 6))
    expected = transposed_convolution(flat, w, stride=3).transpose(["NCH".index(letter) for letter in out])
    y = conv_transpose1d(x, w, stride=3, layout=f"NCH->{out}")
    batch = out.index("N")
    close(y, expected.reshape(*expected.shape[:batch], *lead, *expected.shape[batch + 1 :]), atol=1e-12)


def test_one_signal_and_one_kernel() -> None:
    x, w = random(5), random(3, seed=1)
    expected = transposed_convolution(x[None, None], w[None, None], stride=2)[0, 0]
    for layout in ("NCH", "NHC"):
        close(conv_transpose1d(x, w, stride=2, layout=layout), expected)
    close(conv_transpose1d(x, w, 2.0, stride=2), expected + 2)
    close(conv_transpose1d(x, w), np.convolve(x, w), atol=1e-12)


def test_lists_and_integers() -> None:
    y = conv_transpose1d([1, 2], [1, 10, 100], stride=2)
    assert jnp.issubdtype(y.dtype, jnp.integer)
    np.testing.assert_array_equal(y, [1, 10, 102, 20, 200])


def test_types_and_bias() -> None:
    x, w = jnp.ones((1, 2, 4), "bfloat16"), jnp.ones((2, 3, 3), "bfloat16")
    assert conv_transpose1d(x, w, [1.0, 2.0, 3.0]).dtype == "bfloat16"
    assert conv_transpose1d(x, w, preferred_element_type="float32").dtype == "float32"
    with jax.numpy_dtype_promotion("standard"):
        assert conv_transpose1d(x, w.astype("float32")).dtype == "float32"
        with pytest.raises(ArgumentTypeError, match="bias is float32 and would widen the bfloat16 result"):
            conv_transpose1d(x, w, jnp.ones(3, "float32"))
    with pytest.raises(ShapeError, match="makes 3 features"):
        conv_transpose1d(x, w, jnp.ones(2, "bfloat16"))


@pytest.mark.parametrize("name", ["direct", "polyphase"])
def test_an_algorithm_by_name(name: str) -> None:
    x, w = random(2, 4, 20), random(4, 3, 5, seed=1)
    expected = transposed_convolution(x, w, stride=2, cut=(2, 2), extra=1)
    close(conv_transpose1d(x, w, stride=2, padding=2, output_padding=1, algorithm=name), expected, atol=1e-12)


def test_vmap_over_both_operands() -> None:
    xs, ws = random(3, 2, 4, 6), random(3, 4, 2, 3, seed=1)
    y = jax.vmap(lambda x, w: conv_transpose1d(x, w, stride=2))(xs, ws)
    close(y, [transposed_convolution(x, w, stride=2) for x, w in zip(xs, ws, strict=True)], atol=1e-12)
