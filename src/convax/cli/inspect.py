"""The command `convax inspect`: every convolution of a function in somebody's file, for shapes named on the spot."""

from __future__ import annotations

import contextlib
import html
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convax.cli.console import Report
from convax.cli.failure import CommandError
from convax.cli.importing import Imported, function_of, parse_target, said, searching
from convax.cli.literals import Abstract, parse_keyword, parse_value, replaced
from convax.cli.output import check_output
from convax.files import replacing

if TYPE_CHECKING:
    from convax import Inspection

__all__ = ["InspectRequest", "print_inspection", "squares_differentiated"]

EXAMPLE = "--arg 'f32[8,64,1024]'"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root {{ color-scheme: light dark }} body {{ font-family: sans-serif; margin: 2em }}</style>
</head>
<body>
<h1>{title}</h1>
<p><code>{call}</code></p>
{table}
</body>
</html>
"""


@dataclass(frozen=True)
class InspectRequest:
    """All that the command line says.

    Attributes:
        target: FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION.
        arguments: Values in order, as they were typed.
        keywords: "name=value", as they were typed.
        gradient: Whether to look into the gradient of the sum of the results' squares.
        as_json: Whether to print JSON instead of the table.
        page: The web page to write, or None.
        platform: Where to estimate for; None for JAX's default backend.
        force: Whether an existing page may be replaced.
    """

    target: str
    arguments: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    gradient: bool = False
    as_json: bool = False
    page: Path | None = None
    platform: str | None = None
    force: bool = False


def print_inspection(request: InspectRequest, report: Report) -> None:
    """Prints the table of a function's convolutions, and writes the page that was asked for.

    Raises:
        CommandError: If the function is not found or fails, an argument cannot be read, or the page not be written.
        ConvaxError: If the function is none that can be inspected.
    """
    place = parse_target(request.target)
    arguments = [parse_value("--arg", text) for text in request.arguments]
    keywords = parse_keywords(request.keywords)
    if request.page is not None:
        check_output(request.page, [] if place.file is None else [place.file], force=request.force)
    # What the function's module prints, and what it warns of, must not end up in the table or in the JSON.
    with contextlib.redirect_stdout(sys.stderr), report.hearing_warnings(), searching(place):
        with report.stage("starting JAX"):
            import jax

            jax.devices()
        with report.stage("importing"):
            imported = function_of(place)
        check_call(imported, arguments, keywords)
        with report.stage("tracing"):
            inspection = inspected(imported, arguments, keywords, request)
    report.block(inspection.to_json() if request.as_json else str(inspection))
    if request.page is None:
        return
    with replacing(request.page) as temporary:
        temporary.write_text(as_page(inspection, request), "utf-8")
    if not request.as_json:
        report.line("wrote", str(request.page))


def parse_keywords(texts: Sequence[str]) -> dict[str, Any]:
    """Reads the words of `--keyword`.

    Raises:
        CommandError: If one is not written NAME=VALUE, or a name is given twice.
    """
    keywords: dict[str, Any] = {}
    for text in texts:
        name, value = parse_keyword(text)
        if name in keywords:
            raise CommandError(f"--keyword {name} is given twice: keep one")
        keywords[name] = value
    return keywords


def check_call(imported: Imported, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Finds out whether so many arguments, and such keywords, can be passed.

    Raises:
        CommandError: If not.
    """
    try:
        signature = inspect.signature(imported.function)
    except (TypeError, ValueError):
        return  # written in C, some of them: the call itself will tell
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        # Names are what is asked for; annotations can be pages long.
        names = [name.replace(annotation=inspect.Parameter.empty) for name in signature.parameters.values()]
        taken = inspect.Signature(names)
        given = f"{len(arguments)} argument{'' if len(arguments) == 1 else 's'}"
        given += f" and {', '.join(keywords)}" if keywords else ""
        raise CommandError(
            f"{imported.name}{taken} was given {given}: {error}; give each by its own {EXAMPLE} or --keyword NAME=VALUE"
        ) from error


def inspected(
    imported: Imported, arguments: Sequence[Any], keywords: Mapping[str, Any], request: InspectRequest
) -> Inspection:
    """What `convax.inspect` returns for the function or for its gradient.

    Raises:
        CommandError: If the function fails for these arguments.
    """
    import jax

    from convax.cli.filter import wide_if_needed
    from convax.transform.inspection import inspection_of
    from convax.transform.tracing import Tracer

    with contextlib.ExitStack() as widths:
        struct: Any = jax.ShapeDtypeStruct  # whose constructor has no types

        def shaped(array: Abstract) -> Any:
            dtype = jax.numpy.dtype(array.dtype)  # JAX's knows bfloat16 too
            widths.enter_context(wide_if_needed(dtype))
            return struct(array.shape, dtype)

        values, named = replaced((list(arguments), dict(keywords)), shaped)
        function = squares_differentiated(imported.function) if request.gradient else imported.function
        try:
            traced = Tracer(function)(*values, **named).function
        except CommandError:
            raise
        except Exception as error:
            whose = f"the gradient of {imported.name}" if request.gradient else imported.name
            why = said(error, imported.folder)
            raise CommandError(
                f"{whose} fails on {_call(request)}: {why}; change the arguments or the function"
            ) from error
        # From here on a failure is a bug of convax, and keeps its traceback.
        return inspection_of(traced, request.platform)


def squares_differentiated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Value and gradient of the sum of the squares of a function's floating results, by all its floating arguments.

    Complex numbers count as floating, and the square is then that of the absolute value.

    Example:
        >>> import jax.numpy as jnp
        >>> squares_differentiated(lambda x, n: [x * n, "a name"])(jnp.array([1.0, 2.0]), 3)
        (Array(45., dtype=float32), [Array([18., 36.], dtype=float32)])
    """
    import jax
    import jax.numpy as jnp

    def is_floating(leaf: Any) -> bool:
        return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.inexact)

    def differentiated(*arguments: Any, **keywords: Any) -> Any:
        leaves, tree = jax.tree.flatten((arguments, keywords))
        floating = [place for place, leaf in enumerate(leaves) if is_floating(leaf)]
        if not floating:
            raise CommandError(
                f"--gradient has nothing to differentiate by: give an array of floats, such as {EXAMPLE}"
            )

        def loss(values: list[Any]) -> Any:
            given = list(leaves)
            for place, value in zip(floating, values, strict=True):
                given[place] = value
            positional, named = jax.tree.unflatten(tree, given)
            results = [leaf for leaf in jax.tree.leaves(function(*positional, **named)) if is_floating(leaf)]
            if not results:
                raise CommandError("--gradient has nothing to differentiate: the function returns no array of floats")
            return sum(jnp.vdot(result, result).real for result in results)

        return jax.value_and_grad(loss)([leaves[place] for place in floating])

    return differentiated


def as_page(inspection: Inspection, request: InspectRequest) -> str:
    """A whole web page that needs nothing else."""
    from convax.transform.page import as_html

    what = "Gradient" if request.gradient else "Convolutions"
    title = html.escape(f"{what} of {request.target}")
    return PAGE.format(title=title, call=html.escape(_call(request)), table=as_html(inspection))


def _call(request: InspectRequest) -> str:
    return f"({', '.join((*request.arguments, *request.keywords))})"
