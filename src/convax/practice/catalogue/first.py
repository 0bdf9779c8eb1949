"""The first exercises: one signal, one kernel, and the three things that surprise everybody."""

from __future__ import annotations

from convax.practice.exercise import Example, Exercise

__all__ = ["FIRST"]

CONV1D_BASIC = Exercise(
    name="conv1d_basic",
    title="slide a kernel over a signal",
    call="conv1d_basic(x, kernel)",
    task="""
Slide the kernel over the signal, and wherever it fits completely multiply and add:

    y[i] = sum over k of x[i + k] * kernel[k]        for i = 0 .. L - K

Do it with lax.conv_general_dilated. The kernel is not flipped, nothing is padded, and the
result has one axis, as the inputs have.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,), and K is at most L"), ("result", "(L - K + 1,)")),
    examples=(
        Example(([1, 2, 3, 4, 5], [1, 1, 1]), [6, 9, 12]),
        Example(([1, 2, 3, 4], [1, 0, -1]), [-2, -2]),
    ),
    hints=(
        "lax.conv_general_dilated knows no 1-D arrays. Data has three axes: batch, channels, length. You have one "
        "signal with one channel: which shape is that?",
        "x[None, None, :] has the shape (1, 1, L), and kernel[None, None, :] the shape (1, 1, K).",
        'Say what the axes are: dimension_numbers=("NCH", "OIH", "NCH"). The step is window_strides=(1,), a tuple. '
        'No padding is padding="VALID".',
        "The result has the shape (1, 1, L - K + 1). Take the first signal's first channel: y[0, 0].",
    ),
    solution="""from jax import lax


def conv1d_basic(x, kernel):
    y = lax.conv_general_dilated(
        x[None, None, :],  # 1 signal, 1 channel, L samples
        kernel[None, None, :],  # 1 feature, 1 channel, K taps
        window_strides=(1,),
        padding="VALID",
        dimension_numbers=("NCH", "OIH", "NCH"),
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

SAME_LENGTH = Exercise(
    name="same_length",
    title="keep the length",
    call="same_length(x, kernel)",
    task="""
As conv1d_basic, but the result is as long as the signal: zeros are added at both ends, K - 1 in
all. Half of them go before the signal; where K - 1 is odd, the extra zero goes after it:

    before = (K - 1) // 2
    y[i] = sum over k of x[i + k - before] * kernel[k]

where x is 0 outside of its ends. Use lax.conv_general_dilated.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,)"), ("result", "(L,)")),
    examples=(
        Example(([1, 2, 3, 4, 5], [1, 1, 1]), [3, 6, 9, 12, 9]),
        Example(([1, 2, 3, 4], [1, 10]), [21, 32, 43, 4]),
    ),
    hints=(
        "Only one argument differs from conv1d_basic.",
        'lax has a word for it: padding="SAME". Written out it is padding=[((K - 1) // 2, K // 2)].',
    ),
    solution="""from jax import lax


def same_length(x, kernel):
    y = lax.conv_general_dilated(
        x[None, None, :], kernel[None, None, :], (1,), "SAME", dimension_numbers=("NCH", "OIH", "NCH")
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

TRUE_CONVOLUTION = Exercise(
    name="true_convolution",
    title="the convolution of the textbook",
    call="true_convolution(x, kernel)",
    task="""
What deep learning calls convolution is a cross-correlation. Write the textbook's, with all
partial overlaps, as numpy.convolve(x, kernel) computes it:

    y[n] = sum over k of x[n - k] * kernel[k]        for n = 0 .. L + K - 2

where x is 0 outside of its ends. Use lax.conv_general_dilated.""",
    shapes=(("x", "(L,)"), ("kernel", "(K,)"), ("result", "(L + K - 1,)")),
    examples=(
        Example(([1, 2, 3], [0, 1, 2]), [0, 1, 4, 7, 6]),
        Example(([1, 0, 0], [1, 2]), [1, 2, 0, 0]),
    ),
    hints=(
        "Two things differ from conv1d_basic: one about the kernel, one about the padding.",
        "In x[n - k] the index of x goes down where that of the kernel goes up. Turning the kernel round makes both "
        "go up: kernel[::-1].",
        "All partial overlaps: the kernel may stick out by K - 1 samples at each end, so padding=[(K - 1, K - 1)].",
    ),
    solution="""from jax import lax


def true_convolution(x, kernel):
    outside = kernel.shape[0] - 1
    y = lax.conv_general_dilated(
        x[None, None, :],
        kernel[None, None, ::-1],  # lax does not flip, so we do
        window_strides=(1,),
        padding=[(outside, outside)],
        dimension_numbers=("NCH", "OIH", "NCH"),
    )
    return y[0, 0]
""",
    primitive="conv_general_dilated",
)

FIRST = (CONV1D_BASIC, SAME_LENGTH, TRUE_CONVOLUTION)
