"""Whole numbers at the door: what a caller may pass as a stride, a dilation, a number of groups or samples."""

from __future__ import annotations

import math
import operator
from typing import Any

from convax.errors import ArgumentError, ArgumentTypeError

__all__ = ["as_integer", "as_positive"]


def as_integer(name: str, value: Any) -> int:
    """`value` as a Python integer.

    Raises:
        ArgumentError: NaN or infinite.
        ArgumentTypeError: Not a whole number (floats are refused even when they are whole: 2.0 is most often a
            division that should have been `//`).

    Example:
        >>> as_integer("stride", 2)
        2
    """
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    if isinstance(value, float) and not math.isfinite(value):
        raise ArgumentError(f"{name}={value!r} is not finite", repair=f"pass a whole number as {name}")
    if hasattr(value, "aval"):  # a JAX array: of floats, or not known before the program runs
        raise ArgumentTypeError(
            f"{name} is a JAX array of {value.dtype}, not a whole number",
            "the shape of the result depends on it, so it must be known while the function is traced",
            f"pass a Python integer; under jax.jit name it in static_argnames=({name!r},)",
        )
    repair = f"pass a whole number as {name}"
    if isinstance(value, float):
        repair += f", for example {name}={round(value)} (a division that gives samples is written //)"
    elif isinstance(value, (tuple, list)) and value:
        repair += f": {name}={value[0]!r} (a 1-D convolution has one spatial axis)"
    raise ArgumentTypeError(f"{name}={value!r} is of type {type(value).__name__}, not a whole number", repair=repair)


def as_positive(name: str, value: Any) -> int:
    """`value` as an integer of at least 1; a tuple or list of one integer (lax's way) is understood.

    Raises:
        ArgumentError: Zero or negative, NaN or infinite.
        ArgumentTypeError: Not a whole number.

    Example:
        >>> as_positive("stride", (2,))
        2
    """
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    number = as_integer(name, value)
    if number < 1:
        zero, negative, backwards = _MEANING.get(name, ("", "", ""))
        raise ArgumentError(
            f"{name}={number} must be at least 1",
            f"with {name}={number} {negative if number < 0 else zero}" if zero else "",
            f"write {name}=1 for the plain case"
            + (f", or {name}={-number} and flip {backwards}" if number < 0 and backwards else ""),
        )
    return number


# What 0 would mean, what a negative number would, and what to flip to have that.
_MEANING = {
    "stride": ("the window would not move", "the window would move backwards", "the result"),
    "dilation": ("all taps would fall on one sample", "the taps would stand in reverse order", "the kernel"),
}
