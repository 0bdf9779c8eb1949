"""The layers' definitions as NumPy loops, written from the formulas in their docstrings; nothing here imports JAX."""

from __future__ import annotations

import numpy as np

__all__ = ["convolution", "random", "transposed_convolution"]

Array = np.ndarray


def random(*shape: int, seed: int = 0, dtype: str = "float64") -> Array:
    """Normal numbers, or integers from -4 to 5, that depend on shape and seed only."""
    rng = np.random.default_rng([seed, *shape])
    if np.dtype(dtype).kind in "iu":
        return rng.integers(0 if np.dtype(dtype).kind == "u" else -4, 6, shape).astype(dtype)
    values = rng.normal(size=shape)
    return (values + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else values).astype(dtype)


def convolution(
    x: Array,
    w: Array,
    bias: Array | None = None,
    *,
    stride: int = 1,
    ends: tuple[int, int] = (0, 0),
    mode: str = "constant",
    dilation: int = 1,
    groups: int = 1,
) -> Array:
    """y[n, o, i] = bias[o] + sum over c, k of w[o, c, k] * z[n, c, i * stride + k * dilation], channels first.

    Args:
        x: Data (batch, channels, length).
        w: Kernel (features, channels / groups, taps).
        bias: One number per feature.
        stride: Samples between windows.
        ends: Samples added before and after; negative ones are taken away.
        mode: numpy.pad's word for what is added.
        dilation: Samples between taps.
        groups: Groups of channels and features.
    """
    before, after = ends
    z = np.pad(x, [(0, 0), (0, 0), (max(before, 0), max(after, 0))], mode=mode)
    z = z[:, :, max(0, -before) : z.shape[2] - max(0, -after)]
    features, inner, taps = w.shape
    outputs = (z.shape[2] - (taps - 1) * dilation - 1) // stride + 1
    y = np.zeros((x.shape[0], features, outputs), np.result_type(x, w))
    for o in range(features):
        first = o // (features // groups) * inner
        for i in range(outputs):
            for k in range(taps):
                y[:, o, i] += z[:, first : first + inner, i * stride + k * dilation] @ w[o, :, k]
    return y if bias is None else y + np.reshape(bias, (-1, 1))


def transposed_convolution(
    x: Array,
    w: Array,
    bias: Array | None = None,
    *,
    stride: int = 1,
    cut: tuple[int, int] = (0, 0),
    extra: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Array:
    """y[n, o, i * stride + k * dilation - before] += x[n, c, i] * w[c, o, k], plus bias[o], channels first.

    Args:
        x: Data (batch, channels, length).
        w: Kernel (channels, features / groups, taps).
        bias: One number per feature.
        stride: Distance that the samples are spread to.
        cut: Outputs taken away before and after; negative ones are zeros added.
        extra: Outputs kept beyond that at the end.
        dilation: Samples between taps.
        groups: Groups of channels and features.
    """
    batch, channels, length = x.shape
    _, group_features, taps = w.shape
    features, group_channels = group_features * groups, channels // groups
    before, after = cut
    outputs = (length - 1) * stride - before - after + (taps - 1) * dilation + 1 + extra
    y = np.zeros((batch, features, outputs), np.result_type(x, w))
    for c in range(channels):
        for i in range(length):
            for k in range(taps):
                place = i * stride + k * dilation - before
                if 0 <= place < outputs:
                    for o in range(group_features):
                        y[:, c // group_channels * group_features + o, place] += x[:, c, i] * w[c, o, k]
    return y if bias is None else y + np.reshape(bias, (-1, 1))
