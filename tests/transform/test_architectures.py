"""Known architectures in public frameworks: the same results when accelerated, and counts equal to those by hand."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
from collections.abc import Iterator
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from examples.model import Model

import convax
from specs import half_deep
from transform.constructs import primitives_of

# Both sides round to float32, in other orders: so far apart, relative to the largest entry of the array.
TOLERANCE = 1e-4
# A gradient that is so small a share of the largest one is what rounding leaves of terms that cancel.
NOTHING = 1e-3

# Each example with the framework that it needs.
MODELS: dict[str, str] = {
    "wavenet": "flax",
    "m5": "flax",
    "tcn": "equinox",
    "unet1d": "equinox",
    "convnext1d": "flax",
    "conv_tasnet": "haiku",
    "mamba": "jax",
    "hyena": "jax",
    "keras_layers": "keras",
    "depthwise_stack": "jax",
    "recurrent_stack": "jax",
}
by_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(autouse=True)
def strict_jax() -> Iterator[None]:
    """JAX as it comes: frameworks rely on its promotions."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def made(name: str, size: Literal["small", "large"] = "small") -> Model:
    """The example, or a skipped test where its framework is not installed."""
    # Not imported here: Keras has to be told first which backend to take, and its example does that.
    if importlib.util.find_spec(MODELS[name]) is None:
        pytest.skip(f"{MODELS[name]} is not installed")
    return _made(name, size)


@functools.cache
def _made(name: str, size: Literal["small", "large"]) -> Model:
    model: Model = importlib.import_module(f"examples.{name}").make(size)
    return model


def agree(ours: Any, theirs: Any) -> None:
    """Equal trees of arrays, up to rounding."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    pairs = list(zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True))
    least = NOTHING * max(float(jnp.max(jnp.abs(other))) for _, other in pairs)
    for one, other in pairs:
        assert one.shape == other.shape and one.dtype == other.dtype == jnp.float32
        largest = max(float(jnp.max(jnp.abs(other))), least)
        assert largest > 0
        np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE * largest)


# Results.


@by_model
def test_outputs_agree(name: str) -> None:
    model = made(name)
    given = model.parameters, model.x
    expected = jax.jit(model.apply)(*given)
    agree(convax.accelerate(model.apply)(*given), expected)
    agree(jax.jit(convax.accelerate(model.apply))(*given), expected)


@pytest.mark.parametrize("name", half_deep(MODELS))
def test_gradients_agree(name: str) -> None:
    model = made(name)
    given = model.parameters, model.x
    expected = jax.jit(model.step)(*given)
    agree(convax.accelerate(model.step)(*given), expected)


@pytest.mark.deep
@by_model
def test_gradients_of_the_accelerated_agree(name: str) -> None:
    """The gradient of what was accelerated; in short, for small functions, among the constructs."""
    model = made(name)
    given = model.parameters, model.x
    fast = dataclasses.replace(model, apply=convax.accelerate(model.apply))
    agree(jax.jit(jax.grad(fast.loss))(*given), jax.jit(jax.grad(model.loss))(*given))


@by_model
def test_every_convolution_of_a_step_is_planned(name: str) -> None:
    model = made(name)
    given = model.parameters, model.x
    before, after = (primitives_of(step, *given) for step in (model.step, convax.accelerate(model.step)))
    convolutions = before.count("conv_general_dilated")
    # Forward, and backward to the kernel of each, and to the data of each but the first.
    assert convolutions >= 3 * EXPECTED[name].convolutions - EXPECTED[name].without_gradient
    assert "conv_general_dilated" not in after
    assert after.count("conv1d") == convolutions


# Counts.


@dataclasses.dataclass(frozen=True)
class Expected:
    """What is counted by hand for a small model.

    Args:
        convolutions: In the program: one in a loop counts once.
        parameters: Elements of all kernels; a bias is none.
        flops: 2 * batch * outputs * features * (channels of a group * taps), of all runs.
        receptive_field: Samples; None where something mixes all of them.
        without_gradient: Gradients that nobody asks for: to the network's input, and of what reaches no output.
    """

    convolutions: int
    parameters: int
    flops: int
    receptive_field: int | None
    without_gradient: int = 1


EXPECTED: dict[str, Expected] = {
    # batch 2, length 61, 6 channels, 5 skips, 7 classes, dilations 1, 2, 4, 1, 2, 4 of 2 taps.
    # Three convolutions in each layer, but for the last one, which passes nothing on.
    "wavenet": Expected(
        convolutions=1 + 6 * 3 - 1 + 2,
        parameters=1 * 6 * 2 + 6 * (6 * 12 * 2 + 6 * 5) + 5 * (6 * 6) + 5 * 5 + 5 * 7,
        flops=2 * 2 * 61 * (6 * 2 + 6 * (12 * (6 * 2) + 5 * 6) + 5 * (6 * 6) + 5 * 5 + 7 * 5),
        receptive_field=1 + 1 + 2 * (1 + 2 + 4),
    ),
    # batch 3, length 250; (250 + 6 + 6 - 16) // 4 + 1 = 62 outputs, pooled to 31 and to 15.
    "m5": Expected(
        convolutions=3,
        parameters=1 * 4 * 16 + 4 * 6 * 3 + 6 * 8 * 3,
        flops=2 * 3 * (62 * 4 * 16 + 31 * 6 * (4 * 3) + 15 * 8 * (6 * 3)),
        # 4 samples apart behind the first convolution, 8 and 16 behind pooling.
        receptive_field=16 + 1 * 4 + 2 * 8 + 1 * 8 + 2 * 16,
    ),
    # batch 3, length 50, 3 channels, three blocks of 5 channels and twice 3 taps; the first also widens 3 to 5.
    "tcn": Expected(
        convolutions=3 * 2 + 1,
        parameters=3 * 5 * 3 + 5 * 5 * 3 + 3 * 5 + 2 * (2 * 5 * 5 * 3),
        flops=2 * 3 * 50 * (5 * (3 * 3) + 5 * (5 * 3) + 5 * 3 + 4 * (5 * (5 * 3))),
        receptive_field=1 + 2 * (3 - 1) * (1 + 2 + 4),
        without_gradient=2,  # the first convolution and the widening one both have the input
    ),
    # batch 2; 60 samples of 2 channels to 4, 30 of 8, 15 of 16; up with 4 taps; beside what was: 8 + 8 and 4 + 4.
    "unet1d": Expected(
        convolutions=3 * 2 + 2 * (1 + 2) + 1,
        parameters=(2 * 4 + 4 * 4 + 4 * 8 + 8 * 8 + 8 * 16 + 16 * 16) * 3
        + (16 * 8 + 8 * 4) * 4
        + (16 * 8 + 8 * 8 + 8 * 4 + 4 * 4) * 3
        + 4 * 3,
        flops=2
        * 2
        * (
            60 * (4 * (2 * 3) + 4 * (4 * 3))
            + 30 * (8 * (4 * 3) + 8 * (8 * 3))
            + 15 * (16 * (8 * 3) + 16 * (16 * 3))
            + 30 * (8 * (16 * 4) + 8 * (16 * 3) + 8 * (8 * 3))
            + 60 * (4 * (8 * 4) + 4 * (8 * 3) + 4 * (4 * 3))
            + 60 * (3 * 4)
        ),
        # Read backwards: 1 sample needs 1 + 4 for two convolutions, ceil((5 + 3) / 2) = 4 of the shorter signal, 8,
        # ceil((8 + 3) / 2) = 6, and 6 + 4 at the bottom; pooling doubles that, twice.
        receptive_field=2 * (2 * (6 + 4) + 4) + 4,
    ),
    # batch 2, length 107: (107 - 4) // 4 + 1 = 26 patches of 6 channels, then 13 of 10.
    "convnext1d": Expected(
        convolutions=1 + 2 + 1 + 1,
        parameters=2 * 6 * 4 + 2 * (6 * 7) + 6 * 10 * 2 + 10 * 7,
        flops=2 * 2 * (26 * 6 * (2 * 4) + 2 * (26 * 6 * 7) + 13 * 10 * (6 * 2) + 13 * 10 * 7),
        receptive_field=4 + 2 * (6 * 4) + 1 * 4 + 6 * 8,
    ),
    # batch 2, length 30 * 4 + 8 = 128: 31 frames of 8 filters; two blocks 4 -> 8 -> alone -> 4 and 4; masks of 2 * 8;
    # the decoder runs on 2 * 2 signals, and its products with the zeros between frames are counted.
    "conv_tasnet": Expected(
        convolutions=1 + 1 + 2 * 4 + 1 + 1,
        parameters=1 * 8 * 8 + 8 * 4 + 2 * (4 * 8 + 8 * 3 + 2 * (8 * 4)) + 4 * 16 + 8 * 1 * 8,
        flops=2 * 2 * 31 * (8 * 8 + 4 * 8 + 2 * (8 * 4 + 8 * 3 + 2 * (4 * 8)) + 16 * 4) + 2 * 4 * 128 * (8 * 8),
        # Frames are 4 samples apart; two of them meet in each sample of the result.
        receptive_field=8 + 2 * 1 * 4 + 2 * 2 * 4 + 4,
        without_gradient=1 + 2,  # nothing follows what the last block passes on
    ),
    # batch 2, length 32, two blocks of 8 inner channels, each filtered by 4 taps of its own; a recurrence between.
    "mamba": Expected(
        convolutions=2,
        parameters=2 * (8 * 4),
        flops=2 * 2 * 32 * 2 * (8 * 4),
        receptive_field=None,
        without_gradient=0,
    ),
    # batch 2, length 32, two blocks: 3 * 4 channels of 3 taps, and 4 of 32.
    "hyena": Expected(
        convolutions=2 * 2,
        parameters=2 * (12 * 3 + 4 * 32),
        flops=2 * 2 * 32 * 2 * (12 * 3 + 4 * 32),
        receptive_field=1 + 2 * (2 + 31),
        without_gradient=0,
    ),
    # batch 2, 64 samples of 1 channel to 4, to 32 of 8, to 16 of 16 and back; 5 taps each, alone and then mixed.
    "keras_layers": Expected(
        convolutions=1 + 2 * 2 + 2 + 1,
        parameters=(1 * 4 + 4 + 4 * 8 + 8 + 8 * 16 + 16 * 8 + 8 * 4) * 5 + 4 * 1,
        flops=2
        * 2
        * (
            64 * (4 * 5 + 4 * 5)
            + 32 * (8 * (4 * 5) + 8 * 5)
            + 16 * (16 * (8 * 5))
            + 32 * (8 * (16 * 5))
            + 64 * (4 * (8 * 5))
            + 64 * 4
        ),
        # Up again, 5 taps meet at most 3 samples.
        receptive_field=1 + (4 + 4 + 4) * 1 + (4 + 4) * 2 + 2 * 4 + 2 * 2,
    ),
    # batch 2, length 48, two layers of 6 channels and 5 taps.
    "depthwise_stack": Expected(
        convolutions=2 * 2,
        parameters=2 * (6 * 5 + 6 * 6),
        flops=2 * 2 * 48 * 2 * (6 * 5 + 6 * 6),
        receptive_field=1 + 2 * 4,
    ),
    # batch 2, length 32, 4 channels to 8, then three rounds of 8 to 8 with 3 taps; the first round filters zeros.
    "recurrent_stack": Expected(
        convolutions=1 + 1,
        parameters=4 * 8 + 8 * 8 * 3,
        flops=2 * 2 * 32 * (8 * 4 + 3 * (8 * (8 * 3))),
        receptive_field=1 + (3 - 1) * 2,
    ),
}


def test_every_model_is_counted() -> None:
    assert EXPECTED.keys() == MODELS.keys()


@by_model
def test_counts_are_those_by_hand(name: str) -> None:
    model, expected = made(name), EXPECTED[name]
    found = convax.inspect(model.apply)(model.parameters, model.x)
    assert len(found.convolutions) == expected.convolutions and found.others == 0
    assert found.parameters == expected.parameters
    assert found.flops == expected.flops
    assert found.receptive_field == expected.receptive_field


@by_model
def test_a_step_begins_with_the_forward_pass(name: str) -> None:
    model = made(name)
    forward, step = (convax.inspect(each)(model.parameters, model.x) for each in (model.apply, model.step))
    assert [each.spec for each in step.convolutions if not each.backward] == [
        each.spec for each in forward.convolutions
    ]
    assert step.parameters == forward.parameters
    assert step.receptive_field == forward.receptive_field


@pytest.mark.parametrize("size", ["small", pytest.param("large", marks=pytest.mark.deep)])
@by_model
def test_no_warning_about_a_known_architecture(name: str, size: Literal["small", "large"]) -> None:
    model = made(name, size)
    for function in (model.apply, model.step):
        assert convax.inspect(function)(model.parameters, model.x).warnings == ()


# Models whose every output is of one place in time, and in which nothing but convolutions and pooling looks beside it;
# each with the axis of channels, which is the same before and behind.
CHANNELS = {"wavenet": 2, "unet1d": 1, "keras_layers": 2, "depthwise_stack": 1, "recurrent_stack": 1}


@pytest.mark.parametrize("name", half_deep(CHANNELS))
def test_the_receptive_field_is_what_gradients_reach(name: str) -> None:
    model, channels = made(name), CHANNELS[name]

    def outputs(x: jax.Array) -> jax.Array:
        """One number for each place in time, of the first signal."""
        return jnp.sum(jnp.sin(model.apply(model.parameters, x)[0]), axis=channels - 1)

    def reached(x: jax.Array) -> jax.Array:
        """Whether an output depends on a sample: (places, samples)."""
        return jnp.any(jax.jacrev(outputs)(x)[:, 0] != 0, axis=channels)

    # Several signals: of one, a relu or the largest of two may hide the first sample or the last.
    drawn = jax.random.normal(jax.random.key(1), (16, 1, *model.x.shape[1:]))
    rows = np.asarray(jnp.any(jax.jit(jax.vmap(reached))(drawn), axis=0))
    widest = max(np.ptp(np.flatnonzero(row)) + 1 for row in rows if row.any())
    assert widest < model.x.shape[3 - channels]  # else the signal's ends would hide something
    assert widest == EXPECTED[name].receptive_field
