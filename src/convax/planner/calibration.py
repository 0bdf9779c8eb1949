"""Calibrate: which convolutions to time, and in how many ways; `fitting` makes prices of the timings."""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
from collections.abc import Callable, Sequence

from convax.algorithms import Algorithm
from convax.core.dtypes import DType
from convax.core.geometry import Geometry
from convax.core.layout import Layout
from convax.core.spec import ConvSpec
from convax.planner.device import DeviceModel
from convax.planner.fitting import MEMORY, Timing, count, fit
from convax.planner.residuals import family_of
from convax.planner.timing import measure, promising

__all__ = ["candidates", "few", "record", "sample", "second_look"]

# More is timed than for a choice: the fit needs the slow ways too.
HOPELESS, MOST, BEYOND_REASON = 6.0, 14, 20.0
NHC = Layout("NHC", "HIO", "NHC")


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
    shipped = DeviceModel.shipped(platform)
    met: collections.Counter[tuple[str, str]] = collections.Counter()
    chosen = []
    for spec in sorted(specs, key=lambda spec: spec.multiply_adds):
        dtype = spec.accumulator.name
        works = [shipped.counted(algorithm, spec)[0] for algorithm in promising(spec, platform, HOPELESS)]
        kinds = {(dtype, kind) for work in works for kind in work.operations}
        if dtype == "float32":  # whose timings price memory
            kinds |= {(dtype, name) for work in works for name in MEMORY if count(work, name, shipped.cache)}
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
    timings: Sequence[Timing],
    platform: str,
    told: Callable[[ConvSpec], None] = lambda _: None,
    seconds: float = 0.1,
    *,
    anew: bool = False,
) -> list[Timing]:
    """Timings of what the fitted model would choose for a timed spec and what was not timed: where it hopes wrongly."""
    model = DeviceModel.upon_shipped(fit(timings, platform, anew=anew), platform)
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
