"""Calls outside of jit: compiled once per setting, then as cheap as a jitted call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax import Array

from convax.jax_internals import is_tracer

__all__ = ["call"]


@functools.lru_cache(maxsize=4096)
def _compiled(function: Callable[..., Array], settings: tuple[tuple[str, Any], ...]) -> Callable[..., Array]:
    return jax.jit(functools.partial(function, **dict(settings)))


def call(function: Callable[..., Array], arrays: tuple[Any, ...], **settings: Any) -> Array:
    """`function(*arrays, **settings)`, compiled when the arrays are concrete.

    Inside a trace the function runs as it is, so that a caller's jaxpr shows the convolution itself. Settings
    that cannot be hashed (a list as padding) take that path too.
    """
    for array in arrays:
        if is_tracer(array):
            return function(*arrays, **settings)
    try:
        compiled = _compiled(function, tuple(settings.items()))
    except TypeError:
        return function(*arrays, **settings)
    return compiled(*arrays)
