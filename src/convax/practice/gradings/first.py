"""How the first exercises are judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convax.practice.grading import Arguments, Grading, Lens, Meant, Random, whole
from convax.practice.gradings.definitions import correlation

__all__ = ["FIRST", "pair", "pairs", "same"]


def same(x: Any, kernel: Any) -> Any:
    """SAME padding, as lax pads."""
    extra = kernel.shape[0] - 1
    return correlation(x, kernel, extra // 2, extra - extra // 2)


def full(x: Any, kernel: Any) -> Any:
    """All partial overlaps, nothing flipped."""
    extra = kernel.shape[0] - 1
    return correlation(x, kernel, extra, extra)


def pairs(random: Random) -> Iterator[Arguments]:
    """A signal and a kernel: the smallest that tell mistakes apart, one tap, as long as each other, longer ones."""
    for length, taps in ((4, 2), (5, 1), (4, 4), (7, 3), (12, 5), (33, 8)):
        yield whole(random, length), whole(random, taps)


def pair(random: Random, length: int) -> Arguments:
    """A signal and three taps."""
    return whole(random, length), np.asarray([1, 2, -1], np.float32)


def _one_signal(x: Any, kernel: Any) -> Meant:
    return Meant((1, 1, x.shape[0]), (1, 1, kernel.shape[0]))


VALID_REPAIR = 'padding="VALID" adds nothing: only whole windows count, L - K + 1 of them'
UNFLIPPED = "lax.conv_general_dilated does not flip: pass the kernel as it is, without [::-1]"

CONV1D_BASIC = Grading(
    truth=correlation,
    cases=pairs,
    sized=pair,
    meant=_one_signal,
    lenses=(
        Lens(
            "flipped",
            lambda x, kernel: correlation(x, kernel[::-1]),
            'your result equals numpy.convolve(x, kernel, mode="valid"): the kernel was flipped',
            UNFLIPPED,
        ),
        Lens(
            "SAME instead of VALID",
            same,
            'your result equals padding="SAME": zeros were added at both ends, so that it is as long as x',
            VALID_REPAIR,
        ),
        Lens(
            "FULL instead of VALID",
            full,
            "your result has the partial overlaps too: the kernel sticks out by K - 1 samples at each end",
            VALID_REPAIR,
        ),
        Lens(
            "flipped and SAME",
            lambda x, kernel: np.convolve(x, kernel, "full")[(kernel.shape[0] - 1) // 2 :][: x.shape[0]],
            'your result equals numpy.convolve(x, kernel, mode="same"): the kernel was flipped, and zeros were added',
            f"{UNFLIPPED}; {VALID_REPAIR}",
        ),
        Lens(
            "flipped and FULL",
            lambda x, kernel: np.convolve(x, kernel),
            "your result equals numpy.convolve(x, kernel): the kernel was flipped, and partial overlaps are in it",
            f"{UNFLIPPED}; {VALID_REPAIR}",
        ),
        Lens(
            "CAUSAL instead of VALID",
            lambda x, kernel: correlation(x, kernel, kernel.shape[0] - 1),
            "your result has K - 1 outputs too many at the start: zeros were added before the signal",
            VALID_REPAIR,
        ),
        Lens(
            "swapped operands",
            lambda x, kernel: correlation(x, kernel)[::-1],
            "your result is right but backwards: the operands were swapped, as in numpy.correlate(kernel, x)",
            "the signal comes first: (x, kernel)",
        ),
        Lens(
            "swapped operands",
            lambda x, kernel: correlation(kernel, x),
            "the operands were swapped: your signal slides over the kernel, and does not fit",
            "the signal comes first: (x, kernel)",
        ),
        Lens(
            "signal flipped",
            lambda x, kernel: correlation(x[::-1], kernel),
            "your result is what comes out when the signal is turned round first",
            "pass x as it is, without [::-1]",
        ),
    ),
)

SAME_LENGTH = Grading(
    truth=same,
    cases=pairs,
    sized=pair,
    lenses=(
        Lens(
            "VALID instead of SAME",
            correlation,
            "your result is shorter than x: nothing was padded (VALID)",
            'padding="SAME" adds K - 1 zeros, half of them at each end',
        ),
        Lens(
            "FULL instead of SAME",
            full,
            "your result is longer than x: K - 1 zeros were added at each end, and they should be K - 1 in all",
            'padding="SAME", or [((K - 1) // 2, K // 2)]',
        ),
        Lens(
            "extra zero at the wrong end",
            lambda x, kernel: correlation(x, kernel, kernel.shape[0] // 2, (kernel.shape[0] - 1) // 2),
            "your result is right for odd K only: with an even K the extra zero went before the signal (SAME_LOWER)",
            "before = (K - 1) // 2, after = K // 2",
        ),
        Lens(
            "flipped",
            lambda x, kernel: same(x, kernel[::-1]),
            "the kernel was flipped",
            UNFLIPPED,
        ),
        Lens(
            "CAUSAL instead of SAME",
            lambda x, kernel: correlation(x, kernel, kernel.shape[0] - 1),
            "all K - 1 zeros went before the signal: your result lags behind",
            "half of the zeros go to each end",
        ),
        Lens(
            "K zeros instead of K - 1",
            lambda x, kernel: correlation(x, kernel, kernel.shape[0] // 2, kernel.shape[0] // 2),
            "your result is right for odd K only: with an even K it is one longer than x, for K // 2 zeros at each "
            "end are K in all",
            "before = (K - 1) // 2, after = K // 2",
        ),
    ),
)

TRUE_CONVOLUTION = Grading(
    truth=lambda x, kernel: np.convolve(x, kernel),
    cases=pairs,
    sized=pair,
    lenses=(
        Lens(
            "not flipped",
            full,
            'your result equals numpy.correlate(x, kernel, mode="full"): the kernel was not flipped',
            "lax.conv_general_dilated does not flip: pass kernel[::-1]",
        ),
        Lens(
            "signal flipped",
            lambda x, kernel: full(x[::-1], kernel),
            "your result runs backwards: the signal was turned round instead of the kernel",
            "x as it is, kernel[::-1]",
        ),
        Lens(
            "VALID instead of FULL",
            lambda x, kernel: correlation(x, kernel[::-1]),
            "your result lacks the partial overlaps: nothing was padded (VALID)",
            "padding=[(K - 1, K - 1)]",
        ),
        Lens(
            "SAME instead of FULL",
            lambda x, kernel: same(x, kernel[::-1]),
            'your result lacks some of the partial overlaps: it was padded with "SAME"',
            "padding=[(K - 1, K - 1)]",
        ),
        Lens(
            "not flipped and VALID",
            correlation,
            "your result is conv1d_basic's: the kernel was not flipped, and nothing was padded",
            "kernel[::-1], and padding=[(K - 1, K - 1)]",
        ),
        Lens(
            "padded by K",
            lambda x, kernel: correlation(x, kernel[::-1], kernel.shape[0], kernel.shape[0]),
            "your result has a zero too many at each end: K zeros were added, and K - 1 suffice",
            "padding=[(K - 1, K - 1)]",
        ),
    ),
)

FIRST = {"conv1d_basic": CONV1D_BASIC, "same_length": SAME_LENGTH, "true_convolution": TRUE_CONVOLUTION}
