"""The words of the commands about plans: plan, tune, wisdom, calibrate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_to"]

Length = Annotated[int, typer.Option("--input", metavar="L", help="Samples of the input.")]
Taps = Annotated[int, typer.Option("--kernel", metavar="K", help="Taps of the kernel.")]
Stride = Annotated[int, typer.Option(help="Step between outputs.")]
Padding = Annotated[str, typer.Option(help="A word (VALID, SAME, CAUSAL), N, or BEFORE,AFTER.")]
Dilation = Annotated[int, typer.Option(help="Step between taps.")]
Groups = Annotated[int, typer.Option(help="Groups of channels.")]
Batch = Annotated[int, typer.Option(help="Signals at once.")]
Channels = Annotated[int, typer.Option(help="Channels of the input.")]
Features = Annotated[int, typer.Option(help="Channels of the output.")]
Dtype = Annotated[str, typer.Option(help="float32, bfloat16, int32, ...")]
Platform = Annotated[str | None, typer.Option(help="cpu, cuda, ...; this machine's if left out.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]

wisdom = typer.Typer(help="What was measured before: where it is, what it is, to save, to load, to forget.")


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command("plan")(plan_command)
    app.command("tune")(tune_command)
    app.add_typer(wisdom, name="wisdom")
    app.command("calibrate")(calibrate_command)


def plan_command(
    length: Length,
    taps: Taps,
    stride: Stride = 1,
    padding: Padding = "VALID",
    dilation: Dilation = 1,
    groups: Groups = 1,
    batch: Batch = 1,
    channels: Channels = 1,
    features: Features = 1,
    dtype: Dtype = "float32",
    platform: Platform = None,
    algorithm: Annotated[str | None, typer.Option(metavar="NAME", help="Ask for this way.")] = None,
) -> None:
    """Print which way a convolution would go, with an estimate or a refusal for every way there is."""
    from convax.cli.console import reporting
    from convax.cli.plan import PlanRequest, parse_padding, print_plan

    ends = parse_padding(padding)
    request = PlanRequest(
        length, taps, stride, ends, dilation, groups, batch, channels, features, dtype, platform, algorithm
    )
    with reporting() as report:
        print_plan(request, report)


def tune_command(
    length: Length,
    taps: Taps,
    stride: Stride = 1,
    padding: Padding = "VALID",
    dilation: Dilation = 1,
    groups: Groups = 1,
    batch: Batch = 1,
    channels: Channels = 1,
    features: Features = 1,
    dtype: Dtype = "float32",
    platform: Platform = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="Time for the runs; compilation comes on top.")] = 1.0,
) -> None:
    """Measure the ways to compute a convolution, and remember the fastest for every later plan.

    Example: [bold]convax tune --input 1000000 --kernel 101[/bold]
    """
    from convax.cli.console import reporting
    from convax.cli.plan import PlanRequest, parse_padding
    from convax.cli.tune import print_tuning

    ends = parse_padding(padding)
    request = PlanRequest(
        length, taps, stride, ends, dilation, groups, batch, channels, features, dtype, platform, algorithm=None
    )
    with reporting() as report:
        print_tuning(request, seconds, report)


def calibrate_command(
    quick: Annotated[bool, typer.Option("--quick", help="A small sample, a minute; estimates are rougher.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; your own prices if left out.")
    ] = None,
    platform: Platform = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Rest on nothing that ships: for another kind of device.")
    ] = False,
    force: Force = False,
) -> None:
    """Measure what operations cost on this device, so that estimates fit it (half an hour)."""
    from convax.cli.calibrate import calibrate
    from convax.cli.console import reporting

    with reporting() as report:
        calibrate(output, platform, report, quick=quick, anew=anew, force=force)


@wisdom.command("path")
def path_command() -> None:
    """Print the folder that wisdom is kept in."""
    from convax.cli.console import reporting
    from convax.cli.wisdom import print_folder

    with reporting() as report:
        print_folder(report)


@wisdom.command("show")
def show_command() -> None:
    """Print what was measured, by device."""
    from convax.cli.console import reporting
    from convax.cli.wisdom import print_wisdom

    with reporting() as report:
        print_wisdom(report)


@wisdom.command("save")
def save_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write.")], force: Force = False
) -> None:
    """Write all choices as one file, to ship with a program or to load elsewhere."""
    from convax.cli.console import reporting
    from convax.cli.wisdom import save_wisdom

    with reporting() as report:
        save_wisdom(file, report, force=force)


@wisdom.command("load")
def load_command(file: Annotated[Path, typer.Argument(metavar="FILE", help="File that `wisdom save` wrote.")]) -> None:
    """Take over the choices of a file; of two measurements the younger stays."""
    from convax.cli.console import reporting
    from convax.cli.wisdom import load_wisdom

    with reporting() as report:
        load_wisdom(file, report)


@wisdom.command("forget")
def forget_command() -> None:
    """Drop all choices that were measured."""
    from convax.cli.console import reporting
    from convax.cli.wisdom import forget_wisdom

    with reporting() as report:
        forget_wisdom(report)
