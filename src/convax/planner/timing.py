"""Measuring: every promising candidate of a convolution, run in turn outside of any trace."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from convax.algorithms import ALGORITHMS, Algorithm, Direct
from convax.algorithms.normal_form import compute
from convax.algorithms.target import compiling_for
from convax.core.spec import ConvSpec
from convax.planner.device import DeviceModel

__all__ = ["contenders", "measure", "promising", "race"]

# What is estimated to take this many times as long as the best estimate is not measured.
HOPELESS = 4.0
MOST_CANDIDATES = 16
# Nor is lax's own convolution beyond hope, if it would take so many seconds: its naive loops can take a minute.
LONG_FOR_LAX = 1.0
# Random numbers that are drawn for an operand; more would take longer than what is measured.
REPEATED = 1_000_003
# Seconds for the first runs of a candidate alone, and how many runs there are at least, unless they take too long.
WARM_UP, RUNS, TOO_LONG = 0.01, 6, 0.1
# A first run of less is followed by a second: it may have met fresh memory, or a moment when the system took a core.
BEYOND_DOUBT = 1.0
# Who is behind the fastest by more than 1 + LEAD / rounds takes no more part: the fewer the rounds, the less is sure.
LEAD = 4.0
# Seconds of a candidate's turn: short calls come in numbers, or the one before would count.
BURST = 0.002
# Of the runs of a turn, the one counts that so much of them are faster than. One in a thousand runs of a short program
# finds its threads awake, and takes half the time of the others: whether that happened says nothing of the program.
LUCK = 0.25
# And of the turns, the one that so much of them are faster than: threads and memory fall into place for a turn, too.
RARE = 0.1
# Where calls queue up for the device, those of about so many seconds are waited for together, at most so many: the
# host's part of a call then hides behind the device's of the one before, as in a program of many.
QUEUE, MOST_IN_QUEUE = 0.001, 50

Run = Callable[[], Any]


def promising(
    spec: ConvSpec,
    platform: str,
    hopeless: float = HOPELESS,
    most: int = MOST_CANDIDATES,
    model: DeviceModel | None = None,
) -> list[Algorithm]:
    """The settings worth measuring, best estimate first; and lax's own convolution, unless it would take forever.

    Args:
        spec: The convolution.
        platform: Whose prices to estimate by.
        hopeless: How many times the best estimate is beyond hope.
        most: Settings at most.
        model: Other prices than the platform's.
    """
    model = model or DeviceModel.of_platform(platform)
    priced = [
        (model.estimate(algorithm, spec), algorithm)
        for kind in ALGORITHMS.values()
        for algorithm in kind.candidates(spec, platform)
        if algorithm.why_not(spec) is None
    ]
    priced.sort(key=lambda pair: pair[0])
    near = [algorithm for seconds, algorithm in priced if seconds <= hopeless * priced[0][0]][:most]
    seconds_of_lax, lax = next((seconds, each) for seconds, each in priced if isinstance(each, Direct))
    return near if lax in near or seconds_of_lax > LONG_FOR_LAX else [*near, lax]


def measure(
    spec: ConvSpec,
    platform: str,
    *,
    algorithms: Sequence[Algorithm] | None = None,
    seconds: float = 1.0,
    told: Callable[[Algorithm], None] = lambda _: None,
) -> dict[Algorithm, float]:
    """Seconds of each candidate, few of whose runs took less: `contenders`, then `race`.

    Args:
        spec: The convolution.
        platform: The platform to run on; a device of it must be there.
        algorithms: The candidates; None for the promising ones.
        seconds: Time for the rounds, compilation apart.
        told: Called with each candidate before it is compiled.
    """
    return race(contenders(spec, platform, algorithms, told), seconds, queued=platform != "cpu")


def contenders(
    spec: ConvSpec,
    platform: str,
    algorithms: Sequence[Algorithm] | None = None,
    told: Callable[[Algorithm], None] = lambda _: None,
) -> dict[Algorithm, Run]:
    """The candidates, each compiled and ready to run on random data; arguments as in `measure`.

    What the device's libraries refuse to compile is left out, unless nothing else remains.
    """
    with _wide_enough(spec), concurrent.futures.ThreadPoolExecutor() as pool:
        device = jax.devices(platform)[0]
        x, w = (jax.device_put(values, device) for values in _operands(spec))
        compiled = {}
        for algorithm in promising(spec, platform) if algorithms is None else algorithms:
            told(algorithm)
            lowered = jax.jit(functools.partial(_compute, algorithm, spec, platform)).lower(x, w)
            # XLA compiles without Python's lock, so the next one is traced meanwhile.
            compiled[algorithm] = pool.submit(lowered.compile)
        refused = [
            each for each, future in compiled.items() if isinstance(future.exception(), jax.errors.JaxRuntimeError)
        ]
        able = {each: future for each, future in compiled.items() if each not in refused}
        return {each: functools.partial(future.result(), x, w) for each, future in (able or compiled).items()}


def race(runs: Mapping[Algorithm, Run], seconds: float, *, queued: bool = False) -> dict[Algorithm, float]:
    """Low seconds of each run, but none by luck: of its turns the first decile, of a turn's runs the lower quartile.

    They run in turn, so that a slow moment of the machine meets all of them; rounds go on until the time is spent,
    without those that are far behind by then.

    Args:
        runs: What to call, by algorithm.
        seconds: Time for the rounds.
        queued: Whether calls queue up for a device beside this processor, as they do for a GPU.
    """
    # First each alone: fresh memory, cold caches and sleeping threads make the first runs many times as slow.
    turns = {algorithm: [_turn(run, WARM_UP, RUNS)] for algorithm, run in runs.items()}
    # Then each once more: a slow moment of tens of milliseconds meets one of them, which would be given up for it.
    for algorithm, run in runs.items():
        if turns[algorithm][0] < TOO_LONG:
            turns[algorithm].append(_turn(run, WARM_UP, RUNS))
    calls = dict.fromkeys(runs, 1)
    if queued:
        calls = {each: min(MOST_IN_QUEUE, math.ceil(QUEUE / min(times))) for each, times in turns.items()}
    start = time.perf_counter()
    for number in _rounds(start, seconds):
        limit = (1 + LEAD / (number + 1)) * min(map(min, turns.values()))
        for algorithm, run in runs.items():
            if min(turns[algorithm]) <= limit:
                turns[algorithm].append(_turn(run, BURST, calls=calls[algorithm]))
    return {algorithm: sorted(times)[int(RARE * len(times))] for algorithm, times in turns.items()}


def _turn(run: Run, seconds: float, at_least: int = 1, calls: int = 1) -> float:
    """Seconds of a run, by those that fit into some time."""
    times = [_timed(run, calls)]
    spent = times[0]

    def is_worth_another() -> bool:
        patience = BEYOND_DOUBT if len(times) == 1 else TOO_LONG
        return spent * calls < seconds or (len(times) < at_least and spent < patience)

    while is_worth_another():
        times.append(_timed(run, calls))
        spent += times[-1]
    return sorted(times)[int(LUCK * len(times))]


def _compute(algorithm: Algorithm, spec: ConvSpec, platform: str, x: jax.Array, w: jax.Array) -> jax.Array:
    with compiling_for(platform):
        return compute(algorithm, x.reshape(spec.data_shape), w.reshape(spec.kernel_shape), spec)


def _wide_enough(spec: ConvSpec) -> contextlib.AbstractContextManager[object]:
    """Lets JAX keep 64 bits for a convolution that has them, as where it was asked for; else leaves all as it is."""
    wide = any(dtype.bytes == (16 if dtype.kind == "complex" else 8) for dtype in (spec.dtype, spec.result))
    context: contextlib.AbstractContextManager[object] = jax.enable_x64(True) if wide else contextlib.nullcontext()
    return context


def _timed(run: Run, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls - 1):
        run()
    jax.block_until_ready(run())
    return (time.perf_counter() - start) / calls


def _rounds(start: float, seconds: float) -> Iterator[int]:
    """At least three rounds, then as many as the time allows, at most a hundred."""
    for number in range(100):
        if number >= 3 and time.perf_counter() - start > seconds:
            return
        yield number


def _operands(spec: ConvSpec) -> tuple[jax.Array, jax.Array]:
    """Random data and kernel, as a caller has them: those of one signal are one-dimensional.

    Their values do not change what a formulation does, so that large ones may repeat.
    """
    is_signal = spec.batch == spec.channels == spec.features == 1
    random = np.random.default_rng(0).standard_normal(REPEATED)

    def draw(shape: tuple[int, ...]) -> jax.Array:
        values = np.resize(random, math.prod(shape) if is_signal else shape)
        return jnp.asarray(values * 10 if spec.dtype.is_integer else values).astype(spec.dtype.name)

    return draw(spec.data_shape), draw(spec.kernel_shape)
