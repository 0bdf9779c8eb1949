"""Mamba: blocks of a short causal convolution and a state-space recurrence that its input steers, in plain JAX.

References:
    Gu and Dao, Mamba: Linear-Time Sequence Modeling with Selective State Spaces, 2023.
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

TAPS = 4
SMALLEST_STEP, LARGEST_STEP = 1e-3, 1e-1

Block = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Sequences.
        length: Samples of each.
        width: Channels between blocks.
        inner: Channels inside of a block.
        state: Numbers that the recurrence keeps for each inner channel.
        blocks: Number of them.
    """

    batch: int
    length: int
    width: int
    inner: int
    state: int
    blocks: int


SIZES = {"small": Size(2, 32, 4, 8, 2, 2), "large": Size(2, 512, 64, 128, 8, 2)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The blocks with drawn parameters and a drawn input (batch, length, width)."""
    chosen, random = SIZES[size], np.random.default_rng(seed)
    parameters = [_draw_block(chosen, random) for _ in range(chosen.blocks)]
    return Model("Mamba, JAX", forward, parameters, _normal(random, 1.0, chosen.batch, chosen.length, chosen.width))


def forward(parameters: list[Block], x: jax.Array) -> jax.Array:
    """All blocks, each added to what it was given: (batch, length, width) in and out."""
    for block in parameters:
        x = x + mixed(block, normalised(x, block["scale"]))
    return x


def mixed(block: Block, x: jax.Array) -> jax.Array:
    """One block: two projections, one of them through convolution and recurrence, gated by the other."""
    signal, gate = jnp.split(x @ block["input"], 2, axis=-1)
    signal = jax.nn.silu(causal(signal, block["kernel"]) + block["kernel_bias"][None, None])
    return (recurrence(block, signal) * jax.nn.silu(gate)) @ block["output"]


def causal(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Each channel filtered alone; no output sees a later sample."""
    return lax.conv_general_dilated(
        *(x, kernel, (1,), [(TAPS - 1, 0)]),
        dimension_numbers=("NHC", "HIO", "NHC"),
        feature_group_count=x.shape[-1],
    )


def recurrence(block: Block, x: jax.Array) -> jax.Array:
    """h[t] = exp(step[t] * rate) * h[t - 1] + step[t] * write[t] * x[t];  y[t] = read[t] . h[t] + skip * x[t].

    Args:
        block: Parameters by name.
        x: (batch, length, inner); the result has its shape.
    """
    step = jax.nn.softplus(x @ block["step"] + block["step_bias"][None, None])
    write, read = x @ block["write"], x @ block["read"]
    rate = -jnp.exp(block["log_rate"])
    decay = jnp.exp(step[..., None] * rate[None, None])
    entering = (step * x)[..., None] * write[:, :, None]
    _, states = lax.associative_scan(_one_after_other, (decay, entering), axis=1)
    return jnp.einsum("nlcs,nls->nlc", states, read) + block["skip"][None, None] * x


def normalised(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Channels of mean square 1, times a learned scale."""
    return x * lax.rsqrt(jnp.mean(jnp.square(x), -1, keepdims=True) + 1e-6) * scale[None, None]


def _one_after_other(
    first: tuple[jax.Array, jax.Array], second: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """Two maps h -> a * h + b as one."""
    return first[0] * second[0], first[1] * second[0] + second[1]


def _draw_block(size: Size, random: np.random.Generator) -> Block:
    width, inner, state = size.width, size.inner, size.state
    steps = np.exp(random.uniform(math.log(SMALLEST_STEP), math.log(LARGEST_STEP), inner))
    return {
        "scale": jnp.ones(width, jnp.float32),
        "input": _normal(random, 1 / math.sqrt(width), width, 2 * inner),
        "kernel": _normal(random, 1 / math.sqrt(TAPS), TAPS, 1, inner),
        "kernel_bias": jnp.zeros(inner, jnp.float32),
        "step": _normal(random, 0.1 / math.sqrt(inner), inner, inner),
        "step_bias": jnp.asarray(np.log(np.expm1(steps)), jnp.float32),  # softplus undone
        "write": _normal(random, 1 / math.sqrt(inner), inner, state),
        "read": _normal(random, 1 / math.sqrt(inner), inner, state),
        "log_rate": jnp.asarray(np.log(np.tile(np.arange(1, state + 1), (inner, 1))), jnp.float32),
        "skip": jnp.ones(inner, jnp.float32),
        "output": _normal(random, 1 / math.sqrt(inner), inner, width),
    }


def _normal(random: np.random.Generator, scale: float, *shape: int) -> jax.Array:
    return jnp.asarray(scale * random.standard_normal(shape), jnp.float32)
