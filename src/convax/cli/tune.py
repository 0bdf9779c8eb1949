"""The command `convax tune`: measure the ways to compute one convolution, and remember the fastest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convax.cli.console import Report
from convax.cli.failure import CommandError
from convax.cli.plan import PlanRequest, make_plan
from convax.cli.wisdom import NOWHERE

if TYPE_CHECKING:
    from convax.tuning import Tuned, TuneReport

__all__ = ["print_tuning"]


def print_tuning(request: PlanRequest, seconds: float, report: Report) -> None:
    """Measures the candidates of one convolution, prints their times, and remembers the fastest.

    Args:
        request: The convolution and the platform.
        seconds: Time for the runs; compilation comes on top.
        report: Where to print.

    Raises:
        CommandError: If no device of the platform is here.
        ConvaxError: If the sizes do not fit each other.
    """
    plan = make_plan(request, report)

    import jax

    from convax.algorithms import Algorithm
    from convax.core import ConvSpec
    from convax.planner.timing import promising
    from convax.tuning import tune

    try:
        jax.devices(plan.platform)
    except RuntimeError as error:
        raise CommandError(f"no device of the platform {plan.platform} is here, and measuring needs one") from error

    with report.hearing_warnings():
        candidates = promising(plan.spec, plan.platform)
        with report.stage("measuring", len(candidates)) as bar:

            def told(_: ConvSpec, algorithm: Algorithm) -> None:
                bar.describe(f"measuring {algorithm}")
                bar.advance(1)

            measured = tune(plan.spec, platform=plan.platform, seconds=seconds, told=told)
        report.line("device", measured.device)
        report.block(str(measured.entries[0]))
        report.line("choice", _choice(measured.entries[0]))
        report.line("kept", _whereabouts(measured))


def _choice(measured: Tuned) -> str:
    """The fastest, beside lax's own convolution."""
    lax = min((seconds for algorithm, seconds in measured.seconds.items() if algorithm.name == "direct"), default=None)
    best = measured.seconds[measured.fastest]
    if measured.fastest.name == "direct":
        return f"{measured.fastest}, lax's own convolution: {_milliseconds(best)}"
    if lax is None:
        return f"{measured.fastest}: {_milliseconds(best)}; lax's own convolution would take too long to be measured"
    return f"{measured.fastest}: {_milliseconds(best)}, {lax / best:.3g} times as fast as lax's own convolution"


def _whereabouts(report: TuneReport) -> str:
    from convax import Wisdom
    from convax.planner import active_wisdom

    folder = active_wisdom().folder
    if folder is None:
        return f"nowhere, since {NOWHERE}"
    on_disk = Wisdom(folder).recall(report.entries[0].spec, report.device)
    return f"as wisdom in {folder}" if on_disk else "nowhere"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.4g} ms"
