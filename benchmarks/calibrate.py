"""Fit the prices of a device: run every candidate on a set of convolutions, then solve for seconds per operation.

    python -m benchmarks.calibrate --record timings.json       # measure (some minutes on two cores)
    python -m benchmarks.calibrate --fit timings.json -o src/convax/planner/data/cpu.json

The model is linear: seconds = sum of counts times prices + bytes times prices + launches times price. The prices
minimise the logarithm of estimate over measurement, one element type after the other.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import itertools
import json
import os
import pathlib
import platform
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import least_squares

from convax.algorithms import ALGORITHMS, Algorithm
from convax.algorithms.normal_form import compute
from convax.core import ConvSpec, DType, Geometry, Layout

CACHE = 24e6
MEMORY = ("bytes", "far_bytes", "launch")
# Where the search for prices begins: what a core of any recent machine needs, in seconds.
START = {"bytes": 3e-11, "far_bytes": 1e-10, "launch": 3e-6}
START |= {"conv_group": 1e-4, "conv_row": 1e-8, "conv_call": 2e-5, "gemm_call": 1e-6}
NHC = Layout("NHC", "HIO", "NHC")


def specs() -> list[ConvSpec]:
    """Signals and layers that between them exercise each kind of operation."""
    made = []
    for dtype in ("float32", "float64"):
        for length, taps in itertools.product(
            (1_000, 10_000, 100_000, 1_000_000), (3, 9, 31, 65, 129, 301, 1001, 5001)
        ):
            if taps <= length:
                made.append(ConvSpec(Geometry(length, taps), dtype=DType(dtype)))
    for dtype in ("float32", "float64", "complex64", "int32"):
        made += layers(DType(dtype))
    for dtype in ("complex64", "int32"):
        for length, taps in itertools.product((1_000, 100_000), (3, 31, 129, 1001)):
            if taps <= length:
                made.append(ConvSpec(Geometry(length, taps), dtype=DType(dtype)))
    return made


def layers(dtype: DType) -> list[ConvSpec]:
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
        make(Geometry(1026, 1024), 16, 8, 32),  # a dense kernel gradient
    ]


def operands(spec: ConvSpec) -> tuple[jax.Array, jax.Array]:
    """Random data and kernel."""
    random = np.random.default_rng(0)
    made = []
    for shape in (spec.data_shape, spec.kernel_shape):
        values = random.standard_normal(shape)
        made.append(jnp.asarray(values * 10 if spec.dtype.is_integer else values, spec.dtype.name))
    return made[0], made[1]


def timed(algorithm: Algorithm, spec: ConvSpec, x: jax.Array, w: jax.Array) -> float | None:
    """The least seconds of some runs; None where a run takes so long that nothing would choose it."""
    run = jax.jit(lambda x, w: compute(algorithm, x, w, spec))
    compiled = run.lower(x, w).compile()
    best, spent = float("inf"), 0.0
    for _ in range(30):
        before = time.perf_counter()
        compiled(x, w).block_until_ready()
        best = min(best, elapsed := time.perf_counter() - before)
        spent += elapsed
        if spent > 0.15 and best != float("inf") and _ >= 2:
            break
    return best


def record(path: pathlib.Path) -> None:
    """Time every candidate of every spec and write the work that each counted beside its seconds."""
    from convax.planner import DeviceModel

    model = DeviceModel.of_platform("cpu")
    rows: list[dict[str, Any]] = []
    everything = specs()
    for number, spec in enumerate(everything):
        x, w = operands(spec)
        for kind in ALGORITHMS.values():
            offers = [a for a in kind.candidates(spec) if a.why_not(spec) is None]
            # Of polyphase's many settings the cheapest few teach the same prices.
            offers.sort(key=lambda a: model.seconds(a.work(spec), spec.accumulator.name))
            for algorithm in offers[:6]:
                if model.seconds(algorithm.work(spec), spec.accumulator.name) > 3.0:
                    continue
                work = algorithm.work(spec)
                seconds = timed(algorithm, spec, x, w)
                rows.append(
                    {
                        "spec": str(spec),
                        "algorithm": str(algorithm),
                        "dtype": spec.accumulator.name,
                        "seconds": seconds,
                        "operations": dict(work.operations),
                        "bytes": work.bytes,
                        "launches": work.launches,
                    }
                )
        print(f"{number + 1}/{len(everything)} {spec}", flush=True)
    path.write_text(json.dumps(rows))


def fit(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Prices from timings; the memory's and the launch's from float32, then those of each element type."""
    costs: dict[str, dict[str, float]] = {}
    residuals: dict[str, str] = {}
    shared: dict[str, float] = {}
    for dtype in ("float32", "float64", "complex64", "int32"):
        chosen = [row for row in rows if row["dtype"] == dtype]
        kinds = sorted({kind for row in chosen for kind in row["operations"]})
        names = kinds + ([] if shared else list(MEMORY))
        table = np.array([[_count(row, name) for name in names] for row in chosen])
        fixed = np.array([sum(_count(row, name) * price for name, price in shared.items()) for row in chosen])
        seconds = np.array([row["seconds"] for row in chosen])
        start = np.array([START.get(name, 1e-10) for name in names])
        prices = _solve(table, fixed, seconds, start)
        solution = dict(zip(names, prices.tolist(), strict=True))
        costs[dtype] = {kind: float(f"{solution[kind]:.4g}") for kind in kinds}
        shared = shared or {name: float(f"{solution[name]:.4g}") for name in MEMORY}
        ratio = (table @ prices + fixed) / seconds
        residuals[dtype] = " / ".join(f"{np.quantile(ratio, q):.2f}" for q in (0.05, 0.5, 0.95))
    return {
        "name": f"{platform.machine()} CPU, {os.cpu_count()} cores",
        "provenance": {
            "how": "python -m benchmarks.calibrate (least of some runs; robust fit of log(estimate / measured))",
            "machine": f"{_processor()}, {os.cpu_count()} cores",
            "date": datetime.date.today().isoformat(),
            "jaxlib": jax.lib.__version__,
            "timings": len(rows),
            "estimate / measured at 5 %, 50 %, 95 %": residuals,
        },
        **shared,
        "cache": CACHE,
        "costs": costs,
    }


def _solve(table: np.ndarray, fixed: np.ndarray, seconds: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Positive prices that minimise the logarithm of estimate over measurement, robustly.

    A price that no timing depends on stays where it started.
    """

    def residuals(logarithms: np.ndarray) -> np.ndarray:
        error = np.log((table @ np.exp(logarithms) + fixed) / seconds)
        return np.concatenate([error, 0.05 * (logarithms - np.log(start))])

    return np.exp(least_squares(residuals, np.log(start), loss="soft_l1", f_scale=0.3).x)


def _count(row: dict[str, Any], name: str) -> float:
    if name == "bytes":
        return min(row["bytes"], CACHE)
    if name == "far_bytes":
        return max(0.0, row["bytes"] - CACHE)
    if name == "launch":
        return row["launches"]
    return row["operations"].get(name, 0.0)


def _processor() -> str:
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    """Record or fit, as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=pathlib.Path, help="measure, and write the timings here")
    parser.add_argument("--fit", type=pathlib.Path, help="read timings from here")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="write the device file here")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    if arguments.record:
        record(arguments.record)
    if arguments.fit:
        model = fit(json.loads(arguments.fit.read_text()))
        text = json.dumps(model, indent=2)
        print(text)
        if arguments.output:
            arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
