"""Measuring: every promising candidate of a convolution, run in turn outside of any trace."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from convax.algorithms import ALGORITHMS, Algorithm, Direct
from convax.algorithms.normal_form import compute
from convax.core.spec import ConvSpec
from convax.planner.device import DeviceModel

__all__ = ["measure", "promising"]

# What is estimated to take this many times as long as the best estimate is not measured.
HOPELESS = 4.0
MOST_CANDIDATES = 12
# A first run this many times as long as the shortest so far ends a candidate's part.
BEATEN = 2.0


def promising(spec: ConvSpec, platform: str, hopeless: float = HOPELESS) -> list[Algorithm]:
    """The settings worth measuring, best estimate first; lax's own convolution is always among them.

    Args:
        spec: The convolution.
        platform: Whose prices to estimate by.
        hopeless: How many times the best estimate is beyond hope.
    """
    model = DeviceModel.of_platform(platform)
    priced: list[tuple[float, Algorithm]] = []
    for kind in ALGORITHMS.values():
        for algorithm in kind.candidates(spec):
            if algorithm.why_not(spec) is None:
                seconds = model.seconds(algorithm.work(spec), spec.accumulator.name)
                priced.append((seconds, algorithm))
    priced.sort(key=lambda pair: pair[0])
    near = [algorithm for seconds, algorithm in priced if seconds <= hopeless * priced[0][0]][:MOST_CANDIDATES]
    native = next(algorithm for _, algorithm in priced if isinstance(algorithm, Direct))
    return near if native in near else [*near, native]


def measure(
    spec: ConvSpec,
    platform: str,
    *,
    seconds: float = 1.0,
    hopeless: float = HOPELESS,
    told: Callable[[Algorithm], None] = lambda _: None,
) -> dict[Algorithm, float]:
    """Least seconds of each promising candidate.

    The candidates run in turn, so that a slow moment of the machine meets all of them; rounds go on until the
    time is spent. The least of the runs is kept: noise only ever adds.

    Args:
        spec: The convolution.
        platform: The platform to run on; a device of it must be there.
        seconds: Time for the rounds, compilation apart.
        hopeless: As in `promising`.
        told: Called with each candidate before it is compiled.
    """
    with _wide_enough(spec):
        return _measured(spec, platform, promising(spec, platform, hopeless), seconds, told)


def _measured(
    spec: ConvSpec,
    platform: str,
    candidates: list[Algorithm],
    seconds: float,
    told: Callable[[Algorithm], None],
) -> dict[Algorithm, float]:
    device = jax.devices(platform)[0]
    x, w = (jax.device_put(values, device) for values in _operands(spec))
    runs: dict[Algorithm, Callable[[], Any]] = {}
    least: dict[Algorithm, float] = {}
    for algorithm in candidates:
        told(algorithm)
        compiled = _compiled(algorithm, spec, x, w)
        candidate = functools.partial(compiled, x, w)
        _timed(candidate)
        least[algorithm] = _timed(candidate)
        if least[algorithm] <= BEATEN * min(least.values()):
            runs[algorithm] = candidate
    start = time.perf_counter()
    for _ in _rounds(start, seconds):
        for algorithm, run in runs.items():
            least[algorithm] = min(least[algorithm], _timed(run))
    return least


def _wide_enough(spec: ConvSpec) -> contextlib.AbstractContextManager[object]:
    """Lets JAX keep 64 bits for a convolution that has them, as where it was asked for; else leaves all as it is."""
    wide = any(dtype.bytes == (16 if dtype.kind == "complex" else 8) for dtype in (spec.dtype, spec.result))
    context: contextlib.AbstractContextManager[object] = jax.enable_x64(True) if wide else contextlib.nullcontext()
    return context


def _compiled(algorithm: Algorithm, spec: ConvSpec, x: jax.Array, w: jax.Array) -> Callable[..., jax.Array]:
    return jax.jit(lambda x, w: compute(algorithm, x, w, spec)).lower(x, w).compile()


def _timed(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - start


def _rounds(start: float, seconds: float) -> Iterator[int]:
    """At least three rounds, then as many as the time allows, at most a hundred."""
    for number in range(100):
        if number >= 3 and time.perf_counter() - start > seconds:
            return
        yield number


def _operands(spec: ConvSpec) -> tuple[jax.Array, jax.Array]:
    """Random data and kernel; their values do not change what a formulation does."""
    random = np.random.default_rng(0)

    def draw(shape: tuple[int, ...]) -> jax.Array:
        values = random.standard_normal(shape)
        return jnp.asarray(values * 10 if spec.dtype.is_integer else values).astype(spec.dtype.name)

    return draw(spec.data_shape), draw(spec.kernel_shape)
