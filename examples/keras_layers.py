"""A denoising autoencoder of separable, strided and transposed convolutions, in Keras on its JAX backend.

References:
    Park and Lee, A Fully Convolutional Neural Network for Speech Enhancement, 2017.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterator
from typing import Any, Literal

os.environ.setdefault("KERAS_BACKEND", "jax")  # read when Keras is imported

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import layers

from examples.model import Model

__all__ = ["make"]


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Signals.
        length: Samples of each; a multiple of 2 to the number of stages.
        channels: Of the first stage; each has twice as many as the one before.
        stages: Each halves the length, and is undone by one on the way back.
        taps: Of each convolution; odd.
    """

    batch: int
    length: int
    channels: int
    stages: int
    taps: int


SIZES = {"small": Size(2, 64, 4, 2, 5), "large": Size(2, 2048, 32, 3, 9)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The autoencoder with drawn parameters and a drawn input (batch, length, 1)."""
    chosen = SIZES[size]
    network = keras.Sequential([keras.Input((chosen.length, 1)), *layers_of(chosen, seed)])

    def apply(parameters: list[jax.Array], x: jax.Array) -> jax.Array:
        """The network as a function; it has no state that its calls change."""
        return network.stateless_call(parameters, [], x)[0]

    x = np.random.default_rng(seed).standard_normal((chosen.batch, chosen.length, 1))
    parameters = [variable.value for variable in network.trainable_variables]
    return Model("denoising autoencoder, Keras", apply, parameters, jnp.asarray(x, jnp.float32))


def layers_of(size: Size, seed: int) -> Iterator[layers.Layer]:
    """All layers in order: a stem, stages that halve the length, stages that double it again, an output."""
    seeds = itertools.count(1000 * seed)

    def settings(name: str = "kernel") -> dict[str, Any]:
        initializer = keras.initializers.HeNormal(next(seeds))
        return {"padding": "same", "data_format": "channels_last", f"{name}_initializer": initializer}

    widths = [size.channels * 2**stage for stage in range(size.stages + 1)]
    yield layers.Conv1D(widths[0], size.taps, activation="relu", **settings())
    for width in widths[1:]:
        yield layers.DepthwiseConv1D(size.taps, activation="relu", **settings("depthwise"))
        yield layers.Conv1D(width, size.taps, strides=2, activation="relu", **settings())
    for width in reversed(widths[:-1]):
        yield layers.Conv1DTranspose(width, size.taps, strides=2, activation="relu", **settings())
    yield layers.Conv1D(1, 1, **settings())
