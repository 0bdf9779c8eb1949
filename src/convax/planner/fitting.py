"""Fit the model of a device to timings: solve for seconds per operation, keep what remains unexplained.

The model is linear: seconds = sum of counts times prices + bytes times prices + launches times price + a call. The
prices minimise the logarithm of estimate over measurement, one element type after the other. What no timing needed is
priced as in the file that ships, scaled to the speed of this device.

What XLA makes of a shape is much the same on each machine, and the shipped file knows it from far more timings than
anyone takes of a machine of their own. So those are first divided by its residuals, and what remains corrects them.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import jaxlib.version
import numpy as np

from convax.algorithms import Algorithm
from convax.algorithms.target import compiling_for
from convax.core.spec import ConvSpec
from convax.core.work import Work
from convax.planner.device import UNKNOWN, DeviceModel, device_name
from convax.planner.residuals import MACHINE, SHAPES, Prior, family_of, left_out, place, weighted

__all__ = ["MEMORY", "QUALITY", "Timing", "count", "fit"]

QUALITY = "expected of a convolution not timed / measured, at 5 %, 50 %, 95 %"  # the fit's quality, in its provenance
MEMORY = ("bytes", "far_bytes", "launch", "call")
# Where the search for a price begins that the shipped file says is nothing.
LITTLE = 1e-7
# The share of the time that an operation begins the search with, at least.
FELT = 0.03


@dataclasses.dataclass(frozen=True)
class Timing:
    """One measured run.

    Args:
        algorithm: What ran.
        spec: On what.
        seconds: What it took, as `race` says.
    """

    algorithm: Algorithm
    spec: ConvSpec
    seconds: float

    @property
    def work(self) -> Work:
        """What is counted, for the device that is compiled for."""
        return self.algorithm.total_work(self.spec)

    @property
    def dtype(self) -> str:
        """Type that sums were kept in."""
        return self.spec.accumulator.name

    def __str__(self) -> str:
        return f"{self.algorithm}: {self.spec}"


def fit(timings: Sequence[Timing], platform: str, *, anew: bool = False) -> dict[str, Any]:
    """The contents of a device file: prices, and how, where and when they were measured.

    The prices of memory and of a launch come from float32; those of operations from each element type.

    Args:
        timings: What was measured.
        platform: Where.
        anew: Whether the file is to stand alone, with residuals of its own, instead of correcting the one that ships:
            for another kind of device, or to ship.
    """
    shipped = DeviceModel.shipped(platform)
    known = {timing: 1.0 if anew else shipped.factor(timing.algorithm, timing.spec) for timing in timings}
    counted = functools.partial(count, cache=shipped.cache)
    with compiling_for(platform):
        works = {timing: timing.work for timing in timings}
    costs: dict[str, dict[str, float]] = {}
    shared: dict[str, float] = {}
    unexplained: dict[Timing, float] = {}
    for dtype in ("float32", "float64", "complex64", "int32"):
        chosen = [timing for timing in timings if timing.dtype == dtype]
        if not chosen:
            continue
        kinds = sorted({kind for timing in chosen for kind in works[timing].operations})
        names = kinds + ([] if shared else list(MEMORY))
        table = np.array([[counted(works[timing], name) for name in names] for timing in chosen])
        fixed = np.array([sum(counted(works[t], name) * price for name, price in shared.items()) for t in chosen])
        seconds = np.array([timing.seconds / known[timing] for timing in chosen])
        # The search begins with what is shipped.
        start = {name: getattr(shipped, name) or LITTLE for name in MEMORY} | dict(shipped.costs[dtype])
        prices = _solve(table, fixed, seconds, np.array([start.get(name, UNKNOWN) for name in names]))
        solution = dict(zip(names, prices.tolist(), strict=True))
        costs[dtype] = {kind: float(f"{solution[kind]:.4g}") for kind in kinds}
        shared = shared or {name: float(f"{solution[name]:.4g}") for name in MEMORY}
        logarithms = np.log(seconds / (table @ prices + fixed))
        unexplained |= zip(chosen, logarithms.tolist(), strict=True)
    if not costs:
        raise ValueError("no timing of float32, float64, complex64 or int32 to fit")
    taken_over = _complete(costs, shipped)
    by_family, prior = _residuals(unexplained), SHAPES if anew else MACHINE
    name = device_name(platform)
    provenance = {
        "how": "convax calibrate (least of some runs; robust fit of log(estimate / measured))",
        "device": name,
        "machine": name.split(", jaxlib")[0],
        "date": datetime.date.today().isoformat(),
        "jaxlib": jaxlib.version.__version__,
        "timings": len(timings),
        "upon": None if anew else shipped.provenance["date"],
        QUALITY: _quality(unexplained, by_family, prior),
        "not timed, taken from the shipped file and scaled": taken_over,
    }
    model = {"name": provenance["machine"], "provenance": provenance, **shared, "cache": shipped.cache, "costs": costs}
    rows = {family: weighted(some, prior) for family, some in by_family.items()}
    return model | {"residuals" if anew else "corrections": rows}


def _residuals(unexplained: Mapping[Timing, float]) -> dict[str, list[list[float]]]:
    """Coordinates and residual of each timing, by formulation."""
    rows: dict[str, list[list[float]]] = {}
    for timing, logarithm in unexplained.items():
        row = [*place(timing.algorithm, timing.spec), round(logarithm, 3)]
        rows.setdefault(family_of(timing.algorithm), []).append([int(x) if x == int(x) else x for x in row])
    return dict(sorted(rows.items()))


def _quality(
    unexplained: Mapping[Timing, float], rows: Mapping[str, list[list[float]]], prior: Prior
) -> dict[str, str]:
    """How near the estimate of a convolution is that was not timed itself, by element type."""
    timings: dict[str, list[Timing]] = {}
    for timing in unexplained:
        timings.setdefault(family_of(timing.algorithm), []).append(timing)
    errors: dict[str, list[float]] = {}
    for family, some in rows.items():
        without_its_spec = left_out(some, [timing.spec for timing in timings[family]], prior)
        for timing, error in zip(timings[family], without_its_spec.tolist(), strict=True):
            errors.setdefault(timing.dtype, []).append(error)
    return {
        dtype: " / ".join(f"{np.exp(-np.quantile(some, quantile)):.2f}" for quantile in (0.95, 0.5, 0.05))
        for dtype, some in sorted(errors.items())
    }


def _complete(costs: dict[str, dict[str, float]], shipped: DeviceModel) -> dict[str, list[str]]:
    """Add what was not timed, since an operation without a price would cost nothing; returns what was added.

    The shipped price is scaled by the mean ratio of the prices that both have: of this type, else of all types.
    """
    ratios = {
        dtype: [math.log(price / known[kind]) for kind, price in fitted.items() if known.get(kind)]
        for dtype, fitted in costs.items()
        if (known := shipped.costs.get(dtype))
    }
    overall = [ratio for each in ratios.values() for ratio in each] or [0.0]
    added: dict[str, list[str]] = {}
    for dtype, known in shipped.costs.items():
        fitted = costs.setdefault(dtype, {})
        scale = math.exp(statistics.fmean(ratios.get(dtype) or overall))
        added[dtype] = sorted(known.keys() - fitted.keys())
        fitted |= {kind: float(f"{known[kind] * scale:.4g}") for kind in added[dtype]}
    return {dtype: kinds for dtype, kinds in added.items() if kinds}


def _solve(table: np.ndarray, fixed: np.ndarray, seconds: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Positive prices that minimise the logarithm of estimate over measurement, robustly.

    All start as many times as slow as these timings are; a price that none depends on stays there. Others start where
    they are felt: the search would not find its way from a price of which no timing shows anything.
    """
    from scipy.optimize import least_squares

    start = start * np.exp(np.median(np.log(seconds / (table @ start + fixed))))
    start = np.maximum(start, [_felt(column, seconds) for column in table.T])

    def residuals(logarithms: np.ndarray) -> np.ndarray:
        error = np.log((table @ np.exp(logarithms) + fixed) / seconds)
        return np.concatenate([error, 0.05 * (logarithms - np.log(start))])

    solution: np.ndarray = np.exp(least_squares(residuals, np.log(start), loss="soft_l1", f_scale=0.3).x)
    return solution


def _felt(counts: np.ndarray, seconds: np.ndarray) -> float:
    """The price at which an operation takes `FELT` of the time of the timing that it takes most of."""
    there = counts > 0
    return FELT * float(np.min(seconds[there] / counts[there])) if there.any() else 0.0


def count(work: Work, name: str, cache: float) -> float:
    """How often a price is paid: of a kind of operation, or of what `MEMORY` names, for a cache of so many bytes."""
    if name == "bytes":
        return min(work.bytes, cache)
    if name == "far_bytes":
        return max(0.0, work.bytes - cache)
    if name == "call":
        return 1.0
    return float(work.launches if name == "launch" else work.operations.get(name, 0.0))
