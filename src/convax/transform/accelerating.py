"""accelerate: a function with the same results, in which convax plans every one-dimensional convolution."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from convax.algorithms import Algorithm
from convax.core import ConvSpec
from convax.errors import ArgumentTypeError
from convax.planner import Wisdom
from convax.transform.inspection import Inspection, inspection_of
from convax.transform.replacing import choice_of, replacing
from convax.transform.tracing import Runnable, Tracer

__all__ = ["accelerate"]

Function = Callable[..., Any]


def accelerate(
    function: Function | None = None,
    *,
    algorithm: str | Algorithm | None = None,
    plans: Wisdom | Mapping[ConvSpec, str | Algorithm] | None = None,
    report: bool | Callable[[Inspection], None] = False,
) -> Function:
    """The same function with each one-dimensional convolution in it planned by convax.

    The function is traced once for each structure, shape and type of its arguments, and what was traced is run from
    then on. Every `lax.conv_general_dilated` of one spatial dimension in it is handed to the planner, however it came
    there: called by Flax, Equinox, Haiku, Keras or jax.numpy, as a gradient, or inside of jit, scan, while_loop, cond,
    checkpoint, custom derivatives, vmap and shard_map. Everything else stays as it is; so do convolutions with more
    dimensions.

    As in `jax.jit`, the function must not depend on values of arrays by Python's `if`, what it closes over is kept as
    it was at the first call, and effects other than JAX's own (debug callbacks are fine) happen when it is traced.
    Modules that are trees (Equinox, Flax's nnx) may be passed, or be the function: their parameters are arguments.

    Args:
        function: What to accelerate; None to get a decorator.
        algorithm: A name or value of `convax.algorithms`, for the convolutions that it can serve.
        plans: What to do with given convolutions: a dictionary by `ConvSpec`, or wisdom.
        report: Whether to print the table of convolutions at each new trace, or a function to hand it to.

    Returns:
        The accelerated function.

    Raises:
        AlgorithmError: An algorithm that does not exist.
        ArgumentTypeError: Something that cannot be called, or plans of another type.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> @accelerate
        ... def layer(x, w):
        ...     return jax.nn.relu(jax.lax.conv_general_dilated(x, w, (1,), "SAME"))
        >>> layer(jnp.ones((1, 1, 4)), jnp.ones((1, 1, 3)))
        Array([[[2., 3., 3., 2.]]], dtype=float32)
        >>> print(jax.make_jaxpr(layer)(jnp.ones((1, 1, 4)), jnp.ones((1, 1, 3))).eqns[0].primitive)
        conv1d
    """
    if function is None:
        return functools.partial(accelerate, algorithm=algorithm, plans=plans, report=report)
    if not callable(function):
        raise ArgumentTypeError(
            f"convax.accelerate takes a function, not {type(function).__name__}",
            repair="pass the function itself, not its result: accelerate(f)(x)",
        )
    tracer, choice = Tracer(function), choice_of(algorithm, plans)
    changed: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
    tell = print if report is True else report

    def accelerated(*arguments: Any, **keywords: Any) -> Any:
        traced = tracer(*arguments, **keywords)
        runnable = changed.get(traced.function)
        if runnable is None:
            replaced = replacing(choice)(traced.function)
            runnable = changed[traced.function] = Runnable(replaced)
            if tell:
                tell(inspection_of(replaced))
        return traced.results(runnable(*traced.arrays))

    return functools.update_wrapper(accelerated, function, updated=())
