"""Calls of lax's convolution, observed while a function runs, or read from the traceback that one left.

The names are replaced in `jax.lax` and `jax.numpy` while any function is observed, and put back by the last. What
stands there meanwhile looks into a context variable first, so that other threads pass through unseen. A name that was
imported ("from jax.lax import conv_general_dilated") is replaced in a copy of the observed function, never in the
caller's module; deeper ones are found in the traceback.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import inspect
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import jax

__all__ = ["Observed", "from_traceback", "observing", "with_observed_names"]

HOUSES = {
    "conv_general_dilated": jax.lax,
    "conv": jax.lax,
    "conv_with_general_padding": jax.lax,
    "convolve": jax.numpy,
    "correlate": jax.numpy,
}
ORIGINALS: dict[str, Callable[..., Any]] = {name: getattr(house, name) for name, house in HOUSES.items()}


@dataclasses.dataclass
class Observed:
    """One call, as it was made.

    Args:
        name: The function.
        arguments: Its arguments by name; those that were left out are missing.
        error: What it raised, or None.
        result: What it returned.
    """

    name: str
    arguments: dict[str, Any]
    error: BaseException | None = None
    result: Any = None


_calls: contextvars.ContextVar[list[Observed] | None] = contextvars.ContextVar("calls", default=None)
_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("inside", default=False)
_lock = threading.Lock()
_observers = 0


def _observed(name: str) -> Callable[..., Any]:
    original = ORIGINALS[name]

    @functools.wraps(original)
    def passing(*arguments: Any, **keywords: Any) -> Any:
        calls = _calls.get()
        if calls is None or _inside.get():
            return original(*arguments, **keywords)
        call = Observed(name, _bound(original, arguments, keywords))
        calls.append(call)
        token = _inside.set(True)
        try:
            call.result = original(*arguments, **keywords)
        except Exception as error:
            call.error = error
            raise
        finally:
            _inside.reset(token)
        return call.result

    return passing


def _bound(function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(inspect.signature(function).bind_partial(*arguments, **keywords).arguments)
    except TypeError:  # an argument that it does not have, or has twice
        return dict(keywords)


REPLACEMENTS = {name: _observed(name) for name in HOUSES}


@contextlib.contextmanager
def observing() -> Iterator[list[Observed]]:
    """The list that calls of this context are put into, while the block runs."""
    global _observers
    calls: list[Observed] = []
    token = _calls.set(calls)
    with _lock:
        _observers += 1
        if _observers == 1:
            for name, house in HOUSES.items():
                setattr(house, name, REPLACEMENTS[name])
    try:
        yield calls
    finally:
        with _lock:
            _observers -= 1
            if _observers == 0:
                for name, house in HOUSES.items():
                    setattr(house, name, ORIGINALS[name])
        _calls.reset(token)


def with_observed_names(function: Callable[[], Any]) -> Callable[[], Any]:
    """The function with its own imported names of lax's functions replaced; itself where it has none."""
    if not isinstance(function, types.FunctionType):
        return function
    by_identity = {id(original): REPLACEMENTS[name] for name, original in ORIGINALS.items()}
    replaced = {
        name: by_identity[id(function.__globals__[name])]
        for name in function.__code__.co_names
        if id(function.__globals__.get(name)) in by_identity
    }
    cells = [_cell(cell, by_identity) for cell in function.__closure__ or ()]
    if not replaced and all(cell is old for cell, old in zip(cells, function.__closure__ or (), strict=True)):
        return function
    names = {**function.__globals__, **replaced} if replaced else function.__globals__
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, tuple(cells) or None)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _cell(cell: types.CellType, by_identity: dict[int, Any]) -> types.CellType:
    try:
        known = by_identity.get(id(cell.cell_contents))
    except ValueError:  # not assigned yet
        return cell
    return cell if known is None else types.CellType(known)


def from_traceback(error: BaseException) -> Observed | None:
    """The innermost call of lax's convolution that an error passed through, from the frames that it left."""
    code = ORIGINALS["conv_general_dilated"].__code__
    parameters = list(inspect.signature(ORIGINALS["conv_general_dilated"]).parameters)
    found = None
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        seen.append(each)
        trace = each.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code is code:
                local = trace.tb_frame.f_locals
                arguments = {name: local[name] for name in parameters if local.get(name) is not None}
                found = Observed("conv_general_dilated", arguments, error)
            trace = trace.tb_next
        each = each.__cause__ or each.__context__
    return found
