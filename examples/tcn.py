"""A temporal convolutional network: one answer for a sequence, by dilated causal convolutions, in Equinox.

References:
    Bai, Kolter and Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
    Modeling, 2018.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from examples.model import Model

__all__ = ["make"]


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Sequences.
        length: Samples of each.
        channels: Of the input.
        hidden: Channels of each block.
        blocks: Number of them; each dilates twice as far as the one before.
        taps: Of each convolution.
        classes: Number of answers.
    """

    batch: int
    length: int
    channels: int
    hidden: int
    blocks: int
    taps: int
    classes: int


SIZES = {"small": Size(3, 50, 3, 5, 3, 3, 4), "large": Size(16, 784, 1, 25, 8, 7, 10)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The network with drawn parameters and drawn sequences (batch, channels, length)."""
    chosen = SIZES[size]
    parameters, structure = eqx.partition(Network(chosen, jax.random.key(seed)), eqx.is_array)

    def apply(parameters: Any, x: jax.Array) -> jax.Array:
        """The network as a function of many sequences."""
        return jax.vmap(eqx.combine(parameters, structure))(x)

    x = np.random.default_rng(seed).standard_normal((chosen.batch, chosen.channels, chosen.length))
    return Model("TCN, Equinox", apply, parameters, jnp.asarray(x, jnp.float32))


class Causal(eqx.Module):
    """A convolution that sees no later sample: all padding is in front.

    Args:
        channels: Of the input.
        features: Of the result.
        taps: Of the kernel.
        dilation: Samples between them.
        key: Where parameters are drawn from.
    """

    convolution: eqx.nn.Conv1d
    before: int = eqx.field(static=True)

    def __init__(self, channels: int, features: int, taps: int, dilation: int, key: jax.Array) -> None:
        self.convolution = eqx.nn.Conv1d(channels, features, taps, dilation=dilation, key=key)
        self.before = (taps - 1) * dilation

    def __call__(self, x: jax.Array) -> jax.Array:
        """(channels, length) -> (features, length)."""
        return self.convolution(jnp.pad(x, ((0, 0), (self.before, 0))))


class Block(eqx.Module):
    """Two convolutions, added to what the block was given; a third one of one tap where widths differ.

    Args:
        channels: Of the input.
        size: Of the network.
        dilation: Of both convolutions.
        key: Where parameters are drawn from.
    """

    first: Causal
    second: Causal
    widened: eqx.nn.Conv1d | None

    def __init__(self, channels: int, size: Size, dilation: int, key: jax.Array) -> None:
        keys = jax.random.split(key, 3)
        self.first = Causal(channels, size.hidden, size.taps, dilation, keys[0])
        self.second = Causal(size.hidden, size.hidden, size.taps, dilation, keys[1])
        self.widened = None if channels == size.hidden else eqx.nn.Conv1d(channels, size.hidden, 1, key=keys[2])

    def __call__(self, x: jax.Array) -> jax.Array:
        """(channels, length) -> (hidden, length)."""
        hidden = jax.nn.relu(self.second(jax.nn.relu(self.first(x))))
        return jax.nn.relu(hidden + (x if self.widened is None else self.widened(x)))


class Network(eqx.Module):
    """All blocks; the answer is read from the last sample, which has seen all others.

    Args:
        size: Of the network.
        key: Where parameters are drawn from.
    """

    blocks: list[Block]
    answer: eqx.nn.Linear

    def __init__(self, size: Size, key: jax.Array) -> None:
        *keys, last = jax.random.split(key, size.blocks + 1)
        widths = [size.channels, *[size.hidden] * (size.blocks - 1)]
        self.blocks = [Block(width, size, 2**n, key) for n, (width, key) in enumerate(zip(widths, keys, strict=True))]
        self.answer = eqx.nn.Linear(size.hidden, size.classes, key=last)

    def __call__(self, x: jax.Array) -> jax.Array:
        """(channels, length) -> (classes,)."""
        for block in self.blocks:
            x = block(x)
        return self.answer(x[:, -1])
