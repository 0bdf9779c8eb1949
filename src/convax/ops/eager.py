"""Calls outside of jit: compiled once per setting, then as cheap as a jitted call."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import jax
from jax import Array

from convax.errors import ConvaxError, FailedCall
from convax.jax_internals import is_tracer

__all__ = ["call"]


@functools.lru_cache(maxsize=4096)
def _compiled(
    function: Callable[..., Array], settings: tuple[tuple[str, Any], ...], types: tuple[Any, ...]
) -> Callable[..., Array]:
    # `types` is part of the key only: 2 == 2.0 == np.int64(2), and a float is refused where an integer is served.
    return jax.jit(functools.partial(function, **dict(settings)))


def _types(value: Any) -> Any:
    return tuple(map(_types, value)) if isinstance(value, tuple) else type(value)


def call(function: Callable[..., Array], arrays: tuple[Any, ...], **settings: Any) -> Array:
    """`function(*arrays, **settings)`, compiled when the arrays are concrete.

    Inside a trace the function runs as it is, so that a caller's jaxpr shows the convolution itself. Settings
    that cannot be hashed (a list as padding) take that path too.
    """
    try:  # costs nothing where nothing is raised
        for array in arrays:
            if is_tracer(array):
                return function(*arrays, **settings)
        try:
            compiled = _compiled(function, tuple(settings.items()), tuple(map(_types, settings.values())))
        except TypeError:
            compiled = None
        return function(*arrays, **settings) if compiled is None else compiled(*arrays)
    except ConvaxError as error:
        # JAX appends a note on its own frames; the error is to end with its repair.
        error.__dict__.pop("__notes__", None)
        error.call = _failed(function.__name__.lstrip("_"), arrays, settings)
        raise


def _failed(name: str, arrays: tuple[Any, ...], settings: dict[str, Any]) -> FailedCall:
    operands = tuple((tuple(array.shape), str(array.dtype)) for array in arrays)
    # What the picture of the call does not depend on is left out; it may be an object of any kind.
    kept = {key: value for key, value in settings.items() if key not in _UNSEEN}
    return FailedCall(name, operands, tuple((key, _plain(value)) for key, value in kept.items()))


_UNSEEN = ("algorithm", "precision", "bias_is_typed", "dtype", "out_sharding")


def _plain(value: Any) -> Any:
    """`value` as Python's own numbers and words: an error may outlive the trace that a tracer belongs to."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    if is_tracer(value):
        return f"a traced {value.aval}"
    try:
        return operator.index(value)
    except TypeError:
        pass
    try:
        return jax.numpy.dtype(value).name
    except TypeError:
        return repr(value)
