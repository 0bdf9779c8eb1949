"""The seed: a VALID cross-correlation of two one-dimensional arrays, through lax and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jax import Array, lax
from jaxtyping import ArrayLike, Shaped

from convax.errors import ShapeError
from convax.ops.arrays import as_array, promote
from convax.ops.eager import call

__all__ = ["conv1d_basic"]


def conv1d_basic(
    x: Shaped[ArrayLike, " length"] | Sequence[Any], kernel: Shaped[ArrayLike, " taps"] | Sequence[Any]
) -> Shaped[Array, " output"]:
    """Cross-correlate a signal with a kernel where they overlap completely.

    y[i] = sum over k of x[i + k] * kernel[k], for i = 0 .. L - K. The kernel is not flipped, the operands are
    never swapped, and nothing is planned: this is `lax.conv_general_dilated` with ("NCH", "OIH", "NCH").

    Args:
        x: Signal, shape (L,).
        kernel: Kernel, shape (K,), with 1 <= K <= L.

    Returns:
        The array of shape (L - K + 1,), in the type that JAX promotes both types to.

    Raises:
        ShapeError: An operand that is not one-dimensional or is empty, or a kernel longer than the signal.
        ArgumentTypeError: Element types that do not promote.

    Example:
        >>> conv1d_basic([1., 2., 3., 4., 5.], [1., 1., 1.])
        Array([ 6.,  9., 12.], dtype=float32)
    """
    return call(_conv1d_basic, (as_array("x", x), as_array("kernel", kernel)))


def _conv1d_basic(x: Any, kernel: Any) -> Array:
    for name, array in (("x", x), ("kernel", kernel)):
        _check_one_dimensional(name, array)
    _check_lengths(x.shape[0], kernel.shape[0])
    x, kernel = promote(x, kernel, ("x", "kernel"))
    y = lax.conv_general_dilated(
        x[None, None, :],
        kernel[None, None, :],
        window_strides=(1,),
        padding="VALID",
        dimension_numbers=("NCH", "OIH", "NCH"),
    )
    return y[0, 0]


def _check_lengths(length: int, taps: int) -> None:
    if taps <= length:
        return
    raise ShapeError(
        f"the kernel is longer than the signal: {taps} taps, and x has {length} samples",
        f"output length = L - K + 1 = {length} - {taps} + 1 = {length - taps + 1}",
        "conv1d_basic never swaps; shorten the kernel, swap the two yourself, or take the partial overlaps too: "
        'convax.conv1d(x, kernel, padding="FULL")',
    )


def _check_one_dimensional(name: str, array: Any) -> None:
    if array.ndim != 1:
        ones = [axis for axis, size in enumerate(array.shape) if size == 1]
        if array.ndim == 0:
            repair = f"wrap the number: [{name}]"
        elif array.ndim - len(ones) <= 1:
            repair = f"drop the axes of size 1: jnp.ravel({name}), of shape ({array.size},)"
        else:
            repair = "map over the other axes with jax.vmap, or call convax.conv1d, which takes batches and channels"
        raise ShapeError(
            f"{name} has shape {array.shape}, and conv1d_basic takes one-dimensional arrays",
            f"{array.ndim} axes, and there must be 1",
            repair,
        )
    if array.shape[0] == 0:
        raise ShapeError(
            f"{name} is empty",
            f"its shape is {array.shape}, and a window needs at least one sample and one tap",
            f"pass at least one {'sample' if name == 'x' else 'tap'}",
        )
