"""Contenders without JAX: NumPy's and SciPy's calls for one signal, or signal by signal where kernels differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cases import Case

__all__ = [
    "forward_signals",
    "fourier_seconds",
    "numpy_correlate",
    "numpy_seconds",
    "scipy_correlate",
    "scipy_oaconvolve",
]


def numpy_correlate(case: Case, operands: list[np.ndarray]) -> Callable[[], Any]:
    """numpy.correlate."""
    return _each(case, operands, lambda x, w: np.correlate(x, w, case.mode))


def scipy_correlate(case: Case, operands: list[np.ndarray]) -> Callable[[], Any]:
    """scipy.signal.correlate, method "auto"."""
    from scipy.signal import correlate

    return _each(case, operands, lambda x, w: correlate(x, w, case.mode, method="auto"))


def scipy_oaconvolve(case: Case, operands: list[np.ndarray]) -> Callable[[], Any]:
    """scipy.signal.oaconvolve with the flipped kernel; it takes all pairs at once."""
    from scipy.signal import oaconvolve

    x, w = operands
    flipped = np.ascontiguousarray(w[..., ::-1])
    return lambda: oaconvolve(x, flipped, case.mode, axes=-1)


def forward_signals(case: Case) -> bool:
    """Signals, forward."""
    return case.operation in ("signal", "examples") and not case.gradients


def numpy_seconds(case: Case) -> float:
    """Rough."""
    return case.multiply_adds * 1e-10


def fourier_seconds(case: Case) -> float:
    """Rough."""
    return case.batch * case.length * math.log2(case.length + 1) * 1e-8


def _each(
    case: Case, operands: list[np.ndarray], one: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Callable[[], Any]:
    x, w = operands
    if case.operation == "signal":
        return lambda: one(x, w)
    return lambda: [one(signal, kernel) for signal, kernel in zip(x, w, strict=True)]
