"""How the exercises about axes are judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convax.practice.grading import Arguments, Grading, Lens, Meant, Random, whole
from convax.practice.gradings.definitions import correlation, layer, padded, spread, windows
from convax.practice.gradings.first import UNFLIPPED
from convax.practice.gradings.structures import one_convolution

__all__ = ["CHANNELS"]

# Batch, channels, features, length, taps: all different where it matters, so that an exchange shows.
SIZES = ((1, 2, 1, 4, 2), (2, 3, 4, 6, 1), (2, 1, 3, 5, 3), (3, 2, 5, 9, 4))


def _same_ends(taps: int) -> tuple[int, int]:
    return (taps - 1) // 2, taps // 2


def _first_cases(random: Random) -> Iterator[Arguments]:
    for batch, channels, features, length, taps in SIZES:
        yield whole(random, batch, channels, length), whole(random, features, channels, taps)


CHANNELS_FIRST = Grading(
    truth=layer,
    cases=_first_cases,
    sized=lambda random, length: (whole(random, 2, 3, length), whole(random, 4, 3, 3)),
    meant=lambda x, w: Meant(x.shape, w.shape),
    lenses=(
        Lens("flipped", lambda x, w: layer(x, w[..., ::-1]), "the kernel was flipped along its taps", UNFLIPPED),
        Lens(
            "SAME instead of VALID",
            lambda x, w: layer(padded(x, *_same_ends(w.shape[-1])), w),
            'your result is as long as x: it was padded with "SAME"',
            'padding="VALID"',
        ),
        Lens(
            "only the first channel",
            lambda x, w: layer(x[:, :1], w[:, :1]),
            "your result uses the first channel only",
            "pass x and w whole: lax adds up over the channels",
        ),
        Lens(
            "only the first signal",
            lambda x, w: layer(x, w)[:1],
            "your result is that of the first signal only",
            "return all of y, with its batch axis",
        ),
        Lens(
            "mean over the channels",
            lambda x, w: layer(x, w) / x.shape[1],
            "your result is the mean over the channels; it should be the sum",
            "lax adds up over the channels by itself",
        ),
        Lens(
            "channels not added up",
            lambda x, w: np.einsum("nclk,ock->nocl", windows(x, w.shape[-1]), w),
            "the channels were kept apart; each feature should add up over them",
            "sum over the channel axis, or let lax do it",
        ),
    ),
)


def _last(x: Any, w: Any) -> Any:
    """channels_last by channels_first."""
    return layer(x.transpose(0, 2, 1), w.transpose(2, 1, 0)).transpose(0, 2, 1)


def _last_cases(random: Random) -> Iterator[Arguments]:
    for batch, channels, features, length, taps in SIZES:
        yield whole(random, batch, length, channels), whole(random, taps, channels, features)


CHANNELS_LAST = Grading(
    truth=_last,
    cases=_last_cases,
    sized=lambda random, length: (whole(random, 2, length, 3), whole(random, 3, 3, 4)),
    length_axis=1,
    meant=lambda x, w: Meant((x.shape[0], x.shape[2], x.shape[1]), (w.shape[2], w.shape[1], w.shape[0])),
    lenses=(
        Lens(
            "result channels first",
            lambda x, w: _last(x, w).transpose(0, 2, 1),
            "the values are right, but the result is (N, O, L - K + 1), channels first (transposed axes)",
            'the last of the three words is the result\'s: ("NHC", "HIO", "NHC")',
        ),
        Lens("flipped", lambda x, w: _last(x, w[::-1]), "the kernel was flipped along its taps", UNFLIPPED),
        Lens(
            "SAME instead of VALID",
            lambda x, w: _last(np.pad(x, ((0, 0), _same_ends(w.shape[0]), (0, 0))), w),
            'your result is as long as x: it was padded with "SAME"',
            'padding="VALID"',
        ),
        Lens(
            "only the first signal",
            lambda x, w: _last(x, w)[:1],
            "your result is that of the first signal only",
            "return all of y, with its batch axis",
        ),
    ),
)


def _depthwise(x: Any, w: Any) -> Any:
    return np.einsum("nclk,ck->ncl", windows(x, w.shape[-1]), w)


def _depthwise_cases(random: Random) -> Iterator[Arguments]:
    for batch, channels, _, length, taps in ((1, 2, 0, 3, 2), (2, 3, 0, 5, 1), (2, 1, 0, 5, 3), (3, 4, 0, 9, 3)):
        yield whole(random, batch, channels, length), whole(random, channels, taps)


DEPTHWISE = Grading(
    truth=_depthwise,
    cases=_depthwise_cases,
    sized=lambda random, length: (whole(random, 2, 3, length), whole(random, 3, 3)),
    structure=one_convolution,
    lenses=(
        Lens(
            "channels added up",
            lambda x, w: layer(x, w[None]),
            "the channels were added up into one: there was a single group",
            "feature_group_count=x.shape[1], and a kernel of shape (C, 1, K)",
        ),
        Lens(
            "one kernel for all channels",
            lambda x, w: np.einsum("nclk,k->ncl", windows(x, w.shape[-1]), w[0]),
            "every channel met the first kernel",
            "w[:, None, :] has a kernel for each channel",
        ),
        Lens(
            "every kernel on the sum of the channels",
            lambda x, w: np.einsum("nclk,ok->nol", windows(x, w.shape[-1]), w),
            "every kernel met the sum of all channels",
            "feature_group_count=x.shape[1] keeps the channels apart",
        ),
        Lens("flipped", lambda x, w: _depthwise(x, w[:, ::-1]), "the kernels were flipped along their taps", UNFLIPPED),
        Lens(
            "SAME instead of VALID",
            lambda x, w: _depthwise(padded(x, *_same_ends(w.shape[-1])), w),
            'your result is as long as x: it was padded with "SAME"',
            'padding="VALID"',
        ),
    ),
)


def _transposed(x: Any, kernel: Any, stride: int) -> Any:
    y = np.zeros((x.shape[0] - 1) * stride + kernel.shape[0])
    for i, sample in enumerate(x):
        y[i * stride : i * stride + kernel.shape[0]] += sample * kernel
    return y


def _transposed_cases(random: Random) -> Iterator[Arguments]:
    for length, taps, stride in ((2, 2, 2), (3, 3, 1), (3, 3, 2), (4, 2, 3), (9, 5, 2)):
        yield whole(random, length), whole(random, taps), stride


TRANSPOSED = Grading(
    truth=_transposed,
    cases=_transposed_cases,
    sized=lambda random, length: (whole(random, length), whole(random, 3), 2),
    lenses=(
        Lens(
            "not flipped",
            lambda x, kernel, stride: _transposed(x, kernel[::-1], stride),
            "each copy of the kernel is backwards: seen from the output, the kernel has to be flipped",
            "kernel[::-1]; lax.conv_transpose flips only with transpose_kernel=True",
        ),
        Lens(
            "stride ignored",
            lambda x, kernel, stride: np.convolve(x, kernel),
            "the copies are one sample apart: the stride was not used",
            "lhs_dilation=(stride,)",
        ),
        Lens(
            "window stride instead of spreading",
            lambda x, kernel, stride: np.convolve(x, kernel)[::stride],
            "your result is shorter than x, and it should be longer: window_strides thins out, lhs_dilation spreads",
            "window_strides=(1,), lhs_dilation=(stride,)",
        ),
        Lens(
            "no padding",
            lambda x, kernel, stride: correlation(spread(x, stride), kernel[::-1]),
            "your result lacks K - 1 outputs at each end: nothing was padded",
            "padding=[(K - 1, K - 1)]",
        ),
        Lens(
            "kernel spread",
            lambda x, kernel, stride: np.convolve(x, spread(kernel, stride)),
            "the kernel was spread instead of the signal: this is rhs_dilation",
            "lhs_dilation=(stride,): lhs is the left-hand side, the signal",
        ),
        Lens(
            "zeros at the end",
            lambda x, kernel, stride: padded(_transposed(x, kernel, stride), 0, max(stride - kernel.shape[0], 0)),
            "your result ends with zeros that no copy of the kernel reaches",
            "the result has (L - 1) * stride + K samples",
        ),
        Lens(
            "last zeros kept",
            lambda x, kernel, stride: padded(_transposed(x, kernel, stride), 0, stride - 1),
            "your result has stride - 1 zeros too many at its end: zeros belong between samples, not after the last",
            "lhs_dilation=(stride,) puts zeros only between samples",
        ),
    ),
)

CHANNELS = {
    "channels_first": CHANNELS_FIRST,
    "channels_last": CHANNELS_LAST,
    "depthwise": DEPTHWISE,
    "transposed": TRANSPOSED,
}
