"""What there is to pay beside the computation: a call, an import, a plan."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import convax
from benchmarks.measure import Timing, interleaved
from convax.core import ConvSpec, Geometry
from convax.planner import make_plan

__all__ = ["BARS", "Bar", "measure_overheads"]

IMPORT = (
    "import time, jax; start = time.perf_counter(); import convax; convax.correlate; print(time.perf_counter() - start)"
)


@dataclasses.dataclass(frozen=True)
class Bar:
    """What an overhead may be at most, in words and as a number.

    Args:
        words: What is measured.
        most: The bar.
        unit: Of both numbers.
        of: The number, from all overheads in seconds.
    """

    words: str
    most: float
    unit: str
    of: Callable[[dict[str, float]], float]


BARS: tuple[Bar, ...] = (
    Bar("warm correlate of 1,000 samples / jitted lax", 1.5, "x", lambda found: found["correlate"] / found["lax"]),
    Bar("import convax after import jax", 150, "ms", lambda found: found["import"] * 1e3),
    Bar("plan of a spec seen before", 50, "us", lambda found: found["plan again"] * 1e6),
    Bar("plan of a new spec", 3, "ms", lambda found: found["plan"] * 1e3),
)


def measure_overheads() -> dict[str, float]:
    """Seconds by name: medians of several runs."""
    x, w = jnp.ones(1000, jnp.float32), jnp.ones(5, jnp.float32)
    lax_call = jax.jit(convax.conv1d_basic)
    times = interleaved({"lax": lambda: lax_call(x, w), "correlate": lambda: convax.correlate(x, w)}, seconds=2.0)
    found = {name: timing.median for name, timing in times.items() if isinstance(timing, Timing)}
    probes = [float(subprocess.check_output([sys.executable, "-c", IMPORT])) for _ in range(7)]
    platform = jax.default_backend()
    # Odd sizes that nothing else here uses, so that each is new.
    specs = [ConvSpec(Geometry(100_003 + number, 37), batch=3, channels=2, features=2) for number in range(41)]
    plan = [_seconds(lambda spec=spec: make_plan(spec, platform)) for spec in specs]
    again = [_seconds(lambda spec=spec: make_plan(spec, platform)) for spec in specs]
    medians = {"import": probes, "plan": plan, "plan again": again}
    return found | {name: float(np.median(runs)) for name, runs in medians.items()}


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
