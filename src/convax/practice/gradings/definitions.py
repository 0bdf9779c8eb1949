"""Convolutions written from the definition of the window, in NumPy: what truths and mistakes are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["correlation", "layer", "padded", "spread", "windows"]


def padded(x: Any, before: int, after: int) -> Any:
    """Zeros at both ends of the last axis."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(before, after)])


def windows(x: Any, taps: int, stride: int = 1, dilation: int = 1) -> Any:
    """Every window of the last axis, as a new last axis.

    >>> windows(np.arange(5), 2, stride=2)
    array([[0, 1],
           [2, 3]])
    """
    reach = (taps - 1) * dilation + 1
    if reach > x.shape[-1]:
        return np.zeros((*x.shape[:-1], 0, taps), x.dtype)
    views = np.lib.stride_tricks.sliding_window_view(x, reach, axis=-1)
    return views[..., ::stride, ::dilation]


def correlation(x: Any, kernel: Any, before: int = 0, after: int = 0, stride: int = 1, dilation: int = 1) -> Any:
    """One kernel over the last axis of a signal.

    >>> correlation(np.arange(5), np.array([1, 0, -1]), before=1)
    array([-1, -2, -2, -2])
    """
    return windows(padded(x, before, after), kernel.shape[0], stride, dilation) @ kernel


def layer(x: Any, w: Any) -> Any:
    """(N, C, L) and (O, C, K) to (N, O, L - K + 1)."""
    return np.einsum("nclk,ock->nol", windows(x, w.shape[-1]), w)


def spread(x: Any, stride: int) -> Any:
    """stride - 1 zeros between two samples.

    >>> spread(np.array([1, 2]), 3)
    array([1, 0, 0, 2])
    """
    result = np.zeros((x.shape[0] - 1) * stride + 1, x.dtype)
    result[::stride] = x
    return result
