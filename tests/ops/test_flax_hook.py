"""conv_general_dilated in the place where Flax's layers take one: the calls that they make, and the layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from jax import lax

from convax import conv_general_dilated
from ops.definitions import random

close = np.testing.assert_allclose


FLAX_NUMBERS = lax.ConvDimensionNumbers((0, 2, 1), (2, 1, 0), (0, 2, 1))


def flax_call(function: Callable[..., Any], inputs: Any, kernel: Any, padding: Any, **conv_kwargs: Any) -> Any:
    """How flax.nnx.Conv calls its `conv_general_dilated`: four by position, the others by name, tuples throughout."""
    return function(
        inputs,
        kernel,
        (2,),
        padding,
        lhs_dilation=(1,),
        rhs_dilation=(2,),
        dimension_numbers=FLAX_NUMBERS,
        feature_group_count=2,
        precision=None,
        **conv_kwargs,
    )


@pytest.mark.parametrize("padding", ["SAME", "VALID", [(2, 1)], ((0, 0),)], ids=str)
@pytest.mark.parametrize(
    "conv_kwargs",
    [{}, {"out_sharding": None}, {"out_sharding": None, "preferred_element_type": "float64"}],
    ids=["linen", "nnx", "nnx with a type"],
)
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_the_calls_of_flax(padding: Any, conv_kwargs: dict[str, Any], wrap: Callable[..., Any]) -> None:
    inputs, kernel = random(3, 11, 4), random(3, 2, 6, seed=1)
    ours = wrap(lambda x, w: flax_call(conv_general_dilated, x, w, padding, **conv_kwargs))(inputs, kernel)
    close(ours, flax_call(lax.conv_general_dilated, inputs, kernel, padding, **conv_kwargs), atol=1e-12)


def test_the_keyword_form_inside_eval_shape() -> None:
    """How linen's layers without shared weights ask for a shape."""
    shapes = jax.ShapeDtypeStruct((3, 11, 4), "float32"), jax.ShapeDtypeStruct((3, 4, 6), "float32")
    settings = {"window_strides": (2,), "padding": "SAME", "dimension_numbers": FLAX_NUMBERS}
    ours, theirs = (
        jax.eval_shape(lambda lhs, rhs, f=function: f(lhs=lhs, rhs=rhs, **settings), *shapes)
        for function in (conv_general_dilated, lax.conv_general_dilated)
    )
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)


@pytest.mark.parametrize("family", ["nnx", "linen"])
def test_flax_itself(family: str) -> None:
    flax = pytest.importorskip(f"flax.{family}")
    x = random(2, 3, 11, 4, dtype="float32")
    called: list[int] = []

    def counted(*arguments: Any, **keywords: Any) -> Any:
        called.append(1)
        return conv_general_dilated(*arguments, **keywords)

    if family == "nnx":
        made = [
            flax.Conv(4, 6, (3,), strides=2, padding="CAUSAL", rngs=flax.Rngs(0), **hook)
            for hook in ({}, {"conv_general_dilated": counted})
        ]
        plain, hooked = (layer(x) for layer in made)
    else:
        modules = [
            flax.Conv(6, (3,), strides=2, padding="CIRCULAR", **hook)
            for hook in ({}, {"conv_general_dilated": counted})
        ]
        parameters = modules[0].init(jax.random.key(0), x)
        plain, hooked = (module.apply(parameters, x) for module in modules)
    assert called
    close(plain, hooked, atol=1e-5)
