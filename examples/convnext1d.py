"""ConvNeXt of signals: depthwise convolutions of seven taps between dense layers at every position, in Flax.

References:
    Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, A ConvNet for the 2020s, 2022.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from examples.model import Model

__all__ = ["make"]

PATCH = 4
TAPS = 7
EXPANSION = 4
# The paper's 1e-6 is for hundreds of epochs; with it a new network would hardly depend on its blocks.
FIRST_SCALE = 0.1


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Signals.
        length: Samples of each.
        channels: Of the input.
        widths: Channels of each stage; its positions are twice as far apart as those of the one before.
        depths: Blocks of each stage.
        classes: Number of answers.
    """

    batch: int
    length: int
    channels: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    classes: int


SIZES = {
    "small": Size(2, 107, 2, (6, 10), (2, 1), 5),
    "large": Size(2, 4096, 1, (64, 128, 256), (2, 2, 4), 35),
}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The network with drawn parameters and drawn signals (batch, length, channels)."""
    chosen = SIZES[size]
    structure, parameters = nnx.split(ConvNeXt(chosen, nnx.Rngs(seed)))

    def apply(parameters: Any, x: jax.Array) -> jax.Array:
        """The network as a function."""
        return nnx.merge(structure, parameters)(x)

    x = np.random.default_rng(seed).standard_normal((chosen.batch, chosen.length, chosen.channels))
    return Model("ConvNeXt, Flax", apply, parameters, jnp.asarray(x, jnp.float32))


class Block(nnx.Module):
    """Each channel filtered alone, then all of them mixed at each position; added to what the block was given.

    Args:
        width: Channels.
        rngs: Where parameters are drawn from.
    """

    def __init__(self, width: int, rngs: nnx.Rngs) -> None:
        self.alone = nnx.Conv(width, width, TAPS, padding="SAME", feature_group_count=width, rngs=rngs)
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.widened = nnx.Linear(width, EXPANSION * width, rngs=rngs)
        self.narrowed = nnx.Linear(EXPANSION * width, width, rngs=rngs)
        self.scale = nnx.Param(jnp.full((width,), FIRST_SCALE, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """(batch, length, width) in and out."""
        hidden = nnx.gelu(self.widened(self.norm(self.alone(x))))
        return x + self.narrowed(hidden) * self.scale[...]


class ConvNeXt(nnx.Module):
    """Patches, stages of blocks with fewer and wider positions each, the mean over time, and a dense layer.

    Args:
        size: Of the network.
        rngs: Where parameters are drawn from.
    """

    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        width, *others = size.widths
        layers: list[nnx.Module] = [
            nnx.Conv(size.channels, width, PATCH, PATCH, padding="VALID", rngs=rngs),
            nnx.LayerNorm(width, rngs=rngs),
        ]
        layers += [Block(width, rngs) for _ in range(size.depths[0])]
        for wider, depth in zip(others, size.depths[1:], strict=True):
            layers += [nnx.LayerNorm(width, rngs=rngs), nnx.Conv(width, wider, 2, 2, padding="VALID", rngs=rngs)]
            layers += [Block(wider, rngs) for _ in range(depth)]
            width = wider
        self.layers = nnx.Sequential(*layers)
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.answer = nnx.Linear(width, size.classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """(batch, length, channels) -> (batch, classes)."""
        return self.answer(self.norm(jnp.mean(self.layers(x), axis=1)))
