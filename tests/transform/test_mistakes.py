"""Models with one mistake each: inspect finds it and nothing else; what is meant stays quiet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax import lax

import convax

Model = tuple[Callable[..., Any], tuple[Any, ...]]


def floats(*shape: int, dtype: str = "float32") -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def layer(x: Any, w: Any, padding: Any = "SAME", **settings: Any) -> Any:
    return lax.conv_general_dilated(x, w, settings.pop("stride", (1,)), padding, **settings)


def _channels_last_as_first() -> Model:
    """16,000 samples of 2 channels, channels last, given to a layer that expects them first."""
    return lambda x, w: layer(jnp.tanh(x), w, "VALID"), (floats(8, 16_000, 64), floats(4, 16_000, 3))


def _kernel_longer_than_input() -> Model:
    return lambda x, w: layer(x, w, [(40, 40)]), (floats(1, 4, 32), floats(4, 4, 41))


def _dilation_beyond_input() -> Model:
    return lambda x, w: layer(x, w, rhs_dilation=(64,)), (floats(1, 4, 100), floats(4, 4, 3))


def _empty() -> Model:
    def shrinking(x: Any, w: Any) -> Any:
        for _ in range(4):
            x = layer(x, w, "VALID")
        return x

    return shrinking, (floats(1, 4, 9), floats(4, 4, 3))


def _single() -> Model:
    def shrinking(x: Any, w: Any) -> Any:
        for _ in range(4):
            x = layer(x, w, "VALID")
        return x

    return shrinking, (floats(1, 4, 9), floats(4, 4, 3))


def _even_taps() -> Model:
    return layer, (floats(1, 4, 64), floats(4, 4, 4))


def _scaling_groups() -> Model:
    return lambda x, w: layer(x, w, feature_group_count=8), (floats(1, 8, 64), floats(8, 1, 1))


def _separate_networks() -> Model:
    def grouped(x: Any, w: Any) -> Any:
        y = jax.nn.relu(layer(x, w, feature_group_count=4))
        return layer(y, w, feature_group_count=4)

    return grouped, (floats(1, 16, 64), floats(16, 4, 3))


def _chomped() -> Model:
    """Padding at both ends, and the end cut off: what PyTorch's causal layers do."""
    return lambda x, w: jax.nn.relu(layer(x, w, [(2, 2)])[..., :-2]), (floats(1, 4, 64), floats(4, 4, 3))


def _wide_constant() -> Model:
    def wide(x: Any) -> Any:
        window = jnp.hanning(31).astype("float64")[None, None]
        return layer(x.astype("float64"), window)

    return wide, (floats(1, 1, 64),)


def _trimmed_before_and_padded_after() -> Model:
    """Wrong values of lax itself, on a CPU."""
    return lambda x, w: layer(x, w, [(-1, 1)]), (floats(1, 4, 64), floats(4, 4, 3))


MISTAKES: dict[str, tuple[Callable[[], Model], str, str]] = {
    "channels last as first": (
        _channels_last_as_first,
        "layout",
        "has 16000 entries and its length only 64",
    ),
    "kernel longer than input": (_kernel_longer_than_input, "long kernel", "over 41 samples and its input has 32"),
    "dilation beyond input": (_dilation_beyond_input, "long kernel", "over 129 samples and its input has 100"),
    "single": (_single, "empty output", "shrunk from 3 samples to a single one"),
    "even taps": (_even_taps, "half-sample shift", "pads 1 before and 2 after"),
    "scaling groups": (_scaling_groups, "wasted groups", "only scale each channel"),
    "separate networks": (_separate_networks, "wasted groups", "4 groups follow another convolution of as many"),
    "chomped": (_chomped, "undone padding", "it pads (2, 2) and 2 of its samples are cut off again; pad (2, 0)"),
    "wide constant": (_wide_constant, "float64", "computes in float64"),
    "trimmed and padded": (_trimmed_before_and_padded_after, "read past the end", "it trims 1 before and pads 1 after"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_found_and_no_other(name: str) -> None:
    make, kind, text = MISTAKES[name]
    function, arguments = make()
    warnings = convax.inspect(function)(*arguments).warnings
    assert [warning.kind for warning in warnings] == [kind]
    assert text in str(warnings[0])


@pytest.mark.parametrize("name", MISTAKES)
def test_gradients_add_no_warning(name: str) -> None:
    make, kind, _ = MISTAKES[name]
    function, arguments = make()

    def loss(*arguments: Any) -> Any:
        return jnp.sum(function(*arguments) ** 2)

    warnings = convax.inspect(jax.grad(loss, tuple(range(len(arguments)))))(*arguments).warnings
    assert [warning.kind for warning in warnings] == [kind]


def test_an_output_that_is_empty() -> None:
    function, (_, w) = _empty()
    warnings = convax.inspect(function)(floats(1, 4, 8), w).warnings
    assert [warning.kind for warning in warnings] == ["long kernel", "empty output"]
    assert "the output is empty: 2 samples with padding, and the kernel reaches over 3" in str(warnings[1])


def _causal(x: Any, w: Any) -> Any:
    return layer(x, w, [(w.shape[-1] - 1, 0)], feature_group_count=x.shape[1] // w.shape[1])


ON_PURPOSE: dict[str, Callable[[], Model]] = {
    "a kernel as long as the signal": lambda: (_causal, (floats(2, 8, 128), floats(8, 1, 128))),
    "causal with two taps": lambda: (_causal, (floats(2, 8, 128), floats(8, 8, 2))),
    "strided with even taps": lambda: (lambda x, w: layer(x, w, stride=(2,)), (floats(1, 4, 64), floats(4, 4, 4))),
    "many channels deep in a network": lambda: (
        lambda x, w, v: layer(layer(x, w, "VALID", stride=(16,)), v),
        (floats(1, 1, 128), floats(512, 1, 16), floats(512, 512, 3)),
    ),
    "depthwise and pointwise in turn": lambda: (
        lambda x, w, v: layer(layer(layer(x, w, feature_group_count=8), v), w, feature_group_count=8),
        (floats(1, 8, 64), floats(8, 1, 5), floats(8, 8, 1)),
    ),
    "a transposed layer that is cropped": lambda: (
        lambda x, w: layer(x, w, [(7, 7)], lhs_dilation=(4,))[..., 2:-2],
        (floats(1, 4, 64), floats(4, 4, 8)),
    ),
    "a part of a signal": lambda: (lambda x, w: layer(x, w, "VALID")[..., 8:-8], (floats(1, 4, 64), floats(4, 4, 3))),
    "all of it in 64 bits": lambda: (layer, (floats(1, 4, 64, dtype="float64"), floats(4, 4, 3, dtype="float64"))),
    "trimmed and padded by convax": lambda: (
        lambda x, w: convax.conv1d(x, w, padding=(-1, 1)),
        (floats(1, 4, 64), floats(4, 4, 3)),
    ),
    "one sample in, one out": lambda: (layer, (floats(1, 4, 1), floats(4, 4, 1))),
}


@pytest.mark.parametrize("name", ON_PURPOSE)
def test_what_is_meant_raises_no_warning(name: str) -> None:
    function, arguments = ON_PURPOSE[name]()
    assert convax.inspect(function)(*arguments).warnings == ()
