"""Arrays at the door: lists, NumPy and JAX arrays in, one element type out."""

from __future__ import annotations

from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from convax.errors import ArgumentError, ArgumentTypeError, ShapeError

__all__ = ["as_array", "cast_bias", "promote"]


def as_array(name: str, value: Any) -> Any:
    """`value` as something that JAX computes with: JAX arrays and NumPy arrays stay as they are.

    Raises:
        ArgumentTypeError: Text, objects, ragged lists.
        ArgumentError: A list with an integer that JAX's widest integers cannot hold.
    """
    if isinstance(value, (jax.Array, np.ndarray)):
        array = value
    else:
        try:
            array = np.asarray(value)
        except jax.errors.TracerArrayConversionError:
            return jnp.asarray(value)  # a list of traced scalars
        except ValueError as error:
            sizes = [len(row) if hasattr(row, "__len__") else 1 for row in value]
            raise ArgumentTypeError(
                f"{name} is a {type(value).__name__} whose rows differ in length",
                f"they have {', '.join(map(str, sizes))} entries" if len(set(sizes)) > 1 else str(error),
                "pass rows of equal length, or one array per call",
            ) from None
        _check_width(name, array)
    widest = {"f": 8, "c": 16}.get(array.dtype.kind, array.dtype.itemsize)
    if array.dtype.kind in "OSUMm" or array.dtype.names or array.dtype.itemsize > widest:
        _refuse(name, value, array.dtype)
    return array


def _refuse(name: str, value: Any, dtype: np.dtype) -> NoReturn:
    """Say what `value` holds that JAX does not compute with."""
    if value is None or dtype.names:
        what = f"{name} is None" if value is None else f"{name} has the fields {', '.join(dtype.names or ())}"
        raise ArgumentTypeError(what, repair="pass an array or a list of numbers")
    if dtype.kind in "SU":
        what, repair = f"{name} holds text", f"if it spells numbers: numpy.asarray({name}, dtype=float)"
    elif dtype.kind in "Mm":
        what, repair = f"{name} holds times", f"convert them to numbers: numpy.asarray({name}).astype(float)"
    elif dtype.kind == "O":
        what = f"{name} holds Python objects" if np.ndim(value) else f"{name} is a {type(value).__name__}"
        repair = f"convert it to numbers: numpy.asarray(list({name}), dtype=float)"
    else:
        what, repair = (
            f"{name} is {dtype}",
            f"convert it: numpy.asarray({name}, dtype={'complex' * (dtype.kind == 'c') or 'float'})",
        )
    raise ArgumentTypeError(
        what, f"its element type is {dtype}, and JAX computes with numbers of up to 64 bits", repair
    )


def _check_width(name: str, array: np.ndarray) -> None:
    """JAX wraps 64-bit integers around silently where its 64-bit types are off; for a list, say so instead."""
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 8 or not array.size:
        return
    limits = np.iinfo(jax.dtypes.canonicalize_dtype(array.dtype))
    for number in (int(array.min()), int(array.max())):
        if not limits.min <= number <= limits.max:
            raise ArgumentError(
                f"{name} holds {number}, which does not fit into {limits.dtype}",
                f"JAX's 64-bit types are off, and {limits.dtype} ends at {limits.max}",
                "pass floats, or switch on 64 bits: jax.config.update('jax_enable_x64', True)",
            )


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
        # The one that loses least: towards floats, then towards more bits.
        wide, narrow = sorted(
            zip((x.dtype, w.dtype), names, strict=True),
            key=lambda pair: (jnp.issubdtype(pair[0], jnp.inexact), pair[0].itemsize),
            reverse=True,
        )
        raise ArgumentTypeError(
            f"{names[0]} is {x.dtype} and {names[1]} is {w.dtype}: there is no common type that JAX promotes to",
            str(error).split(". ")[0],
            f"convert one of them: jnp.asarray({narrow[1]}, jnp.{wide[0]})",
        ) from None
    return x.astype(dtype), w.astype(dtype)


def cast_bias(bias: Any, result: Any, features: int, typed: bool) -> Array:
    """The bias in the result's type, of shape (features,).

    Args:
        bias: The bias.
        result: Element type of the convolution's result.
        features: Features of the convolution.
        typed: Whether the caller's bias had an element type; a list has only a kind (integer, real or complex).

    Raises:
        ArgumentTypeError: An array whose type, or a list whose kind, would widen the result.
        ShapeError: A shape other than (features,).
    """
    array = jnp.asarray(bias)
    if array.ndim == 0 and features == 1:
        array = array[None]
    if array.shape != (features,):
        raise ShapeError(
            f"bias has shape {array.shape}, and the convolution makes {features} features",
            "one number is added to each feature",
            f"pass a bias of shape ({features},)"
            + (f": bias.reshape({features})" if array.size == features else f", for example jnp.zeros({features})"),
        )
    if array.dtype != result and (typed or _kind(array.dtype) > _kind(result)):
        try:
            widened = jnp.promote_types(array.dtype, result)
        except (TypeError, ValueError):
            widened = array.dtype
        if widened != result:
            raise ArgumentTypeError(
                f"bias is {array.dtype} and would widen the {result} result",
                f"promoting {result} with {array.dtype} gives {widened}",
                f"convert the bias, jnp.asarray(bias, jnp.{result}), or the data: jnp.asarray(x, jnp.{widened})",
            )
    return array.astype(result)


def _kind(dtype: Any) -> int:
    kinds = (jnp.bool_, jnp.integer, jnp.floating, jnp.complexfloating)
    return next(place for place, kind in enumerate(kinds) if jnp.issubdtype(dtype, kind))
