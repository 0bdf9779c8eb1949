"""The machine: what it is called, and the two rates that no convolution can exceed, measured in the same run."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import math
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.cases import Case
from convax.planner import device_name

__all__ = ["Limits", "cores", "described", "measure_limits"]

COPY_BYTES = (1 << 16, 1 << 20, 1 << 23, 1 << 26, 1 << 28)
GEMM_SIZE = {"float32": 2048, "float64": 1536}
GEMM_SIZE_OF_GPU = {"float32": 8192, "float64": 4096, "bfloat16": 8192}


@dataclasses.dataclass(frozen=True)
class Limits:
    """Rates of the machine.

    Args:
        copy: Bytes per second read and written by a donated scale, by the bytes of its array.
        gemm: Floating-point operations per second of a large matrix product, by type.
    """

    copy: dict[int, float]
    gemm: dict[str, float]

    def seconds(self, case: Case) -> tuple[float, str]:
        """What the machine needs at least for a case by its definition, and whether memory or arithmetic says so.

        Formulations that need fewer operations than the definition (FFTs) can stay below it.
        """
        # Operands and results are one array each; the scale reads and writes its own.
        nearest = min(self.copy, key=lambda size: abs(math.log(2 * size / case.bytes)))
        wide = case.dtype in ("float64", "complex128", "int64")
        rate = self.gemm.get(case.dtype, self.gemm["float64" if wide else "float32"])
        bounds = {"memory": case.bytes / self.copy[nearest], "arithmetic": case.flops / rate}
        limited_by = max(bounds, key=lambda name: bounds[name])
        return bounds[limited_by], limited_by


def measure_limits(seconds: float = 1.0) -> Limits:
    """Rates of copies of some sizes and of matrix products of some types: the median of runs, as of all else."""
    scale = jax.jit(lambda x: x * 1.0001, donate_argnums=0)
    copy, gemm = {}, {}
    for size in COPY_BYTES:
        held = [jnp.ones(size // 4, jnp.float32)]

        def step(held: list[Any] = held) -> None:
            held[0] = scale(held[0])
            held[0].block_until_ready()

        copy[size] = 2 * size / _median(step, seconds)
    for dtype, side in (GEMM_SIZE if jax.default_backend() == "cpu" else GEMM_SIZE_OF_GPU).items():
        a, multiply = jax.random.normal(jax.random.key(0), (side, side), dtype), jax.jit(jnp.matmul)
        gemm[dtype] = 2 * side**3 / _median(lambda a=a, multiply=multiply: multiply(a, a).block_until_ready(), seconds)
    return Limits(copy, gemm)


def described() -> dict[str, Any]:
    """The machine and the versions that times belong to."""
    packages = ("jax", "jaxlib", "numpy", "scipy", "torch")
    versions = {"python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "absent"
    name = device_name(jax.default_backend())
    return {
        "device": name.split(", jaxlib")[0],
        "platform": jax.default_backend(),
        "system": platform.system(),
        "versions": versions,
    }


def cores() -> int:
    """Cores that this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _median(run: Callable[[], Any], seconds: float) -> float:
    run()
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return statistics.median(times)
