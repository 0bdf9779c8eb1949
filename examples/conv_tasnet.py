"""Conv-TasNet: the speakers of a recording, separated by masks on a learned filterbank, in Haiku.

References:
    Luo and Mesgarani, Conv-TasNet: Surpassing Ideal Time-Frequency Magnitude Masking for Speech Separation, 2019.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

from examples.model import Model

__all__ = ["make"]


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the network is.

    Args:
        batch: Recordings.
        frames: Of the filterbank.
        window: Taps of its filters; they advance by half of that.
        filters: Number of them.
        bottleneck: Channels between blocks.
        hidden: Channels inside of a block.
        blocks: Of one repeat; each dilates twice as far as the one before.
        repeats: Number of them.
        speakers: Signals to separate.
    """

    batch: int
    frames: int
    window: int
    filters: int
    bottleneck: int
    hidden: int
    blocks: int
    repeats: int
    speakers: int = 2

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        return self.window // 2

    @property
    def length(self) -> int:
        """Samples that the frames cover exactly."""
        return (self.frames - 1) * self.hop + self.window


SIZES = {"small": Size(2, 31, 8, 8, 4, 8, 2, 1), "large": Size(1, 999, 16, 128, 64, 128, 6, 1)}


def make(size: Literal["small", "large"] = "small", seed: int = 0) -> Model:
    """The network with drawn parameters and a drawn recording (batch, length, 1)."""
    chosen = SIZES[size]
    network = hk.without_apply_rng(hk.transform(lambda x: separated(x, chosen)))
    x = np.random.default_rng(seed).standard_normal((chosen.batch, chosen.length, 1)).astype(np.float32)
    return Model("Conv-TasNet, Haiku", network.apply, network.init(jax.random.key(seed), x), jnp.asarray(x))


def separated(x: jax.Array, size: Size) -> jax.Array:
    """Encode, mask for each speaker, decode.

    Args:
        x: (batch, length, 1).
        size: Of the network.

    Returns:
        (batch, speakers, length).
    """
    encoded = jax.nn.relu(hk.Conv1D(size.filters, size.window, size.hop, padding="VALID", name="encoder")(x))
    masks = masks_of(encoded, size).reshape(*encoded.shape[:2], size.speakers, size.filters)
    masked = jnp.moveaxis(masks * encoded[:, :, None], 2, 1).reshape(-1, *encoded.shape[1:])
    decoder = hk.Conv1DTranspose(1, size.window, size.hop, padding="VALID", with_bias=False, name="decoder")
    return decoder(masked).reshape(x.shape[0], size.speakers, -1)


def masks_of(encoded: jax.Array, size: Size) -> jax.Array:
    """The masks of all speakers side by side: (batch, frames, speakers * filters)."""
    state = pointwise(size.bottleneck)(global_norm(encoded))
    summed = jnp.zeros_like(state)
    for number in range(size.repeats * size.blocks):
        residual, skipped = block(state, size, dilation=2 ** (number % size.blocks))
        state, summed = state + residual, summed + skipped
    return jax.nn.sigmoid(pointwise(size.speakers * size.filters)(prelu(summed)))


def block(x: jax.Array, size: Size, dilation: int) -> tuple[jax.Array, jax.Array]:
    """More channels, each filtered alone, then fewer again: what is added to the state, and what to the result."""
    hidden = global_norm(prelu(pointwise(size.hidden)(x)))
    alone = hk.Conv1D(size.hidden, 3, rate=dilation, feature_group_count=size.hidden, name="alone")
    hidden = global_norm(prelu(alone(hidden)))
    return pointwise(size.bottleneck)(hidden), pointwise(size.bottleneck)(hidden)


def pointwise(channels: int) -> hk.Conv1D:
    """Mixes the channels at every sample."""
    return hk.Conv1D(channels, 1, name="pointwise")


def prelu(x: jax.Array) -> jax.Array:
    """What is negative times a learned slope."""
    slope = hk.get_parameter("slope", (), jnp.float32, init=hk.initializers.Constant(0.25))
    return jnp.where(x >= 0, x, slope * x)


def global_norm(x: jax.Array) -> jax.Array:
    """Mean 0 and variance 1 over channels and time; then each channel by a learned scale and offset."""
    return hk.LayerNorm((1, 2), create_scale=True, create_offset=True, param_axis=-1, name="norm")(x)
