"""What convax asks of XLA's compiler beyond what is documented; `tests/test_jax_internals.py` says what broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.experimental.xla_metadata import set_xla_metadata

__all__ = ["call_apart"]


def call_apart(function: Callable[..., Any], *operands: Any) -> Any:
    """`function(*operands)` as a call that XLA does not inline, and so does not fuse with what is around it.

    Relies on jit's call bearing the metadata that are set where it is traced, and on XLA's inliner leaving a call whose
    attribute `inlineable` is "false". What is called inside bears none, or jnp's own calls would stay calls as well.
    """

    def inside(*operands: Any) -> Any:
        with set_xla_metadata(inlineable=None):
            return function(*operands)

    with set_xla_metadata(inlineable="false"):
        return jax.jit(inside)(*operands)
