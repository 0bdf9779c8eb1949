"""The table of the demonstration: one convolution done three ways, values and times side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from convax.cli.console import Report

__all__ = ["compare"]

ROUNDS = 11
WARM_UP = 2

Array = Any  # np.ndarray or jax.Array
Way = Callable[[], Array]


def compare(samples: Array, taps: Array, report: Report) -> Table:
    """Convolves every channel with one kernel in float32, by convax, by plain lax and by NumPy.

    The three take turns, so that whatever else the machine does hits all of them alike.

    Args:
        samples: Shape (frames, channels).
        taps: Shape (taps,).
        report: Shows the bar.

    Returns:
        A printable table: way, milliseconds, ratio to convax, largest absolute error against float64.
    """
    ways = _ways(np.ascontiguousarray(samples.T, np.float32), taps[::-1].astype(np.float32))
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    values: dict[str, Array] = {}
    with report.stage("comparing", len(ways) * (WARM_UP + ROUNDS)) as bar:
        for turn in range(WARM_UP + ROUNDS):
            for name, way in ways.items():
                start = time.perf_counter()
                values[name] = way()
                if turn >= WARM_UP:
                    seconds[name].append(time.perf_counter() - start)
                bar.advance(1)
        # The same numbers as the ways were given, only added up with twice the digits.
        kernel = taps[::-1].astype(np.float32).astype(np.float64)
        truth = _per_channel(samples.T.astype(np.float32).astype(np.float64), kernel)
    return _table(seconds, {name: float(np.abs(value - truth).max()) for name, value in values.items()})


def _ways(signal: Array, kernel: Array) -> dict[str, Way]:
    import jax
    import jax.numpy as jnp

    import convax

    planned = jax.jit(lambda x, k: convax.correlate(x, k, mode="valid"))
    plain = jax.jit(lambda x, k: jnp.stack([convax.conv1d_basic(channel, k) for channel in x]))
    on_device = jax.device_put(signal), jax.device_put(kernel)
    return {
        "convax.correlate (planned)": lambda: planned(*on_device).block_until_ready(),
        "conv1d_basic (plain lax, jitted)": lambda: plain(*on_device).block_until_ready(),
        "numpy.correlate": lambda: _per_channel(signal, kernel),
    }


def _per_channel(signal: Array, kernel: Array) -> Array:
    return np.stack([np.correlate(channel, kernel, "valid") for channel in signal])


def _table(seconds: dict[str, list[float]], errors: dict[str, float]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("way", no_wrap=True)
    for heading in ("milliseconds", "ratio", "error vs float64"):
        table.add_column(heading, justify="right", no_wrap=True)
    fastest = median(next(iter(seconds.values())))
    for name, times in seconds.items():
        table.add_row(name, f"{median(times) * 1e3:.2f}", f"{median(times) / fastest:.1f}", f"{errors[name]:.1e}")
    return table
