"""Hyena: blocks of gates and of causal convolutions whose kernels are as long as the signal, in plain JAX.

References:
    Poli et al., Hyena Hierarchy: Towards Larger Convolutional Language Models, 2023.
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

SHORT_TAPS = 3
# The windows of the first and of the last channel fall to this much at the end of the signal.
FASTEST, SLOWEST = 1e-2, 0.3

Block = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Sequences.
        length: Samples of each, and taps of each long kernel.
        width: Channels.
        blocks: Number of them.
    """

    batch: int
    length: int
    width: int
    blocks: int


SIZES = {"small": Size(2, 32, 4, 2), "large": Size(2, 512, 64, 2)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The blocks with drawn parameters and a drawn input (batch, width, length)."""
    chosen, random = SIZES[size], np.random.default_rng(seed)
    parameters = [_draw_block(chosen, random) for _ in range(chosen.blocks)]
    return Model("Hyena, JAX", forward, parameters, _normal(random, 1.0, chosen.batch, chosen.width, chosen.length))


def forward(parameters: list[Block], x: jax.Array) -> jax.Array:
    """All blocks, each added to what it was given.

    Args:
        parameters: One dictionary for each block.
        x: (batch, width, length).

    Returns:
        (batch, width, length).
    """
    for block in parameters:
        x = x + mixed(block, normalised(x, block["scale"]))
    return x


def mixed(block: Block, x: jax.Array) -> jax.Array:
    """One block: query * (long kernel over key * value)."""
    projected = causal(jnp.einsum("oc,ncl->nol", block["input"], x), block["short"])
    query, key, value = jnp.split(projected, 3, axis=1)
    entering = key * value
    kernel = block["long"] * window(*block["long"][:, 0].shape)[:, None]
    # The first tap is of the sample itself; lax's windows end with it.
    filtered = causal(entering, kernel[..., ::-1]) + block["skip"][None, :, None] * entering
    return jnp.einsum("oc,ncl->nol", block["output"], query * filtered)


def causal(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Each channel filtered alone; no output sees a later sample.

    Args:
        x: (batch, channels, length).
        kernel: (channels, 1, taps).
    """
    return lax.conv_general_dilated(
        *(x, kernel, (1,), [(kernel.shape[-1] - 1, 0)]),
        dimension_numbers=("NCH", "OIH", "NCH"),
        feature_group_count=x.shape[1],
    )


def window(channels: int, taps: int) -> jax.Array:
    """(channels, taps): each channel's kernel fades exponentially, at rates evenly spread on a logarithmic scale."""
    rates = jnp.geomspace(-math.log(FASTEST), -math.log(SLOWEST), channels, dtype=jnp.float32)
    return jnp.exp(-rates[:, None] * jnp.linspace(0, 1, taps, dtype=jnp.float32)[None])


def normalised(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Channels of mean square 1, times a learned scale."""
    return x * lax.rsqrt(jnp.mean(jnp.square(x), 1, keepdims=True) + 1e-6) * scale[None, :, None]


def _draw_block(size: Size, random: np.random.Generator) -> Block:
    width, length = size.width, size.length
    return {
        "scale": jnp.ones(width, jnp.float32),
        "input": _normal(random, 1 / math.sqrt(width), 3 * width, width),
        "short": _normal(random, 1 / math.sqrt(SHORT_TAPS), 3 * width, 1, SHORT_TAPS),
        "long": _normal(random, 1 / math.sqrt(length), width, 1, length),
        "skip": jnp.ones(width, jnp.float32),
        "output": _normal(random, 1 / math.sqrt(width), width, width),
    }


def _normal(random: np.random.Generator, scale: float, *shape: int) -> jax.Array:
    return jnp.asarray(scale * random.standard_normal(shape), jnp.float32)
