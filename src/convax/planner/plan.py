"""The choice between formulations, and the plan that shows it: each candidate with its price or its refusal."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable
from typing import Literal

from convax.algorithms import ALGORITHMS, Algorithm, Direct, Winograd
from convax.core.padding import nearest
from convax.core.spec import ConvSpec
from convax.core.work import Work
from convax.errors import AlgorithmError, ArgumentTypeError
from convax.planner.device import DeviceModel, device_name
from convax.planner.wisdom import active_wisdom

__all__ = ["Candidate", "Plan", "choose", "estimates", "make_plan", "resolve_algorithm"]

# lax's own convolution of a dense layer is left only for what promises this much more: it is timed alone, but runs in a
# network, where what others lay aside is no longer in the cache when they come back to it.
WORTH_LEAVING = 1.15
# Where channels come first, XLA cancels the changes of layout between such layers, which take a third of the time of
# one alone; and winograd lays aside more than others. (Whole training steps are up to a tenth slower with 1.2.)
WORTH_MORE = 1.5
# Layers of fewer channels or features are the first and the last of a network, which have no such neighbours; in those
# of more, what winograd lays aside is little beside the products.
WIDE, VERY_WIDE = 32, 256

Source = Literal["requested", "wisdom", "estimate"]


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One way to compute the convolution, with its estimate in seconds, or the reason for its refusal."""

    algorithm: Algorithm
    refusal: str | None
    work: Work | None
    seconds: float


@dataclasses.dataclass(frozen=True)
class Plan:
    """What runs, why, and what else could have.

    Args:
        spec: The convolution.
        platform: Where it runs.
        algorithm: The choice.
        source: "requested" by the caller, measured before ("wisdom"), or chosen by "estimate".
        candidates: The best setting of each algorithm, fastest first (but for lax's own, which stands before what
            promises little more), refusals last.
    """

    spec: ConvSpec
    platform: str
    algorithm: Algorithm
    source: Source
    candidates: tuple[Candidate, ...]

    @property
    def seconds(self) -> float:
        """Estimated seconds of the choice."""
        return next((c.seconds for c in self.candidates if c.algorithm == self.algorithm), math.nan)

    def __str__(self) -> str:
        width = max(len(str(candidate.algorithm)) for candidate in self.candidates)
        lines = [f"{self.spec} on {self.platform}"]
        for candidate in self.candidates:
            mark = ">" if candidate.algorithm == self.algorithm else " "
            reason = (
                f"{_readable(candidate.seconds):>9}" if candidate.refusal is None else f"        - {candidate.refusal}"
            )
            lines.append(f"{mark} {candidate.algorithm!s:<{width}} {reason}")
        lines.append(f"chosen: {self.algorithm} ({self.source}): {self.algorithm.idea}")
        return "\n".join(lines)


def _readable(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def resolve_algorithm(algorithm: str | Algorithm | None) -> str | Algorithm | None:
    """Check what a caller asks for: a name of the table, an algorithm value, or None for the planner's choice.

    Raises:
        AlgorithmError: A name that is not in the table (the nearest is suggested).
        ArgumentTypeError: Neither a name nor an algorithm.
    """
    if algorithm is None or isinstance(algorithm, Algorithm):
        return algorithm
    if not isinstance(algorithm, str):
        raise ArgumentTypeError(
            f"algorithm={algorithm!r} is of type {type(algorithm).__name__}",
            repair="pass a name, an algorithm value such as convax.algorithms.ShiftAdd(), or None",
        )
    if algorithm not in ALGORITHMS:
        raise AlgorithmError(f"there is no algorithm {algorithm!r}", repair=nearest(algorithm, ALGORITHMS))
    return algorithm


def make_plan(spec: ConvSpec, platform: str = "cpu", algorithm: str | Algorithm | None = None) -> Plan:
    """Choose among the candidates: what was requested, else what was measured, else the least estimate.

    Raises:
        AlgorithmError: The requested algorithm does not exist or cannot serve; the text is its reason.
    """
    requested = resolve_algorithm(algorithm)
    candidates = estimates(spec, platform)
    source: Source = "estimate"
    chosen = candidates[0].algorithm
    if requested is not None:
        candidates, source = _with_request(requested, spec, platform), "requested"
        chosen = _served(requested, candidates, spec)
    elif (remembered := _measured(spec, platform)) is not None:
        candidates, source = _with_request(remembered, spec, platform), "wisdom"
        chosen = remembered
    return Plan(spec, platform, chosen, source, candidates)


def _measured(spec: ConvSpec, platform: str) -> Algorithm | None:
    """The remembered choice, unless it cannot serve (a file that was edited by hand)."""
    remembered = active_wisdom().recall(spec, device_name(platform))
    return None if remembered is None or remembered.algorithm.why_not(spec) else remembered.algorithm


@functools.lru_cache(maxsize=4096)
def estimates(spec: ConvSpec, platform: str) -> tuple[Candidate, ...]:
    """The best setting of each algorithm by estimate, the one to take first, refusals last."""
    model = DeviceModel.of_platform(platform)
    return _ranked((_best_setting(kind, spec, platform, model) for kind in ALGORITHMS.values()), spec)


def handicap(algorithm: Algorithm, spec: ConvSpec) -> float:
    """What an algorithm's estimate is multiplied by before it is compared with that of lax's own convolution."""
    is_dense = spec.groups == 1 and spec.features > 1  # features are sums over all channels
    # (lax multiplies the zeros between the samples.)
    if isinstance(algorithm, Direct) or not is_dense or spec.geometry.upsample > 1:
        return 1.0
    width = min(spec.channels, spec.features)
    if isinstance(algorithm, Winograd):
        return WORTH_MORE if width < VERY_WIDE else WORTH_LEAVING
    return WORTH_MORE if width >= WIDE and not spec.layout.channels_last else WORTH_LEAVING


def _ranked(candidates: Iterable[Candidate], spec: ConvSpec) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda candidate: candidate.seconds * handicap(candidate.algorithm, spec)))


@functools.lru_cache(maxsize=4096)
def _with_request(requested: str | Algorithm, spec: ConvSpec, platform: str) -> tuple[Candidate, ...]:
    """The estimates, with a requested value in the place of its algorithm's best setting."""
    candidates = estimates(spec, platform)
    if isinstance(requested, str):
        return candidates
    others = [candidate for candidate in candidates if candidate.algorithm.name != requested.name]
    asked = _priced(requested, spec, DeviceModel.of_platform(platform))
    return _ranked([*others, asked], spec)


def _served(requested: str | Algorithm, candidates: tuple[Candidate, ...], spec: ConvSpec) -> Algorithm:
    name = requested if isinstance(requested, str) else requested.name
    asked = next(candidate for candidate in candidates if candidate.algorithm.name == name)
    if asked.refusal is not None:
        raise AlgorithmError(
            f"algorithm={str(requested)!r} cannot serve this convolution ({spec})",
            asked.refusal,
            f"leave algorithm=None, or take {candidates[0].algorithm.name!r}, the fastest that can",
        )
    return asked.algorithm


def choose(spec: ConvSpec, platform: str, algorithm: str | Algorithm | None = None) -> Algorithm:
    """The algorithm that runs; what no estimate can be made for (an empty result) goes to lax."""
    if spec.is_empty:
        return Direct()
    return make_plan(spec, platform, algorithm).algorithm


def _best_setting(kind: type[Algorithm], spec: ConvSpec, platform: str, model: DeviceModel) -> Candidate:
    each = (_priced(algorithm, spec, model) for algorithm in kind.candidates(spec, platform))
    return min(each, key=lambda candidate: candidate.seconds)


def _priced(algorithm: Algorithm, spec: ConvSpec, model: DeviceModel) -> Candidate:
    refusal = algorithm.why_not(spec)
    if refusal is not None:
        return Candidate(algorithm, refusal, None, math.inf)
    return Candidate(algorithm, None, *model.counted(algorithm, spec))
