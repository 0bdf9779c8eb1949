"""convolve and correlate: NumPy's functions, over any axis, broadcasting the others."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import ArrayLike, Shaped

from convax.algorithms import Algorithm
from convax.core import Layout
from convax.core.arguments import as_integer
from convax.core.padding import nearest
from convax.errors import ArgumentError, ArgumentTypeError, ShapeError
from convax.ops.arrays import as_array
from convax.ops.eager import call
from convax.ops.planned import planned

__all__ = ["convolve", "correlate", "mode_of"]

Mode = Literal["full", "same", "valid"]
# NumPy's C code still understands the numbers.
_MODES: tuple[Mode, ...] = ("valid", "same", "full")


def convolve(
    a: Shaped[ArrayLike, "*#batch a_length"] | Sequence[Any],
    v: Shaped[ArrayLike, "*#batch v_length"] | Sequence[Any],
    mode: str | int = "full",
    *,
    axis: int = -1,
    algorithm: str | Algorithm | None = None,
    precision: Any = None,
) -> Array:
    """Convolve along an axis, as `numpy.convolve`: the second operand is flipped, the longer one is the signal.

    y[i] = sum over k of a[k] * v[i - k].

    Args:
        a: First operand, length M along `axis`.
        v: Second operand, length N along `axis`; the other axes broadcast against those of a.
        mode: "full" for M + N - 1 outputs, "same" for max(M, N), "valid" for max(M, N) - min(M, N) + 1.
        axis: The axis to convolve along; an operand with one axis has no choice.
        algorithm: A name or value of `convax.algorithms`; None for the planner's choice.
        precision: As in lax.

    Returns:
        The convolution, of NumPy's result type (integers stay integers, bool stays bool).

    Raises:
        ShapeError: Empty operands, or axes that do not broadcast.
        ArgumentError: An unknown mode.

    Example:
        >>> convolve([1, 2, 3], [0, 1, 2])
        Array([0, 1, 4, 7, 6], dtype=int32)
    """
    a, v = as_array("a", a), as_array("v", v)
    settings = {"mode": mode, "axis": axis, "algorithm": algorithm, "precision": precision}
    return call(_convolve, (a, v), dtype=_result_type(a, v), **settings)


def correlate(
    a: Shaped[ArrayLike, "*#batch a_length"] | Sequence[Any],
    v: Shaped[ArrayLike, "*#batch v_length"] | Sequence[Any],
    mode: str | int = "valid",
    *,
    axis: int = -1,
    algorithm: str | Algorithm | None = None,
    precision: Any = None,
) -> Array:
    """Cross-correlate along an axis, as `numpy.correlate`: the second operand is conjugated, not flipped.

    y[i] = sum over k of a[i + k] * conj(v[k]); where v is the longer operand, the result is that of the swapped
    operands, reversed.

    Args:
        a: First operand, length M along `axis`.
        v: Second operand, length N along `axis`; the other axes broadcast against those of a.
        mode: "valid" for max(M, N) - min(M, N) + 1 outputs, "same" for max(M, N), "full" for M + N - 1.
        axis: The axis to correlate along; an operand with one axis has no choice.
        algorithm: A name or value of `convax.algorithms`; None for the planner's choice.
        precision: As in lax.

    Returns:
        The cross-correlation, of NumPy's result type.

    Raises:
        ShapeError: Empty or zero-dimensional operands, or axes that do not broadcast.
        ArgumentError: An unknown mode.

    Example:
        >>> correlate([1., 2., 3., 4.], [1., 0., -1.])
        Array([-2., -2.], dtype=float32)
    """
    a, v = as_array("a", a), as_array("v", v)
    settings = {"mode": mode, "axis": axis, "algorithm": algorithm, "precision": precision}
    return call(_correlate, (a, v), dtype=_result_type(a, v), **settings)


def _convolve(a: Any, v: Any, *, dtype: Any, mode: Any, axis: int, algorithm: Any, precision: Any) -> Array:
    a, v = (jnp.atleast_1d(jnp.asarray(operand).astype(dtype)) for operand in (a, v))
    axis = _check_axis(a, v, axis)
    _check_not_empty(a, v, axis, ("a cannot be empty", "v cannot be empty"))
    word = mode_of(mode)

    def one(a: Array, v: Array) -> Array:
        if v.shape[0] > a.shape[0]:
            a, v = v, a
        return _slide(a, jnp.flip(v), word, algorithm, precision)

    return _over_axes(one, a, v, axis)


def _correlate(a: Any, v: Any, *, dtype: Any, mode: Any, axis: int, algorithm: Any, precision: Any) -> Array:
    a, v = (jnp.asarray(operand).astype(dtype) for operand in (a, v))
    word = mode_of(mode)  # checked in NumPy's order: the mode comes first here, the operands in convolve
    if a.ndim == 0 or v.ndim == 0:
        raise ShapeError(
            "object of too small depth for desired array: correlate takes arrays of at least one axis",
            f"a has shape {a.shape} and v has shape {v.shape}",
            "wrap the number: correlate([a], [v])",
        )
    axis = _check_axis(a, v, axis)
    _check_not_empty(a, v, axis, ("first array argument cannot be empty", "second array argument cannot be empty"))

    def one(a: Array, v: Array) -> Array:
        v = jnp.conj(v)
        if v.shape[0] > a.shape[0]:
            return jnp.flip(_slide(v, a, word, algorithm, precision))
        return _slide(a, v, word, algorithm, precision)

    return _over_axes(one, a, v, axis)


def _result_type(a: Any, v: Any) -> Any:
    """NumPy's result type of both, as far as JAX's 64-bit switch lets it be.

    It is found before JAX narrows the operands: uint64 with int64 is a float.
    """
    if a.dtype == v.dtype:
        dtype = a.dtype
    else:
        try:
            dtype = np.result_type(a.dtype, v.dtype)
        except TypeError:  # bfloat16 and its kin, most of which NumPy does not rank
            try:
                dtype = jnp.promote_types(a.dtype, v.dtype)
            except (TypeError, ValueError) as error:
                raise ArgumentTypeError(
                    f"a is {a.dtype} and v is {v.dtype}: there is no common type",
                    str(error).split(". ")[0],
                    "convert one of them: jnp.asarray(v, a.dtype)",
                ) from None
    return jax.dtypes.canonicalize_dtype(dtype)


def _check_axis(a: Array, v: Array, axis: Any) -> int:
    """The axis as an integer that every operand of more than one axis has."""
    position = as_integer("axis", axis)
    most = max(a.ndim, v.ndim)
    for operand in (a, v):
        if (operand.ndim > 1 or most == 1) and not -operand.ndim <= position < operand.ndim:
            raise ShapeError(
                f"axis={position} does not exist in an operand of shape {operand.shape}",
                f"its axes are {', '.join(str(known) for known in range(operand.ndim))} (from the end: -1 and down)",
                "name an axis that both operands have; a one-dimensional operand fits any",
            )
    return position


def _check_not_empty(a: Array, v: Array, axis: int, texts: tuple[str, str]) -> None:
    for operand, text in zip((a, v), texts, strict=True):
        if operand.shape[axis if operand.ndim > 1 else -1] == 0:
            raise ShapeError(text, f"its shape is {operand.shape}", "pass at least one sample and one tap")


def mode_of(mode: Any) -> Mode:
    if isinstance(mode, str):
        for word in _MODES:
            if mode == word:
                return word
        # NumPy has two texts: one for what it once took for a mode by its first letter, one for the rest.
        known = mode[:1].lower() in ("v", "s", "f")
        raise ArgumentError(
            "Use one of 'valid', 'same', or 'full' for convolve/correlate mode"
            if known
            else f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})",
            f"mode={mode!r} is none of them",
            nearest(mode, dict.fromkeys(_MODES)),
        )
    try:
        if isinstance(mode, bool):
            raise TypeError
        number = operator.index(mode)
        if number.bit_length() > 31:
            raise TypeError  # as NumPy, which reads a C int
    except TypeError:
        raise ArgumentTypeError(
            "convolve/correlate mode not understood",
            f"mode={mode!r} is of type {type(mode).__name__}",
            "write mode='full', 'same' or 'valid'",
        ) from None
    if number not in (0, 1, 2):
        raise ArgumentError(
            "integer convolve/correlate mode must be 0, 1, or 2",
            f"mode={mode!r}; 0 stands for 'valid', 1 for 'same', 2 for 'full'",
            "write mode='full', 'same' or 'valid'",
        )
    return _MODES[number]


def _slide(signal: Array, kernel: Array, mode: Mode, algorithm: Any, precision: Any) -> Array:
    """The correlation of a signal with a kernel that is not longer."""
    taps = kernel.shape[0]
    # NumPy's "same" puts the larger half of an even kernel before the first sample.
    ends = {"valid": (0, 0), "full": (taps - 1, taps - 1), "same": (taps // 2, taps - taps // 2 - 1)}[mode]
    y = planned(
        lax.expand_dims(signal, (0, 1)),
        lax.expand_dims(kernel, (0, 1)),
        layout=Layout(),
        padding=ends,
        algorithm=algorithm,
        precision=precision,
    )
    return lax.squeeze(y, (0, 1))


def _over_axes(one: Callable[[Array, Array], Array], a: Array, v: Array, axis: int) -> Array:
    """Apply `one` along `axis` of both operands, broadcasting their other axes; vmap tells the planner of each."""
    a, v = (operand if operand.ndim == 1 else jnp.moveaxis(operand, axis, -1) for operand in (a, v))
    try:
        batch = jnp.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    except ValueError:
        raise ShapeError(
            f"the other axes of a and v do not broadcast: {a.shape[:-1]} and {v.shape[:-1]}",
            "axes must be equal, or 1, or missing",
            "give one operand an axis of size 1 where the other varies",
        ) from None
    for position in range(-1, -len(batch) - 1, -1):
        varies = tuple(operand.ndim > -position and operand.shape[position - 1] != 1 for operand in (a, v))
        if any(varies):
            one = jax.vmap(one, in_axes=tuple(0 if each else None for each in varies))
    a, v = (operand.reshape([n for n in operand.shape[:-1] if n != 1] + [operand.shape[-1]]) for operand in (a, v))
    y = one(a, v)
    y = y.reshape(*batch, y.shape[-1])
    return y if len(batch) == 0 else jnp.moveaxis(y, -1, axis)
