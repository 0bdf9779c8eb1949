"""explain: from arrays, shapes, a convolution or an error to an explanation."""

from __future__ import annotations

import dataclasses
from typing import Any

from convax.core import ConvSpec, Geometry
from convax.core.arguments import as_integer
from convax.errors import ArgumentError, ConvaxError
from convax.explaining.call import Call, named_function
from convax.explaining.explanation import Explanation
from convax.explaining.finding import convolution_in
from convax.explaining.reading import read

__all__ = ["explain"]


def explain(*arguments: Any, output: int | None = None, **settings: Any) -> Explanation:
    """What a convolution does, or why it cannot be done; nothing is computed.

    `explain(x, w, stride=2)` explains `conv1d(x, w, stride=2)`. For another function pass it first:
    `explain(convax.convolve, a, v, mode="same")`. A call that does not fit raises nothing: the explanation holds the
    error as its `problem`, and draws what can be drawn.

    Args:
        *arguments: Operands, each an array, a list of numbers, a `jax.ShapeDtypeStruct`, or a tuple of sizes, (8, 64,
            1024), which stands for float32. A function of convax (or lax's, JAX's, NumPy's of that name) may come
            first. Or one `ConvSpec`, `Geometry`, or error that convax raised.
        output: The output to show in detail, counted along the result's length; the first if left out.
        **settings: The other arguments of that function.

    Returns:
        The explanation. It prints itself; it has `in_("torch")` and `code` for the call in other tongues, and `plot()`.

    Raises:
        ArgumentError: A function that is not known, or an output that is not there.
        ArgumentTypeError: Operands that are missing, or of which no shape is known; arguments the function lacks.

    Example:
        >>> explanation = explain((8, 64, 1024), (32, 64, 5), stride=2, padding="SAME")
        >>> explanation.shape
        (8, 32, 512)
        >>> print(explanation.in_("lax"))
        from jax import lax
        import jax.numpy as jnp
        <BLANKLINE>
        x, w = jnp.asarray(x), jnp.asarray(w)
        y = lax.conv_general_dilated(x, w, (2,), "SAME")
        <BLANKLINE>
        >>> print(explain([1, 2, 3], [1, 1, 1, 1]).problem.what)
        the kernel is longer than the input: it reaches over 4 samples, and the input has 3, so there is no output
    """
    if len(arguments) == 1 and isinstance(arguments[0], (ConvSpec, Geometry)):
        return _explained(Call.of_spec(arguments[0]), output)
    if len(arguments) == 1 and isinstance(arguments[0], ConvaxError):
        return _of_error(arguments[0], output)
    name = named_function(arguments[0]) if arguments else None
    operands = arguments if name is None else arguments[1:]
    return _explained(Call.of(name or "conv1d", operands, settings), output)


def _explained(call: Call, output: int | None) -> Explanation:
    reading = read(call)
    try:
        traced = call.trace()
    except ConvaxError as error:
        # Whoever keeps the explanation should not keep the frames of the trace.
        return Explanation(call, reading, problem=error.with_traceback(None))
    except (TypeError, ValueError) as error:  # JAX's own: of types and settings that are handed through
        what = f"JAX refuses this call: {str(error).splitlines()[0]}"
        return Explanation(call, reading, problem=ArgumentError(what, repair="leave that argument at its default"))
    result = traced.out_avals[0]
    geometry = reading.geometry
    explanation = Explanation(
        call, reading, spec=convolution_in(traced), shape=tuple(result.shape), dtype=str(result.dtype)
    )
    return explanation if output is None or geometry is None else _showing(explanation, output, geometry)


def _showing(explanation: Explanation, output: int, geometry: Geometry) -> Explanation:
    index = as_integer("output", output)
    if not -geometry.output <= index < geometry.output:
        raise ArgumentError(
            f"output={index} is not there",
            f"the result has {geometry.output} outputs along its length, 0 to {geometry.output - 1}",
            f"pass a number between 0 and {geometry.output - 1}",
        )
    return dataclasses.replace(explanation, output=index % geometry.output)


def _of_error(error: ConvaxError, output: int | None) -> Explanation:
    if error.call is None:
        raise ArgumentError(
            "this error does not know which call it comes from",
            "only functions that take arrays leave their call with an error",
            "explain the call itself: convax.explain(x, w, ...)",
        )
    call = Call.of_failed(error.call)
    return Explanation(call, read(call), problem=error)
