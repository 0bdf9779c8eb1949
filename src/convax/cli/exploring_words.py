"""The words of the command explore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("explore")(explore_command)


def explore_command(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write a copy instead of opening it.")
    ] = None,
    print_path: Annotated[
        bool, typer.Option("--print-path", help="Print where the page is, and open nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Open the explorer in a browser: a page that shows what a convolution does, without server or network.

    Example: [bold]convax explore -o lesson.html[/bold]
    """
    from convax.cli.console import reporting
    from convax.cli.explore import explore

    with reporting() as report:
        explore(output, report, print_path=print_path, force=force)
