"""A U-Net of signals: halved in length and doubled in width stage by stage, and back beside what was, in Equinox.

References:
    Ronneberger, Fischer and Brox, U-Net: Convolutional Networks for Biomedical Image Segmentation, 2015.
    Stoller, Ewert and Dixon, Wave-U-Net: A Multi-Scale Neural Network for End-to-End Audio Source Separation, 2018.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from examples.model import Model

__all__ = ["make"]

TAPS = 3
# Twice as many as the stride: every sample of the longer signal is made of two of the shorter one.
UP_TAPS = 4


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Signals.
        length: Samples of each; a multiple of 2 to the number of stages.
        channels: Of the input.
        width: Channels of the first stage; each has twice as many as the one before.
        stages: How often the length is halved.
        classes: Channels of the result.
    """

    batch: int
    length: int
    channels: int
    width: int
    stages: int
    classes: int


SIZES = {"small": Size(2, 60, 2, 4, 2, 3), "large": Size(4, 4096, 1, 16, 4, 2)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The network with drawn parameters and drawn signals (batch, channels, length)."""
    chosen = SIZES[size]
    parameters, structure = eqx.partition(UNet(chosen, jax.random.key(seed)), eqx.is_array)

    def apply(parameters: Any, x: jax.Array) -> jax.Array:
        """The network as a function of many signals."""
        return jax.vmap(eqx.combine(parameters, structure))(x)

    x = np.random.default_rng(seed).standard_normal((chosen.batch, chosen.channels, chosen.length))
    return Model("U-Net, Equinox", apply, parameters, jnp.asarray(x, jnp.float32))


class Stage(eqx.Module):
    """Two convolutions, each followed by relu.

    Args:
        channels: Of the input.
        features: Of the result.
        key: Where parameters are drawn from.
    """

    first: eqx.nn.Conv1d
    second: eqx.nn.Conv1d

    def __init__(self, channels: int, features: int, key: jax.Array) -> None:
        keys = jax.random.split(key)
        self.first = eqx.nn.Conv1d(channels, features, TAPS, padding=TAPS // 2, key=keys[0])
        self.second = eqx.nn.Conv1d(features, features, TAPS, padding=TAPS // 2, key=keys[1])

    def __call__(self, x: jax.Array) -> jax.Array:
        """(channels, length) -> (features, length)."""
        return jax.nn.relu(self.second(jax.nn.relu(self.first(x))))


class UNet(eqx.Module):
    """Stages down to the bottom, and as many up again; each is given what the one of its length has found.

    Args:
        size: Of the network.
        key: Where parameters are drawn from.
    """

    down: list[Stage]
    halved: eqx.nn.MaxPool1d
    doubled: list[eqx.nn.ConvTranspose1d]
    up: list[Stage]
    leaving: eqx.nn.Conv1d

    def __init__(self, size: Size, key: jax.Array) -> None:
        keys = iter(jax.random.split(key, 3 * size.stages + 2))
        widths = [size.width * 2**stage for stage in range(size.stages + 1)]
        self.down = [Stage(*pair, next(keys)) for pair in itertools.pairwise([size.channels, *widths])]
        self.halved = eqx.nn.MaxPool1d(2, 2)
        upwards = list(itertools.pairwise(widths[::-1]))
        self.doubled = [eqx.nn.ConvTranspose1d(*pair, UP_TAPS, 2, padding=1, key=next(keys)) for pair in upwards]
        # As wide as the wider of the pair: half of it from below, half from the stage beside.
        self.up = [Stage(*pair, next(keys)) for pair in upwards]
        self.leaving = eqx.nn.Conv1d(size.width, size.classes, 1, key=next(keys))

    def __call__(self, x: jax.Array) -> jax.Array:
        """(channels, length) -> (classes, length)."""
        beside = []
        for stage in self.down[:-1]:
            x = stage(x)
            beside.append(x)
            x = self.halved(x)
        x = self.down[-1](x)
        for doubled, stage in zip(self.doubled, self.up, strict=True):
            x = stage(jnp.concatenate([beside.pop(), doubled(x)]))
        return self.leaving(x)
