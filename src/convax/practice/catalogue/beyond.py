"""The last exercises: gradients, a stack of layers, and a long signal in pieces."""

from __future__ import annotations

from convax.practice.exercise import Example, Exercise

__all__ = ["BEYOND"]

KERNEL_GRADIENT = Exercise(
    name="kernel_gradient",
    title="the kernel's gradient is a convolution",
    call="kernel_gradient(x, g)",
    task="""
Let y = conv1d_basic(x, kernel), and let g[i] be the gradient of a loss by y[i]. Then the gradient
of the loss by the kernel is

    d[k] = sum over i of g[i] * x[i + k]        for k = 0 .. K - 1

Write it as a convolution with lax.conv_general_dilated, and not by jax.grad. The lengths say how
many taps there are: K = L - len(g) + 1.""",
    shapes=(("x", "(L,)"), ("g", "(L - K + 1,)"), ("result", "(K,)")),
    examples=(
        Example(([1, 2, 3, 4, 5], [1, 1, 1]), [6, 9, 12]),
        Example(([1, 2, 3], [1, 10]), [21, 32]),
    ),
    hints=(
        "Compare the formula with that of conv1d_basic: which array slides over which?",
        "g slides over x, wherever it fits completely. So the gradient is conv1d_basic(x, g).",
    ),
    solution="""from jax import lax


def kernel_gradient(x, g):
    d = lax.conv_general_dilated(
        x[None, None, :], g[None, None, :], (1,), "VALID", dimension_numbers=("NCH", "OIH", "NCH")
    )
    return d[0, 0]
""",
    primitive="conv_general_dilated",
)

INPUT_GRADIENT = Exercise(
    name="input_gradient",
    title="the signal's gradient is one, too",
    call="input_gradient(g, kernel)",
    task="""
Let y = conv1d_basic(x, kernel), and let g[i] be the gradient of a loss by y[i]. Then the gradient
of the loss by the signal is

    d[j] = sum over k of g[j - k] * kernel[k]        for j = 0 .. len(g) + K - 2

where g is 0 outside of its ends. Write it as a convolution with lax.conv_general_dilated, and not
by jax.grad.""",
    shapes=(("g", "(M,)"), ("kernel", "(K,)"), ("result", "(M + K - 1,), which is the length of x")),
    examples=(
        Example(([1, 1, 1], [1, 2]), [1, 3, 3, 2]),
        Example(([1, 0, 2], [1, 10, 100]), [1, 10, 102, 20, 200]),
    ),
    hints=(
        "j - k: one index goes up where the other goes down. You have met this in true_convolution.",
        "Flip the kernel, and let it stick out by K - 1 samples at each end.",
    ),
    solution="""from jax import lax


def input_gradient(g, kernel):
    outside = kernel.shape[0] - 1
    d = lax.conv_general_dilated(
        g[None, None, :],
        kernel[None, None, ::-1],
        window_strides=(1,),
        padding=[(outside, outside)],
        dimension_numbers=("NCH", "OIH", "NCH"),
    )
    return d[0, 0]
""",
    primitive="conv_general_dilated",
)

CAUSAL_STACK = Exercise(
    name="causal_stack",
    title="layers that see twice as far each",
    call="causal_stack(x, kernels)",
    task="""
Run the signal through one causal layer per row of `kernels`. Layer d = 0, 1, 2, ... has the
dilation 2**d: its taps are 2**d samples apart, and the last one meets the newest sample. Between
two layers stands jax.nn.relu; after the last layer there is none.

    layer d:  y[i] = sum over k of x[i - (K - 1 - k) * 2**d] * kernels[d, k]

where x is 0 before its start. With D layers an output sees 1 + (K - 1) * (2**D - 1) samples: this
is the receptive field. Use lax.conv_general_dilated. A Python loop over the layers is fine.""",
    shapes=(("x", "(L,)"), ("kernels", "(D, K)"), ("result", "(L,)")),
    examples=(
        Example(([1, 2, 3, 4], [[1, 1], [1, 1]]), [1, 3, 6, 10]),
        Example(([1, -2, 3, 4], [[0, 1], [1, 0]]), [0, 0, 1, 0]),
    ),
    hints=(
        "Write one causal layer with a dilation first. How many zeros go before the signal?",
        "The kernel reaches (K - 1) * dilation samples back, so padding=[((K - 1) * dilation, 0)] and "
        "rhs_dilation=(dilation,).",
        "for d in range(kernels.shape[0]): if d > 0, relu first; then the layer with dilation 2**d.",
    ),
    solution="""import jax
from jax import lax


def causal_stack(x, kernels):
    depth, taps = kernels.shape
    y = x[None, None, :]
    for d in range(depth):
        if d > 0:
            y = jax.nn.relu(y)
        y = lax.conv_general_dilated(
            y,
            kernels[d][None, None, :],
            window_strides=(1,),
            padding=[((taps - 1) * 2**d, 0)],
            rhs_dilation=(2**d,),
            dimension_numbers=("NCH", "OIH", "NCH"),
        )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

OVERLAP_SAVE = Exercise(
    name="overlap_save",
    title="a long signal in blocks, by Fourier",
    call="overlap_save(x, kernel, points)",
    task="""
Compute numpy.convolve(x, kernel, mode="valid"), the textbook's convolution where the kernel fits,
of float32 or float64:

    y[i] = sum over k of x[i + K - 1 - k] * kernel[k]        for i = 0 .. L - K

but by Fourier transforms of `points` samples, and none longer. `points` is a plain Python number,
at least K. Multiplying two transforms convolves in a circle: of each block of `points` samples the
first K - 1 results are wrong, for the end of the block came round to them. The others are right.
So cut the signal into blocks that overlap by K - 1 samples, and save what is right.

No Python loop over the blocks: let jnp.fft work on all of them, block by row.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,), and K is at most L"), ("points", "int"), ("result", "(L - K + 1,)")),
    examples=(
        Example(([1, 2, 3, 4, 5, 6], [1, 10], 4), [12, 23, 34, 45, 56]),
        Example(([1, 0, 0, 2, 0], [1, 2, 3], 4), [3, 2, 4]),
    ),
    hints=(
        "A block gives step = points - K + 1 right results. How many blocks give L - K + 1 of them?",
        "blocks = -(-(L - K + 1) // step), rounded up. Pad x with zeros at the end, so that the last block is whole: "
        "to blocks * step + K - 1 samples.",
        "Row b starts at b * step: index = np.arange(blocks)[:, None] * step + np.arange(points), then x[index]. "
        "These are indices, not data, so NumPy is right for them.",
        "jnp.fft.irfft(jnp.fft.rfft(rows, points) * jnp.fft.rfft(kernel, points), points): drop the first K - 1 "
        "columns, ravel, keep the first L - K + 1. Cast back to the type of x.",
    ),
    solution="""import jax.numpy as jnp
import numpy as np


def overlap_save(x, kernel, points):
    length, taps = x.shape[0], kernel.shape[0]
    outputs, step = length - taps + 1, points - taps + 1
    blocks = -(-outputs // step)
    x = jnp.pad(x, (0, blocks * step + taps - 1 - length))
    rows = x[np.arange(blocks)[:, None] * step + np.arange(points)]
    product = jnp.fft.rfft(rows, points) * jnp.fft.rfft(kernel, points)
    y = jnp.fft.irfft(product, points)[:, taps - 1 :]
    return y.ravel()[:outputs].astype(x.dtype)
""",
    primitive="fft",
)

BEYOND = (KERNEL_GRADIENT, INPUT_GRADIENT, CAUSAL_STACK, OVERLAP_SAVE)
