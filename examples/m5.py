"""M5: what a recording is of, by few and wide convolutions of its samples, in Flax.

Statistics are those of each recording (group normalisation in place of batch normalisation), so that the network has no
state beside its parameters.

References:
    Dai, Dai, Qu, Li and Das, Very Deep Convolutional Neural Networks for Raw Waveforms, 2017.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from examples.model import Model

__all__ = ["make"]

STRIDE = 4
TAPS = 3


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Recordings.
        length: Samples of each.
        first_taps: Of the first convolution; even, and more than its stride.
        widths: Channels of each stage.
        groups: Of channels that are normalised together.
        pool: Samples that become one after each stage.
        classes: Number of answers.
    """

    batch: int
    length: int
    first_taps: int
    widths: tuple[int, ...]
    groups: int
    pool: int
    classes: int


SIZES = {"small": Size(3, 250, 16, (4, 6, 8), 2, 2, 5), "large": Size(8, 8000, 80, (128, 128, 256, 512), 8, 4, 35)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The network with drawn parameters and a drawn recording (batch, length, 1)."""
    chosen = SIZES[size]
    structure, parameters = nnx.split(Classifier(chosen, nnx.Rngs(seed)))

    def apply(parameters: Any, x: jax.Array) -> jax.Array:
        """The network as a function."""
        return nnx.merge(structure, parameters)(x)

    x = np.random.default_rng(seed).standard_normal((chosen.batch, chosen.length, 1))
    return Model("M5, Flax", apply, parameters, jnp.asarray(x, jnp.float32))


class Stage(nnx.Module):
    """Convolution, normalisation, relu, and the largest of neighbouring samples.

    Args:
        convolution: What to begin with.
        size: Of the network.
        rngs: Where parameters are drawn from.
    """

    def __init__(self, convolution: nnx.Conv, size: Size, rngs: nnx.Rngs) -> None:
        self.convolution = convolution
        self.norm = nnx.GroupNorm(convolution.out_features, num_groups=size.groups, rngs=rngs)
        self.pool = size.pool

    def __call__(self, x: jax.Array) -> jax.Array:
        """(batch, length, channels) -> (batch, length / stride / pool, features)."""
        hidden = nnx.relu(self.norm(self.convolution(x)))
        return nnx.max_pool(hidden, (self.pool,), strides=(self.pool,))


class Classifier(nnx.Module):
    """All stages, the mean over what is left of time, and a dense layer.

    Args:
        size: Of the network.
        rngs: Where parameters are drawn from.
    """

    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        half = (size.first_taps - STRIDE) // 2
        first = nnx.Conv(1, size.widths[0], size.first_taps, STRIDE, padding=[(half, half)], rngs=rngs)
        others = [nnx.Conv(*widths, TAPS, padding="SAME", rngs=rngs) for widths in itertools.pairwise(size.widths)]
        self.stages = nnx.List([Stage(convolution, size, rngs) for convolution in [first, *others]])
        self.answer = nnx.Linear(size.widths[-1], size.classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """(batch, length, 1) -> (batch, classes)."""
        for stage in self.stages:
            x = stage(x)
        return self.answer(jnp.mean(x, axis=1))
