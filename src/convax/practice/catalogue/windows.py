"""Exercises about the window: how far it steps, how far it is spread, what it sees beyond the ends."""

from __future__ import annotations

from convax.practice.exercise import Example, Exercise

__all__ = ["WINDOWS"]

STRIDED = Exercise(
    name="strided",
    title="every s-th window",
    call="strided(x, kernel, stride)",
    task="""
As conv1d_basic, but the window moves by `stride` samples at a time, and starts at the first:

    y[i] = sum over k of x[i * stride + k] * kernel[k]

`stride` is a plain Python number. Use lax.conv_general_dilated, and let it do the steps.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,)"), ("stride", "int"), ("result", "((L - K) // stride + 1,)")),
    examples=(
        Example(([1, 2, 3, 4, 5, 6], [1, 1], 2), [3, 7, 11]),
        Example(([1, 2, 3, 4, 5, 6], [1, 0, 2], 3), [7, 16]),
    ),
    hints=("lax calls it window_strides.", "It is a tuple with one number per spatial axis: (stride,)."),
    solution="""from jax import lax


def strided(x, kernel, stride):
    y = lax.conv_general_dilated(
        x[None, None, :], kernel[None, None, :], (stride,), "VALID", dimension_numbers=("NCH", "OIH", "NCH")
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

DILATED = Exercise(
    name="dilated",
    title="a kernel with holes",
    call="dilated(x, kernel, dilation)",
    task="""
As conv1d_basic, but the taps are `dilation` samples apart:

    y[i] = sum over k of x[i + k * dilation] * kernel[k]

The kernel then reaches over R = (K - 1) * dilation + 1 samples. `dilation` is a plain Python
number. Use lax.conv_general_dilated, and let it spread the kernel.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,)"), ("dilation", "int"), ("result", "(L - R + 1,)")),
    examples=(
        Example(([1, 2, 3, 4, 5, 6], [1, 10], 2), [31, 42, 53, 64]),
        Example(([1, 2, 3, 4, 5, 6, 7], [1, 0, -1], 3), [-6]),
    ),
    hints=(
        "lax has two arguments for it: one spreads the signal (lhs, the left-hand side), one the kernel (rhs).",
        "It is the kernel that is spread: rhs_dilation=(dilation,).",
    ),
    solution="""from jax import lax


def dilated(x, kernel, dilation):
    y = lax.conv_general_dilated(
        x[None, None, :],
        kernel[None, None, :],
        window_strides=(1,),
        padding="VALID",
        rhs_dilation=(dilation,),
        dimension_numbers=("NCH", "OIH", "NCH"),
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

CAUSAL = Exercise(
    name="causal",
    title="no look into the future",
    call="causal(x, kernel)",
    task="""
Output i may use the samples up to x[i], and none after it. The last tap meets x[i]:

    y[i] = sum over k of x[i - (K - 1) + k] * kernel[k]    for i = 0 .. L - 1

where x is 0 before its start. The kernel is not flipped. Use lax.conv_general_dilated.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,)"), ("result", "(L,)")),
    examples=(
        Example(([1, 2, 3, 4], [10, 1]), [1, 12, 23, 34]),
        Example(([1, 0, 0, 0], [3, 2, 1]), [1, 2, 3, 0]),
    ),
    hints=(
        "The length stays, as in same_length, but all zeros go to one side.",
        'lax has no word for it ("CAUSAL" raises). Write the padding as numbers: [(before, after)].',
        "K - 1 zeros before the signal, none after it: padding=[(kernel.shape[0] - 1, 0)].",
    ),
    solution="""from jax import lax


def causal(x, kernel):
    y = lax.conv_general_dilated(
        x[None, None, :],
        kernel[None, None, :],
        window_strides=(1,),
        padding=[(kernel.shape[0] - 1, 0)],
        dimension_numbers=("NCH", "OIH", "NCH"),
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

CIRCULAR = Exercise(
    name="circular",
    title="round and round",
    call="circular(x, kernel)",
    task="""
The signal is a ring: after the last sample comes the first again.

    y[i] = sum over k of x[(i + k) mod L] * kernel[k]        for i = 0 .. L - 1

Use lax.conv_general_dilated.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,), and K is at most L"), ("result", "(L,)")),
    examples=(
        Example(([1, 2, 3, 4], [1, 10]), [21, 32, 43, 14]),
        Example(([1, 2, 3], [1, 0, 2]), [7, 4, 7]),
    ),
    hints=(
        "lax pads with zeros only. Make the longer signal yourself, then convolve it without padding.",
        "The last window starts at x[L - 1] and needs K - 1 more samples: the first K - 1 of the signal.",
        "jnp.concatenate([x, x[:K - 1]]), then conv1d_basic.",
    ),
    solution="""import jax.numpy as jnp
from jax import lax


def circular(x, kernel):
    ring = jnp.concatenate([x, x[: kernel.shape[0] - 1]])
    y = lax.conv_general_dilated(
        ring[None, None, :], kernel[None, None, :], (1,), "VALID", dimension_numbers=("NCH", "OIH", "NCH")
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

MOVING_AVERAGE = Exercise(
    name="moving_average",
    title="many signals, one function for one",
    call="moving_average(signals, width)",
    task="""
Each row of `signals` is a signal of its own. Return the mean of every `width` neighbouring
samples of each:

    y[m, i] = (signals[m, i] + ... + signals[m, i + width - 1]) / width

`width` is a plain Python number. Use lax.conv_general_dilated, and no Python loop over the
signals: write it for one signal and give it to jax.vmap, or let the batch axis carry them.""",
    shapes=(("signals", "(M, L)"), ("width", "int"), ("result", "(M, L - width + 1)")),
    examples=(
        Example(([[1, 3, 5], [0, 4, 0]], 2), [[2, 4], [2, 2]]),
        Example(([[3, 6, 9, 0]], 3), [[6, 5]]),
    ),
    hints=(
        "The kernel of a mean has `width` taps of 1 / width.",
        "Give the kernel the signals' type: jnp.full(width, 1 / width, signals.dtype).",
        "jax.vmap(lambda x: conv1d_basic(x, kernel))(signals), with your conv1d_basic. Without vmap: "
        "signals[:, None, :] has the shape (M, 1, L), M signals of one channel.",
    ),
    solution="""import jax
import jax.numpy as jnp
from jax import lax


def moving_average(signals, width):
    kernel = jnp.full(width, 1 / width, signals.dtype)

    def of_one(x):
        y = lax.conv_general_dilated(
            x[None, None, :], kernel[None, None, :], (1,), "VALID", dimension_numbers=("NCH", "OIH", "NCH")
        )
        return y[0, 0]

    return jax.vmap(of_one)(signals)
""",
    primitive="conv_general_dilated",
)

WINDOWS = (STRIDED, DILATED, CAUSAL, CIRCULAR, MOVING_AVERAGE)
