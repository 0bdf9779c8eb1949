"""What a stage of the judge found wrong, before it is made a verdict; and how arrays are shown in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

__all__ = ["Finding", "listing", "shown", "shown_type"]

SHOWN = 60  # elements; of longer arrays the middle is left out


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        diagnosis: In a few words.
        lines: In sentences.
        repair: What to do.
        case: Pairs of a name and what it is.
    """

    diagnosis: str
    lines: tuple[str, ...]
    repair: str = ""
    case: tuple[tuple[str, str], ...] = ()


def shown(value: Any) -> str:
    """An array with its type and shape, whatever else in Python's own words.

    >>> print(shown(np.array([1.0, 2.0], np.float32)))
    [1. 2.]   float32, shape (2,)
    >>> print(shown(np.array([[1, 2], [3, 4]], np.int32)))
    int32, shape (2, 2)
    [[1 2]
     [3 4]]
    """
    if not hasattr(value, "dtype"):
        return repr(value)[:200]
    try:
        array = np.asarray(value)
        values = array.astype(np.float64) if array.dtype.name == "bfloat16" else array
        text = np.array2string(values, threshold=SHOWN, edgeitems=3, precision=5, suppress_small=True)
        if "\n" not in text:
            return f"{text}   {shown_type(array)}"
        return "\n".join((shown_type(array), *(line for line in text.splitlines() if line.strip())))
    except (TypeError, ValueError):
        return repr(value)[:200]


def shown_type(array: Any) -> str:
    """Type and shape."""
    return f"{array.dtype}, shape {tuple(array.shape)}"


def listing(
    names: tuple[str, ...], arguments: tuple[Any, ...], yours: Any, expected: Any
) -> tuple[tuple[str, str], ...]:
    """A case as pairs, with what came out and what should have, in the type of the arguments."""
    given = tuple((name, shown(argument)) for name, argument in zip(names, arguments, strict=True))
    dtype = next(argument.dtype for argument in arguments if not isinstance(argument, int))
    expected = np.asarray(expected).astype(dtype)
    return (*given, ("yours", yours if isinstance(yours, str) else shown(yours)), ("expected", shown(expected)))
