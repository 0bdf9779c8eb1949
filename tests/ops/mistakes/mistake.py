"""A wrong call as a value: the call as a user types it, what its error must show, and the call repaired."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import convax
from convax.errors import ConvaxError

__all__ = ["Mistake"]


def _lax_call(lhs: Any = None, rhs: Any = None, strides: Any = (1,), padding: Any = "VALID", **settings: Any) -> Any:
    """conv_general_dilated with a fitting value for each argument that a row does not speak of."""
    lhs = np.ones((1, 1, 8)) if lhs is None else lhs
    rhs = np.ones((1, 1, 3)) if rhs is None else rhs
    return convax.conv_general_dilated(lhs, rhs, strides, padding, **settings)


# What the calls are written with.
_NAMES = {
    **{name: getattr(convax, name) for name in ("algorithms", "plan")},
    **{name: getattr(convax, name) for name in convax.__all__ if name.startswith(("conv", "corr"))},
    "jax": jax,
    "jnp": jnp,
    "np": np,
    "NAN": float("nan"),
    "X": np.arange(8.0),
    "W": np.ones(3),
    "ones": lambda *shape: np.ones(shape),
    "lax_call": _lax_call,
}


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A wrong call.

    Args:
        call: The call.
        error: Class of the error.
        what: Pieces of its first line: what does not fit, in the caller's words.
        because: Pieces of the arithmetic.
        repair: Pieces of the repair.
        repaired: The call with the repair applied; None where the repair is not one call.
        shape: Shape of its result.
    """

    call: str
    error: type[ConvaxError]
    what: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    repair: tuple[str, ...] = ()
    repaired: str | None = None
    shape: tuple[int, ...] = ()

    def make(self) -> Any:
        """Make the wrong call."""
        return eval(self.call, dict(_NAMES))

    def make_repaired(self) -> Any:
        """Make the call with the repair applied."""
        assert self.repaired is not None
        return eval(self.repaired, dict(_NAMES))
