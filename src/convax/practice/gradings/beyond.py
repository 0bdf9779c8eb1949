"""How the last exercises are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convax.practice.grading import Arguments, Grading, Lens, Meant, Random, whole
from convax.practice.gradings.definitions import correlation
from convax.practice.gradings.first import UNFLIPPED, pairs, same
from convax.practice.gradings.structures import one_convolution, short_transforms

__all__ = ["BEYOND"]


def _gradient_cases(random: Random) -> Iterator[Arguments]:
    """A signal and the gradient of its outputs; few outputs and many."""
    for length, outputs in ((3, 2), (5, 1), (4, 4), (7, 5), (12, 9), (20, 4)):
        yield whole(random, length), whole(random, outputs)


KERNEL_GRADIENT = Grading(
    truth=correlation,
    cases=_gradient_cases,
    sized=lambda random, length: (whole(random, length), whole(random, length - 2)),
    meant=lambda x, g: Meant((1, 1, x.shape[0]), (1, 1, g.shape[0])),
    structure=one_convolution,
    lenses=(
        Lens(
            "flipped",
            lambda x, g: correlation(x, g[::-1]),
            "g was flipped: in the formula both indices, of x and of g, go up",
            "pass g as it is",
        ),
        Lens(
            "gradient reversed",
            lambda x, g: correlation(x, g)[::-1],
            "your gradient is backwards: d[0] belongs to the first tap",
            "let g slide over x, and return the result as it comes",
        ),
        Lens(
            "gradient of the signal",
            lambda x, g: np.convolve(x, g),
            "your result has L + len(g) - 1 samples: this is a full convolution, and the kernel has only K taps",
            'padding="VALID"',
        ),
        Lens(
            "SAME instead of VALID",
            same,
            "your result is as long as x, and the kernel has only K taps: it was padded",
            'padding="VALID"',
        ),
    ),
)

INPUT_GRADIENT = Grading(
    truth=lambda g, kernel: np.convolve(g, kernel),
    cases=pairs,
    sized=lambda random, length: (whole(random, length), np.asarray([1, 2, -1], np.float32)),
    structure=one_convolution,
    lenses=(
        Lens(
            "not flipped",
            lambda g, kernel: correlation(g, kernel, kernel.shape[0] - 1, kernel.shape[0] - 1),
            "the kernel was not flipped: in the formula one index goes up where the other goes down",
            "kernel[::-1]",
        ),
        Lens(
            "VALID instead of FULL",
            lambda g, kernel: correlation(g, kernel[::-1]),
            "your gradient is shorter than the signal: every sample of x has one, also those that few windows saw",
            "padding=[(K - 1, K - 1)]",
        ),
        Lens(
            "SAME instead of FULL",
            lambda g, kernel: same(g, kernel[::-1]),
            "your gradient is as long as g, and x is longer by K - 1 samples",
            "padding=[(K - 1, K - 1)]",
        ),
        Lens(
            "the forward convolution",
            correlation,
            "your result is conv1d_basic(g, kernel): the way forward, and the gradient goes back",
            "flip the kernel, and pad by K - 1 at each end",
        ),
    ),
)


def _stack(
    x: Any,
    kernels: Any,
    dilation: Callable[[int], int] = lambda d: 2**d,
    activations: str = "between",
    flip: bool = False,
    ends: Callable[[int], tuple[int, int]] = lambda extra: (extra, 0),
) -> Any:
    for d, kernel in enumerate(kernels):
        taps = kernel[::-1] if flip else kernel
        x = correlation(x, taps, *ends((kernel.shape[0] - 1) * dilation(d)), dilation=dilation(d))
        if activations == "all" or (activations == "between" and d + 1 < kernels.shape[0]):
            x = np.maximum(x, 0)
    return x


def _stack_cases(random: Random) -> Iterator[Arguments]:
    for length, depth, taps in ((4, 2, 2), (5, 1, 3), (8, 3, 2), (12, 2, 3), (24, 3, 3)):
        yield whole(random, length), whole(random, depth, taps)


CAUSAL_STACK = Grading(
    truth=_stack,
    cases=_stack_cases,
    sized=lambda random, length: (whole(random, length), whole(random, 2, 2)),
    lenses=(
        Lens(
            "dilation does not grow",
            lambda x, kernels: _stack(x, kernels, lambda d: 1),
            "every layer has neighbouring taps: the dilation should double from layer to layer",
            "layer d has rhs_dilation=(2**d,)",
        ),
        Lens(
            "dilation starts at 2",
            lambda x, kernels: _stack(x, kernels, lambda d: 2 ** (d + 1)),
            "your first layer has the dilation 2, and all are twice as wide as they should be",
            "layer d has the dilation 2**d, and d starts at 0",
        ),
        Lens(
            "dilation grows by one",
            lambda x, kernels: _stack(x, kernels, lambda d: d + 1),
            "your dilations are 1, 2, 3, ...; they should double: 1, 2, 4, ...",
            "layer d has the dilation 2**d",
        ),
        Lens(
            "relu after the last layer",
            lambda x, kernels: _stack(x, kernels, activations="all"),
            "there is a relu after the last layer: your result has no negative values",
            "relu stands between two layers only",
        ),
        Lens(
            "no relu",
            lambda x, kernels: _stack(x, kernels, activations="none"),
            "there is no relu between the layers: without one, a stack of layers is no more than one long kernel",
            "jax.nn.relu between two layers",
        ),
        Lens(
            "relu before the first layer",
            lambda x, kernels: _stack(np.maximum(x, 0), kernels),
            "there is a relu before the first layer: the negative samples of x are lost",
            "relu stands between two layers only",
        ),
        Lens(
            "looks into the future",
            lambda x, kernels: _stack(x, kernels, ends=lambda extra: (0, extra)),
            "the zeros went after the signal: output i sees samples that come after x[i]",
            "padding is (before, after): [((K - 1) * dilation, 0)]",
        ),
        Lens(
            "SAME instead of CAUSAL",
            lambda x, kernels: _stack(x, kernels, ends=lambda extra: (extra // 2, extra - extra // 2)),
            'half of the zeros went to each end ("SAME"): output i sees samples that come after x[i]',
            "padding=[((K - 1) * dilation, 0)]",
        ),
        Lens(
            "flipped",
            lambda x, kernels: _stack(x, kernels, flip=True),
            "the kernels were flipped: here the last tap meets the newest sample",
            UNFLIPPED,
        ),
        Lens(
            "padding does not grow",
            lambda x, kernels: _stack(x, kernels, ends=lambda extra: (kernels.shape[1] - 1, 0)),
            "your result is too short: each layer got K - 1 zeros, but a dilated kernel reaches further back",
            "padding=[((K - 1) * dilation, 0)]",
        ),
    ),
)


def _convolved(x: Any, kernel: Any, points: int) -> Any:
    return correlation(x, kernel[::-1])


def _blocks(x: Any, kernel: Any, points: int, first: int) -> Any:
    """Blocks every points - K + 1 samples, of each the results from `first` on."""
    taps, outputs = kernel.shape[0], x.shape[0] - kernel.shape[0] + 1
    step = points - taps + 1
    count = -(-outputs // step)
    x = np.pad(x, (0, count * step + taps))
    rows = x[np.arange(count)[:, None] * step + np.arange(points)]
    product = np.fft.rfft(rows, points) * np.fft.rfft(kernel, points)
    return np.fft.irfft(product, points)[:, first : first + step].ravel()[:outputs]


def _overlap_cases(random: Random) -> Iterator[Arguments]:
    for length, taps, points in ((4, 2, 3), (5, 1, 2), (6, 3, 8), (20, 4, 8), (37, 5, 16)):
        yield whole(random, length), whole(random, taps), points


OVERLAP_SAVE = Grading(
    truth=_convolved,
    cases=_overlap_cases,
    sized=lambda random, length: (whole(random, length), whole(random, 3), 8),
    dtypes=("float32", "float64"),
    structure=short_transforms,
    lenses=(
        Lens(
            "wrong samples saved",
            lambda x, kernel, points: _blocks(x, kernel, points, 0),
            "of each block you kept the first results, but these are the K - 1 that the circle has spoilt",
            "keep the last ones: block[K - 1:]",
        ),
        Lens(
            "correlation instead of convolution",
            lambda x, kernel, points: correlation(x, kernel),
            "your result is the cross-correlation: the kernel was turned round, or its transform conjugated",
            "the plain product of the two transforms is the convolution",
        ),
        Lens(
            "FULL instead of VALID",
            lambda x, kernel, points: np.convolve(x, kernel),
            "your result has the partial overlaps too",
            "start at the first window that fits: the result has L - K + 1 samples",
        ),
        Lens(
            "zeros kept at the end",
            lambda x, kernel, points: correlation(
                np.pad(x, (0, -(x.shape[0] - kernel.shape[0] + 1) % (points - kernel.shape[0] + 1))), kernel[::-1]
            ),
            "your result goes on where the last block was padded",
            "keep the first L - K + 1 results: y[:L - K + 1]",
        ),
    ),
)

BEYOND = {
    "kernel_gradient": KERNEL_GRADIENT,
    "input_gradient": INPUT_GRADIENT,
    "causal_stack": CAUSAL_STACK,
    "overlap_save": OVERLAP_SAVE,
}
