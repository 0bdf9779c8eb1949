"""The command `convax plan`: which way a convolution would go, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from convax.cli.console import Report
from convax.cli.failure import CommandError

if TYPE_CHECKING:
    from convax import Plan

__all__ = ["PlanRequest", "make_plan", "parse_padding", "print_plan"]

Padding = str | int | tuple[int, int]


@dataclass(frozen=True)
class PlanRequest:
    """The arguments of `convax.plan`, under its own names."""

    length: int
    taps: int
    stride: int
    padding: Padding
    dilation: int
    groups: int
    batch: int
    channels: int
    features: int
    dtype: str
    platform: str | None
    algorithm: str | None


def print_plan(request: PlanRequest, report: Report) -> None:
    """Prints the plan of one convolution.

    Raises:
        ConvaxError: If the sizes do not fit each other, or the algorithm cannot serve.
    """
    report.block(str(make_plan(request, report)))


def make_plan(request: PlanRequest, report: Report) -> Plan:
    """The plan of one convolution.

    Raises:
        CommandError: If there is no such dtype.
        ConvaxError: If the sizes do not fit each other, or the algorithm cannot serve.
    """
    with report.stage("starting JAX"):
        import jax

        import convax
        from convax.cli.filter import wide_if_needed

        try:
            dtype = jax.numpy.dtype(request.dtype)  # JAX's knows bfloat16 too
        except TypeError as error:
            known = "float32, float64, bfloat16, int32, ..."
            raise CommandError(f"--dtype {request.dtype} is no dtype: use {known}") from error
    with report.hearing_warnings(), wide_if_needed(dtype), report.stage("planning"):
        return convax.plan(**asdict(request))


def parse_padding(text: str) -> Padding:
    """Reads the word of `--padding`: a number, a pair of numbers, or a word for the library to know.

    >>> parse_padding("3"), parse_padding("2,-1"), parse_padding("same")
    (3, (2, -1), 'same')

    Raises:
        CommandError: If there are more than two numbers.
    """
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        return text
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    raise CommandError(f"--padding {text} has {len(numbers)} numbers: give N or BEFORE,AFTER")
