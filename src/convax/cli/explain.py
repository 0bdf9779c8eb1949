"""The command `convax explain`: what a convolution of given shapes does, in words, as code, as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convax.cli.console import Report
from convax.cli.failure import CommandError
from convax.cli.output import check_output
from convax.files import replacing

if TYPE_CHECKING:
    from convax import Explanation

__all__ = ["ExplainRequest", "parse_shape", "print_explanation"]

SHAPES = "a shape is written as sizes with commas, as in 8,64,1024"


@dataclass(frozen=True)
class ExplainRequest:
    """All that the command line says.

    Attributes:
        function: Public function of convax.
        input: Shape of the data.
        kernel: Shape of the kernel.
        settings: Arguments of the function that were given.
        output: The output to show in detail, or None.
        dtype: Element type of both operands.
        tongue: Print the call in this tongue alone; None for everything.
        plot: The picture to write, or None.
        force: Whether an existing picture may be replaced.
    """

    function: str
    input: tuple[int, ...]
    kernel: tuple[int, ...]
    settings: dict[str, Any]
    output: int | None = None
    dtype: str = "float32"
    tongue: str | None = None
    plot: Path | None = None
    force: bool = False


def print_explanation(request: ExplainRequest, report: Report) -> None:
    """Prints the explanation, or the code that was asked for, and writes the picture.

    Raises:
        CommandError: If there is no such function or dtype, or the picture cannot be written.
        ConvaxError: If an argument is none of the function's, or the picture has nothing to show.
    """
    if request.plot is not None:
        check_output(request.plot, [], force=request.force)
    explanation = _explained(request, report)
    report.block(str(explanation) if request.tongue is None else explanation.in_(request.tongue).rstrip())
    if request.plot is None:
        return
    try:
        figure = explanation.plot()
    except ImportError as error:
        raise CommandError(str(error)) from error
    with replacing(request.plot, request.plot.suffix) as temporary:
        figure.savefig(temporary, dpi=150)
    report.line("wrote", str(request.plot))


def _explained(request: ExplainRequest, report: Report) -> Explanation:
    with report.stage("starting JAX"):
        import jax

        import convax
        from convax.cli.filter import wide_if_needed
        from convax.explaining.call import FUNCTIONS

        try:
            dtype = jax.numpy.dtype(request.dtype)
        except TypeError as error:
            raise CommandError(
                f"--dtype {request.dtype} is no dtype: use float32, float64, bfloat16, int32, ..."
            ) from error
    if request.function not in FUNCTIONS:
        raise CommandError(f"--call {request.function} is no function: use one of {', '.join(FUNCTIONS)}")
    with report.hearing_warnings(), wide_if_needed(dtype), report.stage("explaining"):
        operands = [jax.ShapeDtypeStruct(shape, dtype) for shape in (request.input, request.kernel)]
        return convax.explain(FUNCTIONS[request.function], *operands, output=request.output, **request.settings)


def parse_shape(option: str, text: str) -> tuple[int, ...]:
    """Reads the word of `--input` or `--kernel`.

    >>> parse_shape("--input", "8,64,1024"), parse_shape("--kernel", "5")
    ((8, 64, 1024), (5,))

    Raises:
        CommandError: If it is no list of sizes.
    """
    try:
        sizes = tuple(int(part) for part in text.strip("()").split(",") if part.strip())
    except ValueError:
        raise CommandError(f"{option} {text} cannot be read: {SHAPES}") from None
    if not sizes or min(sizes) < 0:
        raise CommandError(f"{option} {text} is no shape: {SHAPES}")
    return sizes
