"""Timing side by side: contenders run in turn in one process, so that the machine's drift meets all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

__all__ = ["interleaved", "medians"]


def interleaved(
    contenders: Mapping[str, Callable[[], Any]], *, rounds: int = 9, seconds: float = 20.0
) -> dict[str, list[float]]:
    """Seconds of each run of each contender.

    Each is called once before (compilation, first touch of memory). Rounds stop early when `seconds` are spent,
    but not before three.

    Args:
        contenders: Functions without arguments, by name.
        rounds: Runs of each.
        seconds: Bound on the whole measurement.
    """
    for run in contenders.values():
        jax.block_until_ready(run())
    times: dict[str, list[float]] = {name: [] for name in contenders}
    start = time.perf_counter()
    for round_ in range(rounds):
        if round_ >= 3 and time.perf_counter() - start > seconds:
            break
        for name, run in contenders.items():
            before = time.perf_counter()
            jax.block_until_ready(run())
            times[name].append(time.perf_counter() - before)
    return times


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each contender's runs."""
    return {name: float(np.median(runs)) for name, runs in times.items()}
