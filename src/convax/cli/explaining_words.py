"""The words of the command about single calls: explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("explain")(explain_command)


def explain_command(
    source: Annotated[str, typer.Option("--input", metavar="SHAPE", help="Shape of the data, 8,64,1024.")],
    kernel: Annotated[str, typer.Option("--kernel", metavar="SHAPE", help="Shape of the kernel, 32,64,5.")],
    call: Annotated[
        str, typer.Option(metavar="NAME", help="conv1d, conv1d_basic, conv_transpose1d, convolve, correlate.")
    ] = "conv1d",
    stride: Annotated[int | None, typer.Option(help="Step between outputs.")] = None,
    padding: Annotated[str | None, typer.Option(help="A word (VALID, SAME, CAUSAL), N, or BEFORE,AFTER.")] = None,
    dilation: Annotated[int | None, typer.Option(help="Step between taps.")] = None,
    groups: Annotated[int | None, typer.Option(help="Groups of channels.")] = None,
    layout: Annotated[str | None, typer.Option(help="NCH, NHC, ...")] = None,
    output_padding: Annotated[int | None, typer.Option(help="Of conv_transpose1d.")] = None,
    mode: Annotated[str | None, typer.Option(help="Of convolve and correlate: full, same, valid.")] = None,
    output: Annotated[int | None, typer.Option(metavar="I", help="The output to show in detail.")] = None,
    dtype: Annotated[str, typer.Option(help="float32, bfloat16, int32, ...")] = "float32",
    tongue: Annotated[
        str | None, typer.Option("--in", metavar="NAME", help="Print the call in lax, torch, flax, ... and no more.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the picture, a .png or .svg file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Explain a convolution: its axes, padding, length, windows, gradients, and its code elsewhere.

    Example: [bold]convax explain --input 8,64,1024 --kernel 32,64,5 --stride 2 --padding SAME[/bold]
    """
    from convax.cli.console import reporting
    from convax.cli.explain import ExplainRequest, parse_shape, print_explanation
    from convax.cli.plan import parse_padding

    given = {
        "stride": stride,
        "padding": None if padding is None else parse_padding(padding),
        "dilation": dilation,
        "groups": groups,
        "layout": layout,
        "output_padding": output_padding,
        "mode": mode,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    shapes = parse_shape("--input", source), parse_shape("--kernel", kernel)
    request = ExplainRequest(call, *shapes, settings, output, dtype, tongue, plot, force)
    with reporting() as report:
        print_explanation(request, report)
