"""The words of the command line and what they mean; the work is imported when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from convax.cli import explaining_words, exploring_words, inspecting_words, planning_words, practising_words
from convax.cli.failure import INTERRUPTED, exit_code_of, termination_unwinds

__all__ = ["app", "run"]

app = typer.Typer(
    name="convax",
    help="1-D convolutions on JAX, by the fastest way that fits: filter recordings, print and tune plans.",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # a bug gets Python's own traceback
)

# What typer raises for a word that it does not understand; it has no public name of its own.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

MAKE = "Kernel (exactly one)"
MORE = "More"
KINDS = ".wav, .flac, .ogg, .npy or .csv"


class Mode(StrEnum):
    """Which outputs are kept."""

    full = "full"
    same = "same"
    valid = "valid"


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; an expected failure prints one line on stderr."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with termination_unwinds():
            code = app(args=words or ["--help"], prog_name="convax", standalone_mode=False)
    except UsageError as error:
        return _refuse(error)
    except (Exception, KeyboardInterrupt) as error:
        code = exit_code_of(error)
        if code is None:
            raise
    if code == INTERRUPTED:  # typer has caught the interruption, and said nothing
        return exit_code_of(KeyboardInterrupt()) or INTERRUPTED
    return code if isinstance(code, int) else 0


def _version(wanted: bool) -> None:
    if wanted:
        from convax import __version__

        typer.echo(f"convax {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """1-D convolutions on JAX, by the fastest way that fits: filter recordings, print and tune plans."""


@app.command("filter")
def filter_command(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help=f"Recording: {KINDS}.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, of the kind its suffix says.")],
    kernel: Annotated[
        Path | None,
        typer.Option(help="Impulse response, a file of any of these kinds.", rich_help_panel=MAKE),
    ] = None,
    lowpass: Annotated[
        float | None, typer.Option(metavar="HZ", help="Keep what is below.", rich_help_panel=MAKE)
    ] = None,
    highpass: Annotated[
        float | None, typer.Option(metavar="HZ", help="Keep what is above.", rich_help_panel=MAKE)
    ] = None,
    bandpass: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LO HI", help="Keep what is between, in Hz.", rich_help_panel=MAKE),
    ] = None,
    moving_average: Annotated[
        int | None, typer.Option(metavar="N", help="Mean of N samples.", rich_help_panel=MAKE)
    ] = None,
    taps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Taps of a designed filter: more are steeper. Left out: chosen to fit the cutoff.",
            rich_help_panel=MORE,
        ),
    ] = None,
    sample_rate: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="Of a .npy or .csv file.", rich_help_panel=MORE),
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="same: as long as INPUT. valid: no edges. full: all.", rich_help_panel=MORE)
    ] = Mode.same,
    algorithm: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A way to convolve, as in `convax plan`.", rich_help_panel=MORE),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output.", rich_help_panel=MORE)] = False,
) -> None:
    """Filter a recording along time, by an impulse response or a filter designed on the spot.

    Arrays (.npy, .csv) have one frame a row and one channel a column. Sample rate, channels and sample format
    are kept. Example: [bold]convax filter voice.wav -o low.wav --lowpass 1000[/bold]
    """
    from convax.cli.console import reporting
    from convax.cli.filter import FilterRequest, filter_recording
    from convax.cli.kernels import KernelChoice

    choice = KernelChoice(kernel, lowpass, highpass, bandpass, moving_average, taps)
    request = FilterRequest(source, output, choice, sample_rate, mode.value, algorithm, force)
    with reporting() as report:
        filter_recording(request, report)


@app.command("demo")
def demo_command(
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the recording and the picture go.")
    ] = Path("convax-demo"),
) -> None:
    """Show it: a worked example, a recording filtered, values and times beside lax and NumPy, a picture."""
    from convax.cli.console import reporting
    from convax.cli.demo import demonstrate

    with reporting() as report:
        demonstrate(folder, report)


planning_words.add_to(app)
inspecting_words.add_to(app)
practising_words.add_to(app)
exploring_words.add_to(app)
explaining_words.add_to(app)


def _refuse(error: Exception) -> int:
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    sentence = " ".join(text.split()).rstrip(".")
    print(f"convax: {sentence}. Try 'convax --help'.", file=sys.stderr)
    return 2
