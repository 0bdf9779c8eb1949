"""Timing side by side: contenders run in turn in one process, so that the machine's drift meets all of them."""

from __future__ import annotations

import dataclasses
import math
import random
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

__all__ = ["Timing", "finish", "interleaved"]

# One sample of a short call is the mean of as many calls as take this long, so that the clock does not count; on a GPU
# they queue up and are waited for together, as in a program of many, so that the waiting does not count either.
SAMPLE, SAMPLE_OF_QUEUE = 5e-4, 4e-3
MOST_ROUNDS, MOST_CALLS = 60, 100
# A contender this many times as slow as the fastest gets a quarter of the time: its digits matter to no one.
FAR_BEHIND = 8.0
# Samples at least: of those that are not so far behind, unless they take longer than patience lasts; and of the others.
FEWEST, PATIENCE, FEWEST_BEHIND = 9, 2.0, 3


@dataclasses.dataclass(frozen=True)
class Timing:
    """Seconds of one contender.

    Args:
        median: Of its samples.
        least: Of its samples; noise only ever adds.
        spread: The middle half of the samples, relative to the median.
        samples: How many there are.
    """

    median: float
    least: float
    spread: float
    samples: int


def interleaved(contenders: Mapping[str, Callable[[], Any]], *, seconds: float = 1.0) -> dict[str, Timing | str]:
    """Time contenders that run in turn; who fails is named with the reason instead.

    Each is called some times before, in two turns, which warms memory and caches and says how many samples fit its
    time. It has nine at least, or as many as patience lasts for; one that is far behind has three, or the one call that
    took longer than its time. They are spread evenly over the rounds. Each round has an order of its own: who always
    came after the same one would find the caches and the threads as that one leaves them.

    Args:
        contenders: Functions without arguments, compiled already, by name.
        seconds: Time of each contender.
    """
    queued = jax.default_backend() != "cpu"
    found: dict[str, Timing | str] = {}
    first: dict[str, float] = {}
    for name, run in contenders.items():
        try:
            first[name] = _warmed_up(run, seconds)
        except Exception as error:
            found[name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120] if str(error) else ''}"
    for name, once in first.items():  # again: a slow moment of the machine met the first turn of one of them
        if once < seconds / 5:
            first[name] = min(once, _warmed_up(contenders[name], seconds))
    fastest = min(first.values(), default=0.0)
    samples: dict[str, list[float]] = {name: [] for name in first}
    rounds, calls = {}, {}
    for name, once in first.items():
        is_behind = once >= FAR_BEHIND * fastest
        share = seconds / 4 if is_behind else seconds
        fewest = FEWEST_BEHIND if is_behind else min(FEWEST, max(1, int(PATIENCE / once)))
        calls[name] = min(MOST_CALLS, max(1, math.ceil((SAMPLE_OF_QUEUE if queued else SAMPLE) / once)))
        rounds[name] = int(min(MOST_ROUNDS, max(fewest, share / (once * calls[name]))))
        if is_behind and once > seconds:
            samples[name], rounds[name] = [once], 0
    most, order = max(rounds.values(), default=0), random.Random(0)
    for number in range(most):
        for name in order.sample(list(first), len(first)):
            if (number + 1) * rounds[name] // most > number * rounds[name] // most:
                if calls[name] > 1:  # short: who ran before must not count, whose data fill the caches
                    _seconds(contenders[name], 2)
                samples[name].append(_seconds(contenders[name], calls[name]))
    return found | {name: _timing(runs) for name, runs in samples.items()}


def finish(result: Any) -> None:
    """Wait until a result is there: JAX's arrays, and whatever PyTorch has queued on a GPU."""
    jax.block_until_ready(result)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def _seconds(run: Callable[[], Any], calls: int) -> float:
    queued = jax.default_backend() != "cpu"
    start = time.perf_counter()
    for _ in range(calls - 1):
        result = run()
        if not queued:
            finish(result)
    finish(run())
    return (time.perf_counter() - start) / calls


def _warmed_up(run: Callable[[], Any], seconds: float) -> float:
    """Least seconds of some calls: the very first ones also fetch fresh memory, wake threads and load libraries."""
    least = _seconds(run, 1)
    for _ in range(5 if least < seconds / 5 else 2 * (jax.default_backend() != "cpu")):
        least = min(least, _seconds(run, 1))
    return least


def _timing(samples: list[float]) -> Timing:
    low, median, high = np.quantile(samples, [0.25, 0.5, 0.75])
    return Timing(float(median), min(samples), float((high - low) / median), len(samples))
