"""The words of the commands about exercises: practice list, show, hint, check, solution."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_to"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the exercise, as `convax practice list` prints it.")]

practice = typer.Typer(help="Exercises from the first convolution to overlap-save, and a judge for your solutions.")


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""
    app.add_typer(practice, name="practice")


@practice.callback(invoke_without_command=True)
def common(context: typer.Context) -> None:
    """Exercises from the first convolution to overlap-save, and a judge for your solutions."""
    if context.invoked_subcommand is None:
        list_command()


@practice.command("list")
def list_command() -> None:
    """Print all exercises, and which you have solved."""
    from convax.cli.console import reporting
    from convax.cli.practice import print_list

    with reporting() as report:
        print_list(report)


@practice.command("show")
def show_command(name: Name) -> None:
    """Print what to write: the formula, shapes, an example."""
    from convax.cli.console import reporting
    from convax.cli.practice import print_exercise

    with reporting() as report:
        print_exercise(name, report)


@practice.command("hint")
def hint_command(name: Name) -> None:
    """Open one hint more; those that were opened before are printed too."""
    from convax.cli.console import reporting
    from convax.cli.practice import print_hints

    with reporting() as report:
        print_hints(name, report)


@practice.command("check")
def check_command(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="Your file; it has a function of that name.")],
    seconds: Annotated[float, typer.Option(min=1.0, max=3600.0, help="Time for your code.")] = 30.0,
) -> None:
    """Judge your solution. It runs in a process of its own; loops without end and crashes are told, too.

    The exit code is 0 if it is accepted, 1 if not, 2 if there is nothing to judge.
    """
    from convax.cli.console import reporting
    from convax.cli.practice import check_file

    with reporting() as report:
        accepted = check_file(name, file, seconds, report)
    raise typer.Exit(0 if accepted else 1)


@practice.command("solution")
def solution_command(name: Name) -> None:
    """Print a solution. Try it yourself first."""
    from convax.cli.console import reporting
    from convax.cli.practice import print_solution

    with reporting() as report:
        print_solution(name, report)
