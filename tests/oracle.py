"""The one slow truth: convolution as loops over the definition of the window, in NumPy and Python integers.

Nothing here is taken from the library but the plain fields of a `ConvSpec` (lengths, steps, counts, letters): the
lengths of outputs, groups and scales of error are worked out again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from convax.core import ConvSpec, DType

__all__ = ["convolve", "direct_scale", "fourier_scale", "touched"]

Array = np.ndarray


def convolve(x: Any, w: Any, spec: ConvSpec) -> Array:
    """The convolution: exact for integers and bool, in float64 or complex128 for the others.

    Args:
        x: Data, in the layout of `spec`.
        w: Kernel, in the layout of `spec`.
        spec: The convolution.

    Returns:
        The result in the layout of `spec`. Integers are of the result's own type, reduced modulo its width;
        floats are not rounded to it.
    """
    data, kernel = _operands(x, w, spec)
    with np.errstate(all="ignore"):
        return _narrowed(_arranged(_sums(data, kernel, spec), "NCH", spec.layout.out), spec)


def direct_scale(x: Any, w: Any, spec: ConvSpec) -> Array:
    """sum |x| |w| for each output: what a rounding error of a direct sum is measured by."""
    data, kernel = _operands(x, w, spec)
    sums = _sums(np.abs(data).astype(np.float64), np.abs(kernel).astype(np.float64), spec)
    return _arranged(sums, "NCH", spec.layout.out)


def fourier_scale(x: Any, w: Any, spec: ConvSpec) -> Array:
    """log2(N) ||x|| ||w|| for each output: a transform spreads rounding errors over all of its samples."""
    data, kernel = _operands(x, w, spec)
    points = math.log2(max(2, _slid(data[:1, 0], spec).shape[-1])) if data.size else 1.0
    scale = np.zeros(_sums(data, kernel, spec).shape)
    for row, feature, signals in _meetings(spec):
        norms = np.linalg.norm(data[signals]), np.linalg.norm(kernel[feature])
        scale[row, feature] = points * norms[0] * norms[1]
    return _arranged(scale, "NCH", spec.layout.out)


def touched(marked: Array, spec: ConvSpec) -> Array:
    """Outputs whose window holds a marked sample of the data."""
    plain = dataclasses.replace(spec, dtype=DType("bool"), out_dtype=None)
    return convolve(marked, np.ones(_kernel_shape(spec), bool), plain)


def _kernel_shape(spec: ConvSpec) -> tuple[int, ...]:
    sizes = {"O": spec.features, "I": spec.channels // spec.feature_groups, "H": spec.geometry.taps}
    return tuple(sizes[letter] for letter in spec.layout.kernel)


def _operands(x: Any, w: Any, spec: ConvSpec) -> tuple[Array, Array]:
    """Data as (batch, channels, length) and kernel as (features, channels, taps), in types that do not round."""
    exact = {"f": np.float64, "c": np.complex128}.get(_kind(x), object)
    data, kernel = (np.asarray(array).astype(exact) for array in (x, w))
    return _arranged(data, spec.layout.data, "NCH"), _arranged(kernel, spec.layout.kernel, "OIH")


def _kind(x: Any) -> str:
    name = np.asarray(x).dtype.name
    return "f" if name.startswith(("float", "bfloat")) else "c" if name.startswith("complex") else "i"


def _arranged(array: Array, have: str, want: str) -> Array:
    return array.transpose([have.index(letter) for letter in want])


def _meetings(spec: ConvSpec) -> Iterator[tuple[int, int, tuple[int, slice]]]:
    """Each (row, feature) of the output, with the (signal, channels) of the data that it is made of."""
    rows = spec.batch // spec.batch_groups
    channels = spec.channels // spec.feature_groups
    for feature in range(spec.features):
        feature_group = feature // (spec.features // spec.feature_groups)
        batch_group = feature // (spec.features // spec.batch_groups)
        for row in range(rows):
            first = feature_group * channels
            yield row, feature, (batch_group * rows + row, slice(first, first + channels))


def _slid(signals: Array, spec: ConvSpec) -> Array:
    """The samples (channels, ...) that the window slides over: spread apart, then padded or trimmed."""
    geometry = spec.geometry
    channels, length = signals.shape
    spread = np.zeros((channels, (length - 1) * geometry.upsample + 1 if length else 0), signals.dtype)
    spread[:, :: geometry.upsample] = signals
    before, after = geometry.padding
    ends = [np.zeros((channels, max(0, amount)), signals.dtype) for amount in (before, after)]
    whole = np.concatenate([ends[0], spread, ends[1]], axis=1)
    return whole[:, max(0, -before) : max(0, whole.shape[1] - max(0, -after))]


def _sums(data: Array, kernel: Array, spec: ConvSpec) -> Array:
    """Output (row, feature, i): the products of the taps with the samples under them, summed."""
    geometry = spec.geometry
    starts: list[int] = []
    slid = _slid(np.zeros((1, geometry.length)), spec).shape[1]
    while len(starts) * geometry.stride + (geometry.taps - 1) * geometry.dilation < slid:
        starts.append(len(starts) * geometry.stride)
    result = np.zeros((spec.batch // spec.batch_groups, spec.features, len(starts)), data.dtype)
    for row, feature, signals in _meetings(spec):
        samples = _slid(data[signals], spec)
        for index, start in enumerate(starts):
            window = samples[:, start :: geometry.dilation][:, : geometry.taps]
            result[row, feature, index] = (window * kernel[feature]).sum()
    return result


def _narrowed(sums: Array, spec: ConvSpec) -> Array:
    """Integers modulo the width of the result; bool as "any"."""
    if sums.dtype != object:
        return sums
    result = np.dtype((spec.out_dtype or spec.dtype).name)
    if result.kind == "b":
        return (sums != 0).astype(bool)
    if result.kind not in "iu":
        return sums.astype(np.float64)
    modulus = 1 << (8 * result.itemsize)
    wrapped = [int(value) % modulus for value in sums.ravel()]
    if result.kind == "i":
        wrapped = [value - modulus if value >= modulus // 2 else value for value in wrapped]
    return np.array(wrapped, dtype=result).reshape(sums.shape)
