"""why: a function that calls lax's convolution is run, and the call that fails, or says nothing, is explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from convax.errors import ArgumentTypeError, ConvaxError
from convax.explaining.asking import explain
from convax.explaining.diagnosis import Diagnosis, diagnose
from convax.explaining.finding import convolutions_in
from convax.explaining.observing import from_traceback, observing, with_observed_names

__all__ = ["why"]


def why(thunk: Callable[[], Any] | BaseException) -> Diagnosis:
    """What is wrong with a convolution of lax or jax.numpy, and what to write instead.

    The function is run as it is. Where one of its convolutions fails, or returns an empty array in silence, the
    answer says what was meant, shows the arithmetic, and gives the repaired call. Nothing is changed for other
    threads, and nothing stays changed.

    Args:
        thunk: A function without arguments, `lambda: lax.conv_general_dilated(x, w, ...)`, that may call anything; or
            the exception that such a call has raised.

    Returns:
        A `Diagnosis`; print it. Where nothing is wrong it says so, and explains the call.

    Raises:
        ArgumentTypeError: Neither a function nor an exception.

    Example:
        >>> import jax.numpy as jnp
        >>> from jax import lax
        >>> print(why(lambda: lax.conv_general_dilated(jnp.ones(6), jnp.ones(3), (1,), "VALID")).code)
        from jax import lax
        <BLANKLINE>
        y = lax.conv_general_dilated(lhs[None, None, :], rhs[None, None, :], (1,), "VALID")
        <BLANKLINE>
    """
    if isinstance(thunk, BaseException):
        return _of_exception(thunk)
    if not callable(thunk):
        raise ArgumentTypeError(
            f"why takes a function without arguments, not {type(thunk).__name__}",
            "the call is to fail inside of why",
            "put lambda before it: convax.why(lambda: lax.conv_general_dilated(x, w, ...))",
        )
    with observing() as calls:
        try:
            with_observed_names(thunk)()
        except Exception as error:
            failed = next((call for call in calls if call.error is not None), None)
            return diagnose(failed) if failed is not None else _of_exception(error)
    found = [diagnose(call) for call in calls]
    if not found:
        return _traced(thunk)
    return next((each for each in found if each.is_wrong), found[0])


def _of_exception(error: BaseException) -> Diagnosis:
    if isinstance(error, ConvaxError):
        return Diagnosis.of_error(error)
    call = from_traceback(error)
    if call is not None:
        return diagnose(call)
    lines = str(error).strip().splitlines()
    return Diagnosis(
        "no convolution is known behind this error",
        "its traceback does not pass through lax.conv_general_dilated",
        "run the call inside of why: convax.why(lambda: ...)",
        said=f"{type(error).__name__}: {lines[0] if lines else ''}",
    )


def _traced(thunk: Callable[[], Any]) -> Diagnosis:
    """Convolutions that were called by other names, as the trace shows them."""
    try:
        specs = list(convolutions_in(jax.make_jaxpr(lambda: jax.tree.leaves(thunk()))().jaxpr))
    except Exception:  # it cannot be traced; it ran, so nothing is known to be wrong
        specs = []
    for spec in specs:
        explanation = explain(spec)
        if explanation.problem is not None:
            return Diagnosis.of_error(explanation.problem, "nothing: it returned an empty array")
    if specs:
        return Diagnosis("nothing is wrong with this call", explanation=explain(specs[0]), is_wrong=False)
    return Diagnosis("no convolution of lax or jax.numpy was called, and nothing failed", is_wrong=False)
