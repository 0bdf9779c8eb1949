"""The relations that docs/transposed.md states, held against the other libraries and against their rules.

The functions that translate another library's call are the page's own: they are taken from its code.
"""

from __future__ import annotations

import doctest
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax import lax

from convax import conv_transpose1d
from ops.definitions import random, transposed_convolution

close = np.testing.assert_allclose


PAGE = Path(__file__).parents[2] / "docs" / "transposed.md"


def page_functions() -> dict[str, Any]:
    """What the page's code defines."""
    examples = doctest.DocTestParser().get_examples(PAGE.read_text())
    names: dict[str, Any] = {}
    for example in examples:
        if example.source.startswith(("def ", "import ", "from ")):
            exec(compile(example.source, str(PAGE), "exec"), names)
    return names


FUNCTIONS = page_functions()


lax_conv_transpose: Callable[..., jax.Array] = FUNCTIONS["lax_conv_transpose"]


flax_conv_transpose: Callable[..., jax.Array] = FUNCTIONS["flax_conv_transpose"]


keras_conv1d_transpose: Callable[..., jax.Array] = FUNCTIONS["keras_conv1d_transpose"]


torch_conv_transpose1d: Callable[..., jax.Array] = FUNCTIONS["torch_conv_transpose1d"]


SAME_AND_VALID = [(7, 3, 1, 1), (7, 4, 2, 1), (7, 3, 2, 1), (5, 2, 4, 1), (5, 1, 3, 1), (6, 3, 2, 3), (4, 2, 5, 2)]


@pytest.mark.parametrize("transpose_kernel", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "VALID", [(0, 0)], [(2, 5)], [(1, -1)]], ids=str)
@pytest.mark.parametrize(("length", "taps", "stride", "dilation"), SAME_AND_VALID)
def test_lax(transpose_kernel: bool, padding: Any, length: int, taps: int, stride: int, dilation: int) -> None:
    x, kernel = random(2, length, 3), random(taps, *((2, 3) if transpose_kernel else (3, 2)), seed=1)
    settings = {"rhs_dilation": (dilation,), "transpose_kernel": transpose_kernel}
    theirs = lax.conv_transpose(x, kernel, (stride,), padding, **settings)
    close(lax_conv_transpose(x, kernel, (stride,), padding, **settings), theirs, atol=1e-12)


def test_laxs_consistent_numbers_are_pytorchs() -> None:
    x, kernel = random(2, 6, 3), random(4, 2, 3, seed=1)
    try:
        theirs = lax.conv_transpose(
            x, kernel, (3,), [(2, 1)], transpose_kernel=True, use_consistent_padding=True, rhs_dilation=(2,)
        )
    except TypeError:
        pytest.skip("this JAX has no use_consistent_padding")
    y = conv_transpose1d(x, kernel, stride=3, padding=(2, 1), dilation=2, layout="NHC,HOI")
    close(y, theirs, atol=1e-12)


@pytest.mark.parametrize("transpose_kernel", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "VALID", 1])
def test_flax_is_lax_with_a_bias(transpose_kernel: bool, padding: Any) -> None:
    """What flax.nnx.ConvTranspose computes, written with lax alone."""
    x, kernel = random(2, 6, 3), random(4, *((2, 3) if transpose_kernel else (3, 2)), seed=1)
    bias = random(2, seed=2)
    explicit = [(padding, padding)] if isinstance(padding, int) else padding
    theirs = lax.conv_transpose(x, kernel, (3,), explicit, rhs_dilation=(2,), transpose_kernel=transpose_kernel)
    with jax.numpy_rank_promotion("allow"):
        y = flax_conv_transpose(x, kernel, bias, 3, padding, 2, transpose_kernel)
    close(y, theirs + bias[None, None], atol=1e-12)


@pytest.mark.parametrize("transpose_kernel", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "VALID", 1])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (3, 2), (5, 1)])
@pytest.mark.parametrize("family", ["nnx", "linen"])
def test_flax(family: str, transpose_kernel: bool, padding: Any, strides: int, dilation: int) -> None:
    flax = pytest.importorskip(f"flax.{family}")
    settings = {
        "kernel_size": (4,),
        "strides": strides if family == "nnx" else (strides,),
        "padding": padding,
        "kernel_dilation": dilation if family == "nnx" else (dilation,),
        "transpose_kernel": transpose_kernel,
    }
    x = random(2, 6, 3, dtype="float32")
    if family == "nnx":
        layer = flax.ConvTranspose(3, 2, **settings, rngs=flax.Rngs(0))
        theirs, kernel, bias = layer(x), layer.kernel[...], layer.bias[...]
    else:
        module = flax.ConvTranspose(2, **settings)
        parameters = module.init(jax.random.key(0), x)
        theirs = module.apply(parameters, x)
        kernel, bias = parameters["params"]["kernel"], parameters["params"]["bias"]
    with jax.numpy_rank_promotion("allow"):
        y = flax_conv_transpose(x, kernel, bias + 1, strides, padding, dilation, transpose_kernel)
    close(y, theirs + 1, atol=1e-5)


def keras_ends(reach: int, stride: int, padding: str, output_padding: int | None) -> tuple[int, int]:
    """Zeros that Keras adds to the spread input: its rules for the JAX backend, written anew from their comments."""
    if padding == "valid":
        extra = max(reach, stride) - reach if output_padding is None else output_padding
        return reach - 1, reach - 1 + extra
    outputs_beyond = stride if output_padding is None else reach % 2 + output_padding
    total = outputs_beyond + reach - 2
    before = min(-(-total // 2), reach - 1)
    return before, total - before


KERAS = list(itertools.product(("valid", "same"), (None, 0, 1, 2), ((4, 3, 1), (3, 3, 1), (2, 5, 1), (3, 2, 2))))


@pytest.mark.parametrize(("padding", "output_padding", "steps"), KERAS)
def test_keras_by_its_rules(padding: str, output_padding: int | None, steps: tuple[int, int, int]) -> None:
    taps, stride, dilation = steps
    x, kernel, bias = random(2, 6, 3), random(taps, 2, 3, seed=1), random(2, seed=2)
    reach = (taps - 1) * dilation + 1
    before, after = keras_ends(reach, stride, padding, output_padding)
    cut = reach - 1 - before, reach - 1 - after
    expected = transposed_convolution(
        x.transpose(0, 2, 1), kernel.transpose(2, 1, 0), bias, stride=stride, dilation=dilation, cut=cut
    )
    y = keras_conv1d_transpose(x, kernel, bias, stride, padding, output_padding, dilation)
    close(y, expected.transpose(0, 2, 1), atol=1e-12)
    if output_padding is not None:
        assert y.shape[1] == 5 * stride + (reach if padding == "valid" else reach % 2) + output_padding


@pytest.mark.parametrize(("padding", "output_padding", "steps"), KERAS)
def test_keras(
    padding: str, output_padding: int | None, steps: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    pytest.importorskip("keras")
    import keras

    if keras.config.backend() != "jax":
        pytest.skip("Keras was imported with another backend")
    taps, stride, dilation = steps
    x, kernel = random(2, 6, 3, dtype="float32"), random(taps, 2, 3, seed=1, dtype="float32")
    theirs = keras.ops.conv_transpose(x, kernel, stride, padding, output_padding, "channels_last", dilation)
    y = keras_conv1d_transpose(x, kernel, None, stride, padding, output_padding, dilation)
    close(y, theirs, atol=1e-5)


def test_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x, weight, bias = random(2, 4, 7), random(4, 3, 5, seed=1), random(6, seed=2)
    arguments = (3, 2, 1, 2, 2)  # stride, padding, output_padding, groups, dilation, in PyTorch's order
    theirs = torch.nn.functional.conv_transpose1d(*(torch.from_numpy(array) for array in (x, weight, bias)), *arguments)
    close(torch_conv_transpose1d(x, weight, bias, *arguments), theirs.numpy(), atol=1e-12)


def test_pytorch_by_its_definition() -> None:
    x, weight, bias = random(2, 4, 7), random(4, 3, 5, seed=1), random(6, seed=2)
    expected = transposed_convolution(x, weight, bias, stride=3, cut=(2, 2), extra=1, groups=2, dilation=2)
    close(torch_conv_transpose1d(x, weight, bias, 3, 2, 1, 2, 2), expected, atol=1e-12)
