"""Arrays at the door: lists, NumPy and JAX arrays in, one element type out."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from convax.errors import ArgumentTypeError, ShapeError

__all__ = ["as_array", "cast_bias", "promote"]


def as_array(name: str, value: Any) -> Any:
    """`value` as something that JAX computes with: JAX arrays and NumPy arrays stay as they are.

    Raises:
        ArgumentTypeError: Text, objects, ragged lists.
    """
    if isinstance(value, (jax.Array, np.ndarray)):
        array = value
    else:
        try:
            array = np.asarray(value)
        except jax.errors.TracerArrayConversionError:
            return jnp.asarray(value)  # a list of traced scalars
        except ValueError as error:
            raise ArgumentTypeError(
                f"{name} is a {type(value).__name__} whose rows differ in length",
                str(error),
                "pass rows of equal length, or one array per call",
            ) from None
    if array.dtype.kind in "OSUMm":
        raise ArgumentTypeError(
            f"{name} has elements of type {array.dtype}, which are no numbers",
            repair=f"convert it first, for example jnp.asarray({name}, dtype=jnp.float32)",
        )
    return array


def promote(x: Any, w: Any, names: tuple[str, str]) -> tuple[Array, Array]:
    """Both operands in the type that JAX promotes their types to.

    Raises:
        ArgumentTypeError: Types that JAX does not promote (all pairs, under strict promotion).
    """
    x, w = jnp.asarray(x), jnp.asarray(w)
    if x.dtype == w.dtype:
        return x, w
    try:
        dtype = jnp.promote_types(x.dtype, w.dtype)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"{names[0]} is {x.dtype} and {names[1]} is {w.dtype}: there is no common type that JAX promotes to",
            str(error).splitlines()[0],
            f"convert one of them, for example {names[1]}.astype({names[0]}.dtype)",
        ) from None
    return x.astype(dtype), w.astype(dtype)


def cast_bias(bias: Any, result: Any, features: int, typed: bool) -> Array:
    """The bias in the result's type, of shape (features,).

    Args:
        bias: The bias.
        result: Element type of the convolution's result.
        features: Features of the convolution.
        typed: Whether the caller's bias had an element type; a list or a Python number has none to widen with.

    Raises:
        ArgumentTypeError: An array whose type would widen the result.
        ShapeError: A shape other than (features,).
    """
    array = jnp.asarray(bias)
    if array.ndim == 0 and features == 1:
        array = array[None]
    if array.shape != (features,):
        raise ShapeError(
            f"bias has shape {array.shape}, and the convolution makes {features} features",
            f"one number per feature is added: shape ({features},)",
            f"pass a bias of shape ({features},)",
        )
    if typed and array.dtype != result:
        try:
            widened = jnp.promote_types(array.dtype, result)
        except (TypeError, ValueError):
            widened = array.dtype
        if widened != result:
            raise ArgumentTypeError(
                f"bias is {array.dtype} and would widen the {result} result",
                f"promoting {result} with {array.dtype} gives {widened}",
                f"convert the bias: bias.astype(jnp.{result})",
            )
    return array.astype(result)
