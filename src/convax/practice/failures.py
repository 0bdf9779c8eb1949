"""What a learner's function raised, in words: which of its lines, what the message says, and what it means."""

from __future__ import annotations

import dataclasses
import inspect
import linecache
import pathlib
import traceback
from collections.abc import Callable
from typing import Any

from convax.practice.finding import Finding

__all__ = ["Failure", "call", "in_words", "source_of"]

Call = Callable[[], Any]


@dataclasses.dataclass(frozen=True)
class Failure:
    """A call that raised instead of returning."""

    error: BaseException


@dataclasses.dataclass(frozen=True)
class _Meaning:
    """What an exception means, found by its type's name and by a part of its message."""

    kind: str
    part: str
    diagnosis: str
    says: str
    repair: str


STATIC = "decide by shapes, which are known; or compute both and choose with jnp.where"
_MEANINGS = (
    _Meaning(
        "TracerArrayConversionError",
        "",
        "NumPy inside jit",
        "NumPy (np) needs the numbers themselves; while jax.jit traces a function there are only shapes and types",
        "use jax.numpy (jnp) or lax instead of NumPy for whatever depends on the arguments",
    ),
    _Meaning(
        "TracerBoolConversionError",
        "",
        "if on values inside jit",
        "an `if`, `while`, `and` or `bool()` asks for a value; while jax.jit traces there are only shapes and types",
        STATIC,
    ),
    _Meaning(
        "TracerIntegerConversionError",
        "",
        "number needed inside jit",
        "a value is used where Python needs a whole number; while jax.jit traces there are only shapes and types",
        STATIC,
    ),
    _Meaning(
        "ConcretizationTypeError",
        "",
        "number needed inside jit",
        "float(), int() or .item() asks for a value; while jax.jit traces there are only shapes and types",
        "leave it an array: jnp can compute with it as it is",
    ),
    _Meaning(
        "NonConcreteBooleanIndexError",
        "",
        "mask inside jit",
        "x[mask] has a length that depends on values; jax.jit must know every length beforehand",
        "jnp.where(mask, x, 0) keeps the length",
    ),
    _Meaning(
        "UnexpectedTracerError",
        "",
        "side effect",
        "a value of one call was kept and used in another, in a global variable perhaps",
        "compute everything from the arguments, and return it",
    ),
    _Meaning(
        "TypeError",
        "immutable",
        "assignment into a JAX array",
        "JAX's arrays cannot be changed in place",
        "y = y.at[i].set(value), or better: compute all of y at once",
    ),
    _Meaning(
        "TypeError",
        "requires arguments to have the same dtypes",
        "two element types",
        "lax wants both operands of one type, and converts nothing",
        "make what you add of the same type: jnp.ones(3, x.dtype)",
    ),
    _Meaning(
        "TypeError",
        "'int' object is not iterable",
        "a number instead of a tuple",
        "lax wants one number per spatial axis, in a tuple, also where there is only one axis",
        "(1,) instead of 1, for window_strides and the dilations; padding is [(before, after)]",
    ),
    _Meaning(
        "",
        "Unrecognized padding type",
        "unknown padding",
        'lax knows the words "VALID", "SAME" and "SAME_LOWER"; everything else is written in numbers',
        "padding=[(before, after)]",
    ),
    _Meaning(
        "",
        "String padding is not implemented for transposed",
        "a word for padding beside lhs_dilation",
        "lhs_dilation spreads the signal, and beside it lax wants the padding in numbers",
        "padding=[(before, after)]; if the kernel should be spread, it is rhs_dilation",
    ),
    _Meaning(
        "",
        "must have len equal to the ndim of lhs and rhs",
        "dimension numbers of another rank",
        "each word of dimension_numbers needs one letter per axis of the arrays",
        'one-dimensional data has three: ("NCH", "OIH", "NCH")',
    ),
    _Meaning(
        "ModuleNotFoundError", "", "module not installed", "that module is not installed here", "jax and NumPy suffice"
    ),
    _Meaning(
        "NameError",
        "",
        "name not defined",
        "that name is not defined",
        "is an import missing at the top? from jax import lax; import jax; import jax.numpy as jnp",
    ),
    _Meaning("EOFError", "", "reads input", "input() has nobody to answer it here", "take all from the arguments"),
    _Meaning("SystemExit", "", "exit", "it calls sys.exit (or exit, or quit)", "let the function return instead"),
    _Meaning("MemoryError", "", "out of memory", "it asks for more memory than there is", "look at the shapes"),
    _Meaning("RecursionError", "", "endless recursion", "it calls itself without end", "call lax, not yourself"),
)


def call(function: Call) -> Any:
    """What a call returns, or a `Failure`; only Ctrl-C passes."""
    try:
        return function()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit too
        return Failure(error)


def source_of(function: Callable[..., Any]) -> str:
    """The file in which a function was written, as tracebacks call it; empty where it has none."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return "" if code is None else code.co_filename


def in_words(error: BaseException, source: str, when: str = "") -> Finding:
    """The finding for a call that raised.

    Args:
        error: What was raised.
        source: The learner's file.
        when: At which occasion, "under jit"; may be empty.
    """
    kind = type(error).__name__
    text = [line for line in str(error).splitlines() if line.strip()]
    what = f"{kind}: {text[0].strip()}" if text else kind
    occasion = f", {when}" if when else ""
    meaning = _meaning_of(error)
    place, line = where(error, source)
    lines = (f"your function raises {place}{occasion}:", *([f"    {line}"] if line else []), f"    {what}")
    if meaning is None:
        return Finding("raises", lines, "mend that line; the message above says what it could not do")
    return Finding(meaning.diagnosis, (*lines, f"that is: {meaning.says}"), meaning.repair)


def where(error: BaseException, source: str) -> tuple[str, str]:
    """The last line of the learner's file that the error came through: "in my.py, line 7", and what it says."""
    if isinstance(error, SyntaxError) and error.filename:
        return _place(error.filename, error.lineno, (error.text or "").strip())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == source]
    if not source or not frames:
        return "outside of your own lines", ""
    last = frames[-1]
    line = last.line or linecache.getline(last.filename, last.lineno or 0).strip()
    return _place(last.filename, last.lineno, line)


def _place(filename: str, number: int | None, line: str) -> tuple[str, str]:
    name = filename if filename.startswith("<") else pathlib.PurePath(filename).name
    return f"in {name}, line {number}", line.splitlines()[0] if line else ""


def _meaning_of(error: BaseException) -> _Meaning | None:
    kinds = [kind.__name__ for kind in type(error).__mro__]
    for meaning in _MEANINGS:
        if (not meaning.kind or meaning.kind in kinds) and meaning.part in str(error):
            return meaning
    return None
