"""How the exercises about the window are judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convax.practice.grading import Arguments, Grading, Lens, Random, whole
from convax.practice.gradings.definitions import correlation, padded, spread, windows
from convax.practice.gradings.first import UNFLIPPED, pair, pairs, same
from convax.practice.gradings.structures import one_convolution, uses

__all__ = ["WINDOWS"]


def _with_a_step(random: Random) -> Iterator[Arguments]:
    """A signal, a kernel and a step."""
    for length, taps, step in ((6, 2, 2), (7, 3, 1), (9, 2, 3), (14, 3, 2), (33, 4, 3)):
        yield whole(random, length), whole(random, taps), step


def _sized_with_a_step(random: Random, length: int) -> Arguments:
    return (*pair(random, length), 2)


STRIDED = Grading(
    truth=lambda x, kernel, stride: correlation(x, kernel, stride=stride),
    cases=_with_a_step,
    sized=_sized_with_a_step,
    structure=uses("window_strides"),
    lenses=(
        Lens(
            "stride ignored",
            lambda x, kernel, stride: correlation(x, kernel),
            "your result has every window: the stride was not used",
            "window_strides=(stride,)",
        ),
        Lens(
            "started late",
            lambda x, kernel, stride: correlation(x, kernel)[stride - 1 :: stride],
            "your windows start at sample stride - 1; the first should start at sample 0",
            "let lax step: window_strides=(stride,) starts at 0",
        ),
        Lens(
            "dilation instead of stride",
            lambda x, kernel, stride: correlation(x, kernel, dilation=stride),
            "the taps were spread instead of the windows: this is rhs_dilation",
            "window_strides=(stride,), and no dilation",
        ),
        Lens(
            "signal thinned out",
            lambda x, kernel, stride: correlation(x[::stride], kernel),
            "the signal was thinned out before the convolution: the window should see every sample, and then step",
            "pass x whole, and window_strides=(stride,)",
        ),
        Lens(
            "flipped",
            lambda x, kernel, stride: correlation(x, kernel[::-1], stride=stride),
            "the kernel was flipped",
            UNFLIPPED,
        ),
        Lens(
            "SAME instead of VALID",
            lambda x, kernel, stride: correlation(x, kernel, *_same_ends(x, kernel, stride), stride=stride),
            'your result has ceil(L / stride) outputs: it was padded with "SAME"',
            'padding="VALID"',
        ),
        Lens(
            "signal spread",
            lambda x, kernel, stride: correlation(spread(x, stride), kernel),
            "zeros were put between the samples: this is lhs_dilation, the way back up",
            "window_strides=(stride,), and no dilation",
        ),
    ),
)


def _same_ends(x: Any, kernel: Any, stride: int) -> tuple[int, int]:
    outputs = -(-x.shape[0] // stride)
    extra = max(0, (outputs - 1) * stride + kernel.shape[0] - x.shape[0])
    return extra // 2, extra - extra // 2


def _dilated_cases(random: Random) -> Iterator[Arguments]:
    for length, taps, dilation in ((5, 2, 2), (6, 3, 1), (9, 3, 3), (14, 3, 2), (33, 4, 5)):
        yield whole(random, length), whole(random, taps), dilation


DILATED = Grading(
    truth=lambda x, kernel, dilation: correlation(x, kernel, dilation=dilation),
    cases=_dilated_cases,
    sized=_sized_with_a_step,
    structure=uses("rhs_dilation"),
    lenses=(
        Lens(
            "dilation ignored",
            lambda x, kernel, dilation: correlation(x, kernel),
            "your taps are neighbours: the dilation was not used",
            "rhs_dilation=(dilation,)",
        ),
        Lens(
            "signal spread",
            lambda x, kernel, dilation: correlation(spread(x, dilation), kernel),
            "the signal was spread instead of the kernel: this is lhs_dilation",
            "rhs_dilation=(dilation,): rhs is the right-hand side, the kernel",
        ),
        Lens(
            "stride instead of dilation",
            lambda x, kernel, dilation: correlation(x, kernel, stride=dilation),
            "the windows step by `dilation`, and their taps are neighbours: this is a stride",
            "window_strides=(1,), rhs_dilation=(dilation,)",
        ),
        Lens(
            "off by one in the dilation",
            lambda x, kernel, dilation: correlation(x, kernel, dilation=dilation + 1),
            "your taps are dilation + 1 samples apart",
            "rhs_dilation counts samples from tap to tap, not the holes between them: 1 means no hole",
        ),
        Lens(
            "flipped",
            lambda x, kernel, dilation: correlation(x, kernel[::-1], dilation=dilation),
            "the kernel was flipped",
            UNFLIPPED,
        ),
    ),
)


def _causal(x: Any, kernel: Any) -> Any:
    return correlation(x, kernel, kernel.shape[0] - 1)


CAUSAL = Grading(
    truth=_causal,
    cases=pairs,
    sized=pair,
    lenses=(
        Lens(
            "looks into the future",
            lambda x, kernel: correlation(x, kernel, 0, kernel.shape[0] - 1),
            "the zeros went after the signal: output i sees samples that come after x[i]",
            "padding is (before, after): [(K - 1, 0)]",
        ),
        Lens(
            "SAME instead of CAUSAL",
            same,
            'half of the zeros went to each end ("SAME"): output i sees samples that come after x[i]',
            "all K - 1 zeros go before the signal: padding=[(K - 1, 0)]",
        ),
        Lens(
            "VALID instead of CAUSAL",
            correlation,
            "your result lacks the first K - 1 outputs: nothing was padded",
            "padding=[(K - 1, 0)]",
        ),
        Lens(
            "flipped",
            lambda x, kernel: _causal(x, kernel[::-1]),
            "the kernel was flipped: your result is numpy.convolve(x, kernel)[:L], and here the last tap meets x[i]",
            UNFLIPPED,
        ),
        Lens(
            "one zero too many",
            lambda x, kernel: correlation(x, kernel, kernel.shape[0]),
            "K zeros were added, so the result has one output too many, a sample late",
            "padding=[(K - 1, 0)]",
        ),
        Lens(
            "one sample late",
            lambda x, kernel: correlation(x, kernel, kernel.shape[0])[: x.shape[0]],
            "output i sees only what comes before x[i]: K zeros were added",
            "padding=[(K - 1, 0)], so that the last tap meets x[i]",
        ),
    ),
)


def _circular(x: Any, kernel: Any) -> Any:
    return correlation(np.concatenate([x, x[: kernel.shape[0] - 1]]), kernel)


def _wrapped(x: Any, before: int, after: int) -> Any:
    return np.concatenate([x[x.shape[0] - before :], x, x[:after]])


CIRCULAR = Grading(
    truth=_circular,
    cases=pairs,
    sized=pair,
    lenses=(
        Lens(
            "zeros instead of the ring",
            lambda x, kernel: correlation(x, kernel, 0, kernel.shape[0] - 1),
            "after the last sample your signal goes on with zeros, and not with its start",
            "append the first K - 1 samples: jnp.concatenate([x, x[:K - 1]])",
        ),
        Lens(
            "wrapped at the wrong end",
            lambda x, kernel: correlation(_wrapped(x, kernel.shape[0] - 1, 0), kernel),
            "the end of the signal was put before its start: your result is turned round the ring by K - 1",
            "window i starts at x[i], so that the missing samples come after the end: x[:K - 1]",
        ),
        Lens(
            "wrapped at both ends",
            lambda x, kernel: correlation(_wrapped(x, (kernel.shape[0] - 1) // 2, kernel.shape[0] // 2), kernel),
            "the signal was continued at both ends: your result is turned round the ring by half of the kernel",
            "window i starts at x[i]: continue the signal after its end only",
        ),
        Lens(
            "VALID instead of CIRCULAR",
            correlation,
            "your result lacks the last K - 1 windows, those that go round",
            "append the first K - 1 samples: jnp.concatenate([x, x[:K - 1]])",
        ),
        Lens(
            "one sample too many",
            lambda x, kernel: correlation(_wrapped(x, 0, kernel.shape[0]), kernel),
            "K samples were appended, and K - 1 are needed: the first window comes twice",
            "x[:K - 1]",
        ),
        Lens(
            "flipped",
            lambda x, kernel: np.real(np.fft.ifft(np.fft.fft(x) * np.fft.fft(padded(kernel, 0, x.size - kernel.size)))),
            "your result is the circular convolution, as a product of Fourier transforms gives it: kernel flipped",
            "use lax.conv_general_dilated, which does not flip",
        ),
    ),
)


def _mean(signals: Any, width: int) -> Any:
    return windows(signals, width).mean(-1)


def _average_cases(random: Random) -> Iterator[Arguments]:
    for count, length, width in ((2, 4, 2), (1, 5, 1), (3, 7, 3), (4, 12, 4)):
        yield whole(random, count, length), width


MOVING_AVERAGE = Grading(
    truth=_mean,
    cases=_average_cases,
    sized=lambda random, length: (whole(random, 3, length), 4),
    structure=one_convolution,
    lenses=(
        Lens(
            "sum instead of mean",
            lambda signals, width: windows(signals, width).sum(-1),
            "your result is the sum of `width` samples: the taps are 1, and they should be 1 / width",
            "jnp.full(width, 1 / width, signals.dtype)",
        ),
        Lens(
            "SAME instead of VALID",
            lambda signals, width: same(signals, np.full(width, 1 / width)),
            "your result is as long as the signals: zeros were added, and the ends are averages with zeros",
            'padding="VALID"',
        ),
        Lens(
            "wrong axis",
            lambda signals, width: np.moveaxis(_mean(signals.T, width), -1, 0),
            "the average runs over the signals, and not along them",
            "a signal is a row: jax.vmap(of_one)(signals) maps over the rows",
        ),
        Lens(
            "signals added up",
            lambda signals, width: _mean(signals, width).sum(0),
            "all signals were added up: they were taken for channels of one signal",
            "the signals are the batch: signals[:, None, :] has the shape (M, 1, L)",
        ),
        Lens(
            "only the first signal",
            lambda signals, width: _mean(signals, width)[0],
            "your result is that of the first signal only",
            "keep the batch axis: y[:, 0], not y[0, 0]",
        ),
        Lens(
            "transposed axes",
            lambda signals, width: _mean(signals, width).T,
            "the values are right, but the axes are exchanged: signals should be rows",
            "jax.vmap puts its axis first; leave it there (out_axes=0)",
        ),
    ),
)

WINDOWS = {
    "strided": STRIDED,
    "dilated": DILATED,
    "causal": CAUSAL,
    "circular": CIRCULAR,
    "moving_average": MOVING_AVERAGE,
}
