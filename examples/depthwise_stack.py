"""A stack of depthwise separable convolutions with residuals, channels first, in plain lax.

Each layer filters every channel alone and then mixes the channels at every sample, which takes far fewer products than
one dense convolution of as many taps.

References:
    Kaiser, Gomez and Chollet, Depthwise Separable Convolutions for Neural Machine Translation, 2017.
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


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Signals.
        length: Samples of each.
        channels: Of the input and of each layer.
        layers: Number of them.
        taps: Of each depthwise convolution; odd.
    """

    batch: int
    length: int
    channels: int
    layers: int
    taps: int


SIZES = {"small": Size(2, 48, 6, 2, 5), "large": Size(4, 1024, 64, 4, 7)}

Layer = dict[str, jax.Array]


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The stack with drawn parameters and a drawn input (batch, channels, length)."""
    chosen, random = SIZES[size], np.random.default_rng(seed)
    parameters = [_draw_layer(chosen, random) for _ in range(chosen.layers)]
    x = _normal(random, 1.0, chosen.batch, chosen.channels, chosen.length)
    return Model("depthwise separable stack, lax", forward, parameters, x)


def forward(parameters: list[Layer], x: jax.Array) -> jax.Array:
    """All layers, one after the other.

    Args:
        parameters: One dictionary for each layer.
        x: (batch, channels, length).

    Returns:
        (batch, channels, length).
    """
    for layer in parameters:
        x = x + separable(layer, x)
    return x


def separable(layer: Layer, x: jax.Array) -> jax.Array:
    """Each channel filtered alone, then all of them mixed."""
    alone = lax.conv_general_dilated(
        x, layer["alone"], (1,), "SAME", dimension_numbers=CHANNELS_FIRST, feature_group_count=x.shape[1]
    )
    alone = jax.nn.relu(alone + layer["alone_bias"][None, :, None])
    mixed = lax.conv_general_dilated(alone, layer["mixing"], (1,), "VALID", dimension_numbers=CHANNELS_FIRST)
    return mixed + layer["mixing_bias"][None, :, None]


def _draw_layer(size: Size, random: np.random.Generator) -> Layer:
    channels, taps = size.channels, size.taps
    return {
        "alone": _normal(random, 1 / math.sqrt(taps), channels, 1, taps),
        "alone_bias": jnp.zeros(channels, jnp.float32),
        "mixing": _normal(random, 1 / math.sqrt(channels), channels, channels, 1),
        "mixing_bias": jnp.zeros(channels, jnp.float32),
    }


def _normal(random: np.random.Generator, scale: float, *shape: int) -> jax.Array:
    return jnp.asarray(scale * random.standard_normal(shape), jnp.float32)
