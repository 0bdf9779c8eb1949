"""Exercises about axes: batches and channels in either order, groups, and the way back up."""

from __future__ import annotations

from convax.practice.exercise import Example, Exercise

__all__ = ["CHANNELS"]

CHANNELS_FIRST = Exercise(
    name="channels_first",
    title="a layer: batch and channels",
    call="channels_first(x, w)",
    task="""
N signals of C channels each, and a kernel for each of O features that adds up over the channels:

    y[n, o, i] = sum over c and k of x[n, c, i + k] * w[o, c, k]

Use lax.conv_general_dilated.""",
    shapes=(("x", "(N, C, L)"), ("w", "(O, C, K)"), ("result", "(N, O, L - K + 1)")),
    examples=(
        Example(([[[1, 2, 3], [10, 20, 30]]], [[[1, 1], [1, 0]]]), [[[13, 25]]]),
        Example(([[[1, 2, 3]], [[4, 5, 6]]], [[[1, 2]], [[3, 0]]]), [[[5, 8], [3, 6]], [[14, 17], [12, 15]]]),
    ),
    hints=(
        "The arrays have three axes already: nothing to add, nothing to take away.",
        'Batch is N, channels are C, the length is H; a kernel\'s features are O, its channels I: "NCH" and "OIH".',
    ),
    solution="""from jax import lax


def channels_first(x, w):
    return lax.conv_general_dilated(x, w, (1,), "VALID", dimension_numbers=("NCH", "OIH", "NCH"))
""",
    primitive="conv_general_dilated",
)

CHANNELS_LAST = Exercise(
    name="channels_last",
    title="the same layer, channels last",
    call="channels_last(x, w)",
    task="""
As channels_first, but the channels are the last axis everywhere, as Flax and Keras keep them:

    y[n, i, o] = sum over c and k of x[n, i + k, c] * w[k, c, o]

Use lax.conv_general_dilated. It reads every order of axes, so transpose nothing.""",
    shapes=(("x", "(N, L, C)"), ("w", "(K, C, O)"), ("result", "(N, L - K + 1, O)")),
    examples=(
        Example(([[[1, 10], [2, 20], [3, 30]]], [[[1], [1]], [[1], [0]]]), [[[13], [25]]]),
        Example(([[[1], [2], [3]]], [[[1, 0]], [[2, 1]]]), [[[5, 2], [8, 3]]]),
    ),
    hints=(
        "Name the axes in the order in which they are in memory: N for batch, H for the length, C for channels.",
        "A kernel's axes are H (its taps), I (channels in) and O (features out).",
        'dimension_numbers=("NHC", "HIO", "NHC").',
    ),
    solution="""from jax import lax


def channels_last(x, w):
    return lax.conv_general_dilated(x, w, (1,), "VALID", dimension_numbers=("NHC", "HIO", "NHC"))
""",
    primitive="conv_general_dilated",
)

DEPTHWISE = Exercise(
    name="depthwise",
    title="a kernel of its own for each channel",
    call="depthwise(x, w)",
    task="""
Each channel meets its own kernel, and nothing is added up over the channels:

    y[n, c, i] = sum over k of x[n, c, i + k] * w[c, k]

Use lax.conv_general_dilated, and no Python loop over the channels.""",
    shapes=(("x", "(N, C, L)"), ("w", "(C, K)"), ("result", "(N, C, L - K + 1)")),
    examples=(
        Example(([[[1, 2, 3], [10, 20, 30]]], [[1, 1], [1, -1]]), [[[3, 5], [-10, -10]]]),
        Example(([[[1, 2]], [[3, 4]]], [[2, 0]]), [[[2]], [[6]]]),
    ),
    hints=(
        "lax can split the channels into groups that know nothing of each other: feature_group_count.",
        "As many groups as channels: feature_group_count=x.shape[1]. A group has one channel, so the kernel's second "
        "axis has the size 1.",
        "w[:, None, :] has the shape (C, 1, K): C features, 1 channel per group, K taps.",
    ),
    solution="""from jax import lax


def depthwise(x, w):
    return lax.conv_general_dilated(
        x,
        w[:, None, :],
        window_strides=(1,),
        padding="VALID",
        dimension_numbers=("NCH", "OIH", "NCH"),
        feature_group_count=x.shape[1],
    )
""",
    primitive="conv_general_dilated",
)

TRANSPOSED = Exercise(
    name="transposed",
    title="the way back up",
    call="transposed(x, kernel, stride)",
    task="""
Each sample of x puts a copy of the kernel into the output, `stride` samples after the one before;
where copies overlap they add up:

    y[i * stride + k] += x[i] * kernel[k]    for all i and k; y is 0 at first

`stride` is a plain Python number. Use lax.conv_general_dilated (or what is made of it).""",
    shapes=(("x", "(L,)"), ("kernel", "(K,)"), ("stride", "int"), ("result", "((L - 1) * stride + K,)")),
    examples=(
        Example(([1, 2], [1, 10, 100], 2), [1, 10, 102, 20, 200]),
        Example(([1, 2], [1, 10], 3), [1, 10, 0, 2, 20]),
    ),
    hints=(
        "Spread the signal: put stride - 1 zeros between its samples. lax does that by lhs_dilation=(stride,).",
        "Then every output sees the kernel backwards, as in true_convolution: flip it.",
        "All partial overlaps are wanted: padding=[(K - 1, K - 1)].",
    ),
    solution="""from jax import lax


def transposed(x, kernel, stride):
    outside = kernel.shape[0] - 1
    y = lax.conv_general_dilated(
        x[None, None, :],
        kernel[None, None, ::-1],
        window_strides=(1,),
        padding=[(outside, outside)],
        lhs_dilation=(stride,),
        dimension_numbers=("NCH", "OIH", "NCH"),
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

CHANNELS = (CHANNELS_FIRST, CHANNELS_LAST, DEPTHWISE, TRANSPOSED)
