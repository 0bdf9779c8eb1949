"""A recurrent stack of convolutions in plain lax: one layer, applied many times by `jax.lax.scan`, channels first.

All depths share one kernel, and each is given the input anew. What is written as a loop stays a loop for the compiler,
which on a CPU leaves a convolution inside of it to a plain loop nest.

References:
    Bai, Kolter and Koltun, Trellis Networks for Sequence Modeling, 2019.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from examples.model import Model

__all__ = ["make"]

CHANNELS_FIRST = ("NCH", "OIH", "NCH")

Parameters = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Signals.
        length: Samples of each.
        channels: Of the input.
        hidden: Channels of the state.
        depth: How often the layer is applied.
        taps: Of its convolution; odd.
    """

    batch: int
    length: int
    channels: int
    hidden: int
    depth: int
    taps: int


SIZES = {"small": Size(2, 32, 4, 8, 3, 3), "large": Size(4, 1024, 8, 32, 12, 3)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The stack with drawn parameters and a drawn input (batch, channels, length)."""
    chosen, random = SIZES[size], np.random.default_rng(seed)
    hidden, taps = chosen.hidden, chosen.taps
    parameters = {
        "input": _normal(random, 1 / math.sqrt(chosen.channels), hidden, chosen.channels, 1),
        "kernel": _normal(random, 1 / math.sqrt(taps * hidden), hidden, hidden, taps),
        "bias": jnp.zeros(hidden, jnp.float32),
    }
    x = _normal(random, 1.0, chosen.batch, chosen.channels, chosen.length)
    depth = chosen.depth
    return Model("recurrent stack in scan, lax", lambda parameters, x: forward(parameters, x, depth), parameters, x)


def forward(parameters: Parameters, x: jax.Array, depth: int) -> jax.Array:
    """The state after so many rounds.

    Args:
        parameters: Kernels and bias by name.
        x: (batch, channels, length).
        depth: Number of rounds.

    Returns:
        (batch, hidden, length).
    """
    given = convolution(x, parameters["input"]) + parameters["bias"][None, :, None]

    def layer(state: jax.Array, _: None) -> tuple[jax.Array, None]:
        return jax.nn.relu(given + convolution(state, parameters["kernel"])), None

    state, _ = lax.scan(layer, jnp.zeros_like(given), None, length=depth)
    return state


def convolution(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """As many samples out as in."""
    return lax.conv_general_dilated(x, kernel, (1,), "SAME", dimension_numbers=CHANNELS_FIRST)


def _normal(random: np.random.Generator, scale: float, *shape: int) -> jax.Array:
    return jnp.asarray(scale * random.standard_normal(shape), jnp.float32)
