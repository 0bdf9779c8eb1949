"""inspect: every convolution that a function performs, without running it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from convax.errors import ArgumentTypeError
from convax.transform.inspection import Inspection, inspection_of
from convax.transform.tracing import Tracer

__all__ = ["inspect"]


def inspect(function: Callable[..., Any], *, platform: str | None = None) -> Callable[..., Inspection]:
    """A function that takes the same arguments and returns the table of one-dimensional convolutions.

    Nothing is computed: the function is traced, so `jax.ShapeDtypeStruct` will do for an array. The convolutions come
    in the order in which they run, those of gradients included, each with the caller's line, its operands by named
    axes, its steps, the receptive field up to there, parameters, operations, bytes, its share of the estimated time,
    the estimates for lax and for convax, and the algorithm that convax chooses. Shapes that are probably a mistake are
    warned of. Receptive fields count convolutions and pooling; what a normalisation adds is left out, and behind an
    operation that is not known to keep positions they are unknown.

    Args:
        function: What to look into: a model, a loss, a whole training step.
        platform: Where to estimate for; None for JAX's default backend.

    Returns:
        A function of the same arguments that returns an `Inspection`: it prints itself as a table (as HTML in a
        notebook), and has `as_dict` and `to_json`.

    Raises:
        ArgumentTypeError: Something that cannot be called.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> def model(x, w):
        ...     y = jax.lax.conv_general_dilated(x, w, (2,), "VALID")
        ...     return jax.lax.conv_general_dilated(y, w, (1,), "VALID", rhs_dilation=(4,))
        >>> found = inspect(model)(jax.ShapeDtypeStruct((1, 8, 100), "float32"), jnp.ones((8, 8, 3)))
        >>> [each.spec.geometry.output for each in found.convolutions], found.receptive_field, found.parameters
        ([49, 41], 19, 192)
    """
    if not callable(function):
        raise ArgumentTypeError(
            f"convax.inspect takes a function, not {type(function).__name__}",
            repair="pass the function itself, then its arguments: inspect(f)(x)",
        )
    tracer = Tracer(function)

    def inspected(*arguments: Any, **keywords: Any) -> Inspection:
        return inspection_of(tracer(*arguments, **keywords).function, platform)

    return functools.update_wrapper(inspected, function, updated=())
