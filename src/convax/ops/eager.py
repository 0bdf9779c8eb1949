"""Calls outside of jit: compiled once per setting, then as cheap as a jitted call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax import Array

from convax.errors import ConvaxError
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
    for array in arrays:
        if is_tracer(array):
            return function(*arrays, **settings)
    try:
        compiled = _compiled(function, tuple(settings.items()), tuple(map(_types, settings.values())))
    except TypeError:
        return function(*arrays, **settings)
    try:
        return compiled(*arrays)
    except ConvaxError as error:
        # JAX appends a note on its own frames; the error is to end with its repair.
        error.__dict__.pop("__notes__", None)
        raise
