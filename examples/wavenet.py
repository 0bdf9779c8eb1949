"""WaveNet: the distribution of each sample from those before it, by gated causal convolutions, in Flax.

References:
    van den Oord et al., WaveNet: A Generative Model for Raw Audio, 2016.
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

TAPS = 2


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Recordings.
        length: Samples of each.
        channels: From layer to layer.
        skips: Channels that each layer hands to the output.
        classes: Values that a sample can have.
        dilations: Of the layers, in order.
    """

    batch: int
    length: int
    channels: int
    skips: int
    classes: int
    dilations: tuple[int, ...]


SIZES = {
    "small": Size(2, 61, 6, 5, 7, (1, 2, 4) * 2),
    "large": Size(4, 4096, 32, 64, 256, tuple(2**layer for layer in range(10))),
}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The network with drawn parameters and a drawn recording (batch, length, 1)."""
    chosen = SIZES[size]
    structure, parameters = nnx.split(WaveNet(chosen, nnx.Rngs(seed)))

    def apply(parameters: Any, x: jax.Array) -> jax.Array:
        """The network as a function."""
        return nnx.merge(structure, parameters)(x)

    x = np.random.default_rng(seed).standard_normal((chosen.batch, chosen.length, 1))
    return Model("WaveNet, Flax", apply, parameters, jnp.asarray(x, jnp.float32))


class Layer(nnx.Module):
    """A dilated convolution whose one half is gated by the other.

    Args:
        size: Of the network.
        dilation: Samples between its taps.
        is_last: Whether no layer follows: then nothing is passed on but the skip connection.
        rngs: Where parameters are drawn from.
    """

    def __init__(self, size: Size, dilation: int, is_last: bool, rngs: nnx.Rngs) -> None:
        channels = size.channels
        self.dilated = nnx.Conv(channels, 2 * channels, TAPS, padding="CAUSAL", kernel_dilation=dilation, rngs=rngs)
        self.skip = nnx.Conv(channels, size.skips, 1, rngs=rngs)
        self.residual = None if is_last else nnx.Conv(channels, channels, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What the next layer is given, and what the output is: (batch, length, channels) and (..., skips)."""
        filtered, gate = jnp.split(self.dilated(x), 2, axis=-1)
        hidden = jnp.tanh(filtered) * nnx.sigmoid(gate)
        return x if self.residual is None else x + self.residual(hidden), self.skip(hidden)


class WaveNet(nnx.Module):
    """All layers between a causal convolution of the recording and two that turn their sum into logits.

    Args:
        size: Of the network.
        rngs: Where parameters are drawn from.
    """

    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        last = len(size.dilations) - 1
        self.entering = nnx.Conv(1, size.channels, TAPS, padding="CAUSAL", rngs=rngs)
        self.layers = nnx.List(
            [Layer(size, dilation, number == last, rngs) for number, dilation in enumerate(size.dilations)]
        )
        self.hidden = nnx.Conv(size.skips, size.skips, 1, rngs=rngs)
        self.leaving = nnx.Conv(size.skips, size.classes, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """(batch, length, 1) -> (batch, length, classes)."""
        x, skips = self.entering(x), []
        for layer in self.layers:
            x, skip = layer(x)
            skips.append(skip)
        return self.leaving(nnx.relu(self.hidden(nnx.relu(sum(skips)))))
