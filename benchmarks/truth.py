"""The results of a case in float64 (exact for integers), by NumPy and SciPy, for the errors beside the speeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from benchmarks.cases import SCALE_IN_SCAN, Case

__all__ = ["AFFORDABLE", "error", "truth"]

Array = np.ndarray
# Products beyond which the truth is not worth its minutes; FFTs, which spare them, are always affordable.
AFFORDABLE = 2e10
AFFORDABLE_ON_GPU = 4e8  # where the host takes its time for a case that the device does not
# From as many taps on, convolutions without a sum over channels go through SciPy's FFT in float64.
MANY_TAPS = 200
_WIDE = {"f": np.float64, "c": np.complex128, "i": np.int64, "V": np.float64}


def truth(case: Case, operands: Sequence[Array]) -> list[Array] | None:
    """The result; for gradients, the sum of its squares and the gradients by data and kernels; None where too dear.

    Args:
        case: What is computed.
        operands: Of `Case.shapes`, in any type; what is exact is meant with respect to their rounded values.
    """
    x, *kernels = (operand.astype(_WIDE[operand.dtype.kind]) for operand in operands)
    steps = _steps(case, kernels)
    if case.multiply_adds > (AFFORDABLE if jax.default_backend() == "cpu" else AFFORDABLE_ON_GPU) and not all(
        step.by_fourier for step in steps
    ):
        return None
    y, inputs = x, []
    for _ in range(max(1, case.scanned)):
        for step in steps:
            inputs.append(step.lifted(y, step.incoming))
            y = step.forward(inputs[-1])
        y = y * SCALE_IN_SCAN if case.scanned else y
    if not case.gradients:
        axes = {1: (), 2: (case.batch,), 3: (case.batch, case.features)}[x.ndim]
        return [y.reshape(*axes, -1)]
    g, gradients = 2 * np.conj(y), [np.zeros(step.w.shape, step.w.dtype) for step in steps]
    for _ in range(max(1, case.scanned)):
        g = g * SCALE_IN_SCAN if case.scanned else g
        for place in reversed(range(len(steps))):
            step = steps[place]
            g = step.lifted(g, step.outgoing)
            gradients[place] = gradients[place] + step.kernel_gradient(inputs.pop(), g)
            g = step.backward(g)
    loss = np.sum(y.real**2 + y.imag**2)
    return [loss, *(array.reshape(shape) for array, shape in zip([g, *gradients], case.shapes, strict=True))]


def error(found: Sequence[Any], exact: Sequence[Array]) -> float:
    """The largest error of any result, relative to the largest magnitude of that result."""
    worst = 0.0
    for mine, true in zip(found, exact, strict=True):
        array = np.asarray(mine)
        if array.dtype.kind == "i":
            true = true.astype(array.dtype)
        difference = np.abs(array.astype(_WIDE[array.dtype.kind]) - true).max(initial=0)
        worst = max(worst, float(difference / max(np.abs(true).max(initial=0), 1e-300)))
    return worst


@dataclasses.dataclass(frozen=True)
class _Step:
    """One convolution: data (batch, groups, channels, length), kernel (groups, features, channels, taps).

    `transposed` exchanges the forward computation with the gradient by the data; features are then the data's.
    """

    w: Array
    length: int
    stride: int = 1
    dilation: int = 1
    padding: tuple[int, int] = (0, 0)
    transposed: bool = False

    @property
    def output(self) -> int:
        """Windows of the convolution that is not transposed."""
        reach = (self.w.shape[3] - 1) * self.dilation + 1
        return (sum(self.padding) + self.length - reach) // self.stride + 1

    @property
    def by_fourier(self) -> bool:
        """Whether FFTs compute it."""
        depthwise = self.w.shape[1] == self.w.shape[2] == 1
        return depthwise and self.stride == self.dilation == 1 and self.w.shape[3] >= MANY_TAPS

    @property
    def incoming(self) -> int:
        """Channels of a group that the step takes."""
        return self.w.shape[1 if self.transposed else 2]

    @property
    def outgoing(self) -> int:
        """Channels of a group that the step makes."""
        return self.w.shape[2 if self.transposed else 1]

    def lifted(self, x: Array, channels: int) -> Array:
        """Data of any number of axes with four."""
        return x.reshape(-1, self.w.shape[0], channels, x.shape[-1])

    def forward(self, x: Array) -> Array:
        """The result."""
        return self._spread(x) if self.transposed else self._slide(x)

    def backward(self, g: Array) -> Array:
        """The gradient by the data."""
        return self._slide(g) if self.transposed else self._spread(g)

    def kernel_gradient(self, x: Array, g: Array) -> Array:
        """The gradient by the kernel."""
        long, short = (g, x) if self.transposed else (x, g)
        long, gradient = self._padded(long), np.zeros(self.w.shape, short.dtype)
        if self.by_fourier:
            from scipy.signal import oaconvolve

            return oaconvolve(long, short[..., ::-1], "valid", axes=-1).sum(0)[:, None]
        for tap in range(self.w.shape[3]):
            window = self._window(long, tap)
            if self.w.shape[1] == self.w.shape[2] == 1:
                gradient[..., tap] = (window * short).sum((0, 3))[..., None]
            else:
                gradient[..., tap] = (short @ window.swapaxes(2, 3)).sum(0)
        return gradient

    def _slide(self, x: Array) -> Array:
        x = self._padded(x)
        if self.by_fourier:
            from scipy.signal import oaconvolve

            return oaconvolve(x, self.w[None, :, 0, :, ::-1], "valid", axes=-1)
        y = np.zeros((*x.shape[:2], self.w.shape[1], self.output), x.dtype)
        for tap in range(self.w.shape[3]):
            y += _mixed(self.w[..., tap], self._window(x, tap))
        return y

    def _spread(self, g: Array) -> Array:
        before, after = self.padding
        if self.by_fourier:
            from scipy.signal import oaconvolve

            return oaconvolve(g, self.w[None, :, 0], "full", axes=-1)[..., before : before + self.length]
        x = np.zeros((*g.shape[:2], self.w.shape[2], before + self.length + after), g.dtype)
        for tap in range(self.w.shape[3]):
            self._window(x, tap)[...] += _mixed(self.w[..., tap].swapaxes(1, 2), g)
        return x[..., before : before + self.length]

    def _padded(self, x: Array) -> Array:
        return np.pad(x, [(0, 0)] * 3 + [self.padding])

    def _window(self, x: Array, tap: int) -> Array:
        start = tap * self.dilation
        return x[..., start : start + (self.output - 1) * self.stride + 1 : self.stride]


def _mixed(w: Array, x: Array) -> Array:
    """The product (groups, out, in) @ (batch, groups, in, length); a plain one where there is nothing to sum."""
    return w * x if w.shape[1:] == (1, 1) else w @ x


def _steps(case: Case, kernels: Sequence[Array]) -> list[_Step]:
    """The convolutions that the case chains."""
    geometry = case.geometry
    if case.operation == "transposed":
        w = kernels[0].reshape(case.groups, -1, *kernels[0].shape[1:])
        return [_Step(w, geometry.output, case.stride, case.dilation, transposed=True)]
    groups = case.batch if case.operation == "examples" else case.groups
    first = kernels[0].reshape(groups, -1, 1 if kernels[0].ndim < 3 else kernels[0].shape[1], case.taps)
    steps = [_Step(first, case.length, case.stride, case.dilation, geometry.padding)]
    return steps + [_Step(kernel[None], geometry.output) for kernel in kernels[1:]]
