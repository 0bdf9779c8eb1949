"""Fit the model of a device: time candidates of many convolutions, solve for seconds per operation, keep the rest.

The model is linear: seconds = sum of counts times prices + bytes times prices + launches times price + a call. The
prices minimise the logarithm of estimate over measurement, one element type after the other. What no timing needed is
priced as in the file that ships, scaled to the speed of this device.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import functools
import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jaxlib.version
import numpy as np

from convax.algorithms import Algorithm
from convax.algorithms.target import compiling_for
from convax.core.dtypes import DType
from convax.core.geometry import Geometry
from convax.core.layout import Layout
from convax.core.spec import ConvSpec
from convax.core.work import Work
from convax.planner.device import UNKNOWN, DeviceModel, device_name
from convax.planner.residuals import family_of, left_out, place, weighted
from convax.planner.timing import measure, promising

__all__ = ["QUALITY", "Timing", "few", "fit", "record", "sample"]

# More is timed than for a choice: the fit needs the slow ways too.
HOPELESS, MOST, BEYOND_REASON = 6.0, 14, 20.0
QUALITY = "expected of a convolution not timed / measured, at 5 %, 50 %, 95 %"  # the fit's quality, in its provenance
MEMORY = ("bytes", "far_bytes", "launch", "call")
# Where the search for a price begins that the shipped file says is nothing.
LITTLE = 1e-7
# The share of the time that an operation begins the search with, at least.
FELT = 0.03
NHC = Layout("NHC", "HIO", "NHC")


@dataclasses.dataclass(frozen=True)
class Timing:
    """One measured run.

    Args:
        algorithm: What ran.
        spec: On what.
        seconds: Least seconds.
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


def sample(scale: int = 1) -> list[ConvSpec]:
    """Signals and layers that between them exercise each kind of operation; layers of `scale` times the batch."""
    made = []
    for dtype in ("float32", "float64"):
        for length, taps in itertools.product(
            (1_000, 10_000, 100_000, 1_000_000), (3, 9, 31, 65, 129, 301, 1001, 5001)
        ):
            if taps <= length:
                made.append(ConvSpec(Geometry(length, taps), dtype=DType(dtype)))
    for dtype in ("float32", "float64", "complex64", "int32"):
        made += [dataclasses.replace(layer, batch=layer.batch * scale) for layer in _layers(DType(dtype))]
    for dtype in ("complex64", "int32"):
        for length, taps in itertools.product((1_000, 100_000), (3, 31, 129, 1001)):
            if taps <= length:
                made.append(ConvSpec(Geometry(length, taps), dtype=DType(dtype)))
    return made


def _layers(dtype: DType) -> list[ConvSpec]:
    """Layers of networks, forward and as the gradients that they lead to."""
    make = functools.partial(ConvSpec, dtype=dtype)
    small = 1 if dtype.name == "float32" else 4
    return [
        make(Geometry(1024, 3, padding=(1, 1)), 8 // small, 64, 64),
        make(Geometry(1024, 3, padding=(1, 1)), 8 // small, 64, 64, layout=NHC),
        make(Geometry(1024, 9), 4, 16, 32),
        make(Geometry(1024, 5, stride=2), 8 // small, 32, 64),
        make(Geometry(512, 3, dilation=4, padding=(4, 4)), 4, 64, 64),
        make(Geometry(1024, 4), 8 // small, 256, 256, 256),
        make(Geometry(1024, 31), 8 // small, 64, 64, 64),
        make(Geometry(1024, 9, stride=2), 4, 64, 64, 64),
        make(Geometry(512, 5), 4, 64, 64, 8),
        make(Geometry(4000, 31), 1, 64, 64, 64),
        make(Geometry(800, 5, upsample=2, padding=(4, 4)), 4, 32, 32),
        make(Geometry(500, 16, upsample=8, padding=(15, 15)), 2, 32, 16),
        make(Geometry(16000, 16, stride=8), 1, 1, 64),
        make(Geometry(1024, 1021), 64, 8, 64, batch_groups=64),  # batch groups: a depthwise kernel gradient
        make(Geometry(1027, 512, dilation=2), 64, 8, 64, batch_groups=64),  # the same of a strided layer
        make(Geometry(1026, 1024), 16, 8, 32),  # a dense kernel gradient
    ]


def few(specs: Sequence[ConvSpec], platform: str, enough: int = 2) -> list[ConvSpec]:
    """Those of the specs that between them still exercise each kind of operation of each type.

    Args:
        specs: What to choose from.
        platform: Whose candidates to count.
        enough: Specs that each kind should be met in, where there are as many.
    """
    cache = DeviceModel.shipped(platform).cache
    met: collections.Counter[tuple[str, str]] = collections.Counter()
    chosen = []
    for spec in sorted(specs, key=lambda spec: spec.multiply_adds):
        dtype = spec.accumulator.name
        with compiling_for(platform):
            works = [algorithm.total_work(spec) for algorithm in promising(spec, platform, HOPELESS)]
        kinds = {(dtype, kind) for work in works for kind in work.operations}
        if dtype == "float32":  # whose timings price memory
            kinds |= {(dtype, name) for work in works for name in MEMORY if _count(work, name, cache)}
        if any(met[kind] < enough for kind in kinds):
            met.update(kinds)
            chosen.append(spec)
    return chosen


def record(
    specs: Sequence[ConvSpec],
    platform: str,
    told: Callable[[ConvSpec], None] = lambda _: None,
    seconds: float = 0.3,
) -> list[Timing]:
    """Time the promising candidates of each spec, and note the work that each counted beside its seconds.

    Args:
        specs: What to time.
        platform: Where.
        told: Called with each spec before it is timed.
        seconds: Time for the runs of each spec; compilation comes on top.
    """
    timings = []
    for spec in specs:
        told(spec)
        measured = measure(spec, platform, algorithms=candidates(spec, platform), seconds=seconds)
        timings += [Timing(algorithm, spec, taken) for algorithm, taken in measured.items()]
    return timings


def candidates(spec: ConvSpec, platform: str) -> list[Algorithm]:
    """What is timed of a spec: the promising settings, and one of each formulation that is not beyond reason."""
    near = promising(spec, platform, HOPELESS, MOST)
    families = {family_of(algorithm) for algorithm in near}
    for algorithm in promising(spec, platform, BEYOND_REASON, most=1000):
        if family_of(algorithm) not in families:
            families.add(family_of(algorithm))
            near.append(algorithm)
    return near


def second_look(
    timings: Sequence[Timing], platform: str, told: Callable[[ConvSpec], None] = lambda _: None, seconds: float = 0.1
) -> list[Timing]:
    """Timings of what the fitted model would choose for a timed spec and what was not timed: where it hopes wrongly."""
    model = DeviceModel(**fit(timings, platform))
    known: dict[ConvSpec, set[Algorithm]] = {}
    for timing in timings:
        known.setdefault(timing.spec, set()).add(timing.algorithm)
    found = []
    for spec, timed in known.items():
        best = promising(spec, platform, model=model, most=1)[0]
        if best not in timed:
            told(spec)
            found.append(Timing(best, spec, measure(spec, platform, algorithms=[best], seconds=seconds)[best]))
    return found


def fit(timings: Sequence[Timing], platform: str) -> dict[str, Any]:
    """The contents of a device file: prices, and how, where and when they were measured.

    The prices of memory and of a launch come from float32; those of operations from each element type.
    """
    shipped = DeviceModel.shipped(platform)
    count = functools.partial(_count, cache=shipped.cache)
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
        table = np.array([[count(works[timing], name) for name in names] for timing in chosen])
        fixed = np.array([sum(count(works[t], name) * price for name, price in shared.items()) for t in chosen])
        seconds = np.array([timing.seconds for timing in chosen])
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
    by_family = _residuals(unexplained)
    name = device_name(platform)
    provenance = {
        "how": "convax calibrate (least of some runs; robust fit of log(estimate / measured))",
        "device": name,
        "machine": name.split(", jaxlib")[0],
        "date": datetime.date.today().isoformat(),
        "jaxlib": jaxlib.version.__version__,
        "timings": len(timings),
        QUALITY: _quality(unexplained, by_family),
        "not timed, taken from the shipped file and scaled": taken_over,
    }
    model = {"name": provenance["machine"], "provenance": provenance, **shared, "cache": shipped.cache, "costs": costs}
    return model | {"residuals": {family: weighted(rows) for family, rows in by_family.items()}}


def _residuals(unexplained: Mapping[Timing, float]) -> dict[str, list[list[float]]]:
    """Coordinates and residual of each timing, by formulation."""
    rows: dict[str, list[list[float]]] = {}
    for timing, logarithm in unexplained.items():
        row = [*place(timing.algorithm, timing.spec), round(logarithm, 3)]
        rows.setdefault(family_of(timing.algorithm), []).append([int(x) if x == int(x) else x for x in row])
    return dict(sorted(rows.items()))


def _quality(unexplained: Mapping[Timing, float], rows: Mapping[str, list[list[float]]]) -> dict[str, str]:
    """How near the estimate of a convolution is that was not timed itself, by element type."""
    timings: dict[str, list[Timing]] = {}
    for timing in unexplained:
        timings.setdefault(family_of(timing.algorithm), []).append(timing)
    errors: dict[str, list[float]] = {}
    for family, some in rows.items():
        without_its_spec = left_out(some, [timing.spec for timing in timings[family]])
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

    A price that no timing depends on stays where it started. Others start where they are felt: the search would not
    find its way from a price of which no timing shows anything.
    """
    from scipy.optimize import least_squares

    start = np.maximum(start, [_felt(column, seconds) for column in table.T])

    def residuals(logarithms: np.ndarray) -> np.ndarray:
        error = np.log((table @ np.exp(logarithms) + fixed) / seconds)
        return np.concatenate([error, 0.05 * (logarithms - np.log(start))])

    solution: np.ndarray = np.exp(least_squares(residuals, np.log(start), loss="soft_l1", f_scale=0.3).x)
    return solution


def _felt(counts: np.ndarray, seconds: np.ndarray) -> float:
    """The price at which an operation takes `FELT` of the time of the timings that it is in, by their median."""
    there = counts > 0
    return FELT * float(np.median(seconds[there] / counts[there])) if there.any() else 0.0


def _count(work: Work, name: str, cache: float) -> float:
    if name == "bytes":
        return min(work.bytes, cache)
    if name == "far_bytes":
        return max(0.0, work.bytes - cache)
    if name == "call":
        return 1.0
    return float(work.launches if name == "launch" else work.operations.get(name, 0.0))
