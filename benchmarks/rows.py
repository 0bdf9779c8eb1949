"""One case measured: a row of plain data, with everything that tables, pages and plots show of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import jax

from benchmarks.cases import Case
from benchmarks.jax_rivals import Program
from benchmarks.machine import Limits
from benchmarks.measure import Timing, interleaved
from benchmarks.operations import arranged, canonical, convax_function
from benchmarks.rivals import prepare
from benchmarks.truth import error, truth
from convax.planner import make_plan
from convax.tuning import convolutions_of

__all__ = ["Prepared", "Row", "measure_case"]

# Whose results are compared with the truth, and the layout that they come in (None: the case's).
_CHECKED: dict[str, str | None] = {"convax": None, "lax NCH": "NCH"}


@dataclasses.dataclass(frozen=True)
class Row:
    """What was found for one case; times in seconds, sizes in bytes.

    Args:
        name: The case's name.
        case: Its fields.
        timings: By contender.
        absent: Contenders that the case is for and that did not run, with the reason.
        algorithms: What the planner chose, in the order of the case's convolutions.
        compile_seconds: By contender.
        temporaries: Peak of what the program holds beside operands and results, by contender.
        held: Bytes of operands and results.
        errors: Largest error relative to the largest magnitude of float64's result, by contender; exact integers
            have 0.
        limit: Seconds that the machine needs at least by its copy and GEMM rates.
        limited_by: "memory" or "arithmetic".
        session: Place of the session that measured it in the file's list.
    """

    name: str
    case: dict[str, Any]
    timings: dict[str, Timing]
    absent: dict[str, str]
    algorithms: list[str]
    compile_seconds: dict[str, float]
    temporaries: dict[str, int]
    held: int
    errors: dict[str, float]
    limit: float
    limited_by: str
    session: int = 0

    def ratio(self, rival: str) -> float | None:
        """The rival's time over ours, or None where it did not run."""
        if rival not in self.timings or "convax" not in self.timings:
            return None
        return self.timings[rival].median / self.timings["convax"].median

    def best(self, among: Iterable[str] | None = None) -> tuple[str, float] | None:
        """The fastest rival (of some) and its time over ours."""
        names = [name for name in self.timings if name != "convax" and (among is None or name in among)]
        if not names or "convax" not in self.timings:
            return None
        name = min(names, key=lambda rival: self.timings[rival].median)
        return name, self.timings[name].median / self.timings["convax"].median

    @property
    def reached(self) -> float:
        """The share of the machine's limit that convax reaches."""
        return self.limit / self.timings["convax"].median

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Row:
        """The inverse of `dataclasses.asdict`."""
        timings = {name: Timing(**timing) for name, timing in plain["timings"].items()}
        case = plain["case"] | {"tags": tuple(plain["case"]["tags"])}
        return cls(**plain | {"timings": timings, "case": case})


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A case that is ready to be timed.

    Args:
        case: What to compute.
        operands: Drawn for it.
        contenders: What to call, or why there is nothing to call, by name.
    """

    case: Case
    operands: list[Any]
    contenders: dict[str, Any]

    @classmethod
    def of(cls, case: Case, rivals: Iterable[str] | None = None) -> Prepared:
        """The case with convax and some rivals; None for all."""
        operands = case.draw()
        return cls(case, operands, prepare(case, operands, rivals))


def measure_case(prepared: Prepared, limits: Limits, *, seconds: float = 1.0, session: int = 0) -> Row:
    """Measure convax and its rivals on one case.

    Args:
        prepared: The case.
        limits: The machine's, measured in this process.
        seconds: Time for each contender.
        session: As in `Row`.
    """
    case, operands, contenders = prepared.case, prepared.operands, prepared.contenders
    programs = {name: program for name, program in contenders.items() if callable(program)}
    measured = interleaved(programs, seconds=seconds)
    timings = {name: timing for name, timing in measured.items() if isinstance(timing, Timing)}
    failed = {name: reason for name, reason in (contenders | measured).items() if isinstance(reason, str)}
    compiled = {name: p for name, p in programs.items() if isinstance(p, Program) and name in timings}
    limit, limited_by = limits.seconds(case)
    return Row(
        name=case.name,
        case=dataclasses.asdict(case),
        timings=timings,
        absent=failed,
        algorithms=_algorithms(case, operands),
        compile_seconds={name: program.compile_seconds for name, program in compiled.items()},
        temporaries={name: program.temporaries for name, program in compiled.items()},
        held=programs["convax"].held if "convax" in compiled else 0,
        errors=_errors(case, operands, compiled),
        limit=limit,
        limited_by=limited_by,
        session=session,
    )


def _algorithms(case: Case, operands: list[Any]) -> list[str]:
    shapes = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arranged(case, operands, case.layout)]
    platform = jax.default_backend()
    return [str(make_plan(spec, platform).algorithm) for spec in convolutions_of(convax_function(case), *shapes)]


def _errors(case: Case, operands: list[Any], programs: dict[str, Program]) -> dict[str, float]:
    exact = truth(case, operands)
    if exact is None:
        return {}
    found = {}
    for name, layout in _CHECKED.items():
        if name in programs:
            by_lax = name != "convax"
            found[name] = error(canonical(case, programs[name](), layout or case.layout, by_lax=by_lax), exact)
    return found
