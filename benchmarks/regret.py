"""How much the planner's choice loses: time of what it chose over time of the best candidate, on random specs.

`python -m benchmarks.regret` records to benchmarks/results/regret-<device>-<date>.json. With --wisdom each spec is
measured twice, independently: wisdom remembers the best of the first, and its regret is read off the second.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from rich.console import Console

from benchmarks.machine import described
from benchmarks.recording import default_path, write_whole
from convax.core import ConvSpec
from convax.planner import Remembered, Wisdom, choose, contenders, device_name, estimates, promising, race, use_wisdom
from convax.sampling import random_specs, scale_of

__all__ = ["Outcome", "quantiles", "read", "remembering", "run_regret", "summary"]

# Measured is what is estimated to take up to so many times the least, at most so many; the rest is taken for slower.
HOPELESS, MOST = 8.0, 24
WORST = 15


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One spec, measured.

    Args:
        key: Seed and number, by which a run is taken up again.
        tag: The kind of spec.
        spec: In words.
        chosen: By the estimate alone.
        times: Seconds by algorithm.
        remembered: By wisdom, and
        again: the seconds of the second measurement, by algorithm; empty without --wisdom.
    """

    key: str
    tag: str
    spec: str
    chosen: str
    times: dict[str, float]
    remembered: str = ""
    again: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def best(self) -> str:
        """The fastest candidate."""
        return min(self.times, key=lambda name: self.times[name])

    @property
    def regret(self) -> float:
        """Time of the estimate's choice over the best time."""
        return self.times[self.chosen] / self.times[self.best]

    @property
    def wise_regret(self) -> float | None:
        """Time of wisdom's choice over the best time, both of the second measurement."""
        return self.again[self.remembered] / min(self.again.values()) if self.remembered else None


def run_regret(
    count: int, seed: int = 0, *, with_wisdom: bool = False, seconds: float = 0.5, path: pathlib.Path | None = None
) -> pathlib.Path:
    """Measure `count` random specs, but for those that the file holds already; returns the file.

    Raises:
        SystemExit: The file is another machine's.
    """
    console, machine, path = Console(stderr=True), described(), path or default_path("regret")
    known, outcomes = read(path) if path.exists() else (machine, [])
    if known != machine:
        raise SystemExit(f"{path.name} was recorded elsewhere: {known}; here: {machine}")
    done = {outcome.key for outcome in outcomes}
    for number, (tag, spec) in enumerate(random_specs(seed, count, scale_of(jax.default_backend()))):
        key = f"{seed}:{number}"
        if key in done:
            continue
        outcome = _measured(key, tag, spec, with_wisdom, seconds)
        outcomes.append(outcome)
        write_whole(path, {"machine": machine, "rows": [dataclasses.asdict(each) for each in outcomes]})
        console.print(f"{number + 1}/{count} {tag}: {spec}: {outcome.regret:.2f}", highlight=False, soft_wrap=True)
    console.print(summary(outcomes), highlight=False, soft_wrap=True)
    return path


def read(path: pathlib.Path) -> tuple[dict[str, Any], list[Outcome]]:
    """The machine and the outcomes that a file holds."""
    plain = json.loads(path.read_text("utf-8"))
    return plain["machine"], [Outcome(**row) for row in plain["rows"]]


def quantiles(regrets: Iterable[float]) -> tuple[float, float, float]:
    """Median, 95th percentile, worst."""
    values = list(regrets)
    return float(np.median(values)), float(np.quantile(values, 0.95)), max(values)


def remembering(earlier: Iterable[Outcome], outcomes: Iterable[Outcome]) -> list[float]:
    """Regrets of choosing what was fastest in an earlier recording, of the same convolutions: what a machine allows."""
    known = {outcome.key: outcome for outcome in earlier}
    found = []
    for outcome in outcomes:
        before = known.get(outcome.key)
        both = before.times.keys() & outcome.times.keys() if before and before.spec == outcome.spec else set()
        if before and both:
            found.append(outcome.times[min(both, key=lambda name: before.times[name])] / min(outcome.times.values()))
    return found


def summary(outcomes: list[Outcome]) -> str:
    """Median, 95 % and worst, by tag; then the worst ones with their algorithms."""
    lines = [f"{'':<18}{'specs':>6}{'median':>8}{'95 %':>7}{'worst':>7}"]
    tags = [("all", outcomes)]
    tags += [(tag, [o for o in outcomes if o.tag == tag]) for tag in sorted({o.tag for o in outcomes})]
    for tag, some in tags:
        median, high, worst = quantiles(outcome.regret for outcome in some)
        lines.append(f"{tag:<18}{len(some):>6}{median:>8.2f}{high:>7.2f}{worst:>7.2f}")
    wise = [outcome.wise_regret for outcome in outcomes if outcome.wise_regret is not None]
    if wise:
        median, high, worst = quantiles(wise)
        lines.append(f"{'with wisdom':<18}{len(wise):>6}{median:>8.2f}{high:>7.2f}{worst:>7.2f}")
    lines.append("")
    for outcome in sorted(outcomes, key=lambda outcome: -outcome.regret)[:WORST]:
        chosen, best = (f"{name} {outcome.times[name] * 1e3:.3g} ms" for name in (outcome.chosen, outcome.best))
        lines.append(f"{outcome.regret:6.2f}  {outcome.tag}: {outcome.spec}: chose {chosen}; best {best}")
    return "\n".join(lines)


def _measured(key: str, tag: str, spec: ConvSpec, with_wisdom: bool, seconds: float) -> Outcome:
    platform = jax.default_backend()
    chosen = estimates(spec, platform)[0].algorithm
    runs = contenders(spec, platform, promising(spec, platform, HOPELESS, MOST))
    first = race(runs, seconds, queued=platform != "cpu")
    plain = {str(each): time for each, time in first.items()}
    outcome = Outcome(key, tag, str(spec), str(chosen), plain)
    if not with_wisdom:
        return outcome
    wisdom = Wisdom()
    wisdom.remember(spec, device_name(platform), Remembered(min(first, key=lambda each: first[each]), plain))
    with use_wisdom(wisdom):
        remembered = choose(spec, platform)
    again = {str(each): time for each, time in race(runs, seconds, queued=platform != "cpu").items()}
    return dataclasses.replace(outcome, remembered=str(remembered), again=again)


def main() -> None:
    """Read the arguments, measure, print the summary."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regret", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="random specs (default 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wisdom", action="store_true", help="measure twice, for the regret of wisdom too")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for the rounds of each spec (default 0.5)")
    parser.add_argument("--resume", type=pathlib.Path, metavar="FILE", help="skip what FILE holds; add to it")
    given = parser.parse_args()
    os.environ.setdefault("CONVAX_WISDOM", "off")  # what this machine remembers is no property of the estimate
    jax.config.update("jax_enable_x64", True)
    path = run_regret(given.count, given.seed, with_wisdom=given.wisdom, seconds=given.seconds, path=given.resume)
    print(f"recorded in {path.name}")


if __name__ == "__main__":
    main()
