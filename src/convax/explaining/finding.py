"""The convolution inside of a traced call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jax import lax

from convax.core import ConvSpec
from convax.jax_internals import inner_jaxprs
from convax.primitive import conv1d_p, spec_of

__all__ = ["convolution_in", "convolutions_in"]


def convolution_in(traced: Any) -> ConvSpec | None:
    """The one-dimensional convolution of a jaxpr, or None where there is none."""
    return next(convolutions_in(traced.jaxpr), None)


def convolutions_in(jaxpr: Any) -> Iterator[ConvSpec]:
    """All one-dimensional convolutions of a function body, those of inner functions included."""
    for equation in jaxpr.eqns:
        if equation.primitive in (conv1d_p, lax.conv_general_dilated_p):
            if len(equation.params["window_strides"]) == 1:
                x, w = (operand.aval for operand in equation.invars)
                yield spec_of(x, w, {name: value for name, value in equation.params.items() if name != "algorithm"})
        else:
            for inner in inner_jaxprs(equation):
                yield from convolutions_in(inner)
