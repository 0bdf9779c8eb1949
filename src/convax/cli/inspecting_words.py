"""The words of the command about functions: inspect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("inspect")(inspect_command)


def inspect_command(
    target: Annotated[str, typer.Argument(metavar="FILE.py:FUNCTION", help="Or PACKAGE.MODULE:FUNCTION.")],
    arguments: Annotated[
        list[str] | None,
        typer.Option("--arg", metavar="VALUE", help="An argument, in order: 'f32[8,64,1024]', 'f32[]', 3, \"'SAME'\"."),
    ] = None,
    keywords: Annotated[
        list[str] | None, typer.Option("--keyword", metavar="NAME=VALUE", help="A keyword, its value as --arg's.")
    ] = None,
    gradient: Annotated[
        bool,
        typer.Option("--gradient", help="Sum the squares of the results and differentiate by all floating arrays."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
    page: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the table as a web page.")] = None,
    platform: Annotated[str | None, typer.Option(help="cpu, cuda, ...; this machine's if left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """List every one-dimensional convolution of a function: shapes, costs, choices and likely mistakes.

    The function is traced and nothing is computed, so that an array is given as its type and its shape. Example:
    [bold]convax inspect model.py:forward --arg 'f32[8,64,1024]' --arg 'f32[64,64,3]'[/bold]
    """
    from convax.cli.console import reporting
    from convax.cli.inspect import InspectRequest, print_inspection

    request = InspectRequest(
        target, tuple(arguments or ()), tuple(keywords or ()), gradient, as_json, page, platform, force
    )
    with reporting() as report:
        print_inspection(request, report)
