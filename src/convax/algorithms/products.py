"""Matrix products that formulations are made of."""

from __future__ import annotations

from typing import Any

from jax import Array, lax

from convax.algorithms.target import is_for_cpu
from convax.core.spec import ConvSpec

__all__ = ["group_products", "precision_of_own"]


def group_products(left: Array, right: Array, contracted: tuple[int, int], precision: Any) -> Array:
    """One product for each group, of (g, i, j) and (g, j, k) or their transposes -> (g, i, k).

    Args:
        left: Matrices.
        right: As many.
        contracted: The axis of `left` and that of `right` that are summed over.
        precision: lax's.
    """
    one, other = contracted
    if left.shape[0] == 1:  # XLA's plain product is faster than a batch of one
        numbers = (((one - 1,), (other - 1,)), ((), ()))
        return lax.dot_general(left[0], right[0], numbers, precision=precision)[None]
    return lax.dot_general(left, right, (((one,), (other,)), ((0,), (0,))), precision=precision)


def precision_of_own(spec: ConvSpec) -> Any:
    """The precision of products that the definition does not have.

    Nobody who asks for one channel, or for sums of a layer, expects the short factors that a GPU makes products of.
    """
    return spec.precision if spec.precision is not None or is_for_cpu() else lax.Precision.HIGHEST
