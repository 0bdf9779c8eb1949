"""Rows of samples as they lie in memory: the same to XLA, whatever a program calls their axes.

Gradients rename the axes of what they share with the forward convolution (signals become channels, features become
signals), split groups from other axes, and turn the kernel round. What is done to the rows before that XLA recognises
as done already, and does once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from convax.core.spec import ConvSpec

__all__ = ["Laid"]

_SAMPLES = 3  # the last axis of the normal form


@dataclasses.dataclass(frozen=True)
class Laid:
    """How an array in normal form lies in memory.

    Args:
        order: The axes of the normal form, outermost first.
        shape: The array's own, before groups were split from an axis.
        axis: Of the samples, in that shape.
    """

    order: tuple[int, ...]
    shape: tuple[int, ...]
    axis: int

    @classmethod
    def of(cls, spec: ConvSpec) -> tuple[Laid, Laid]:
        """Data and kernel of a convolution, as its caller passed them."""
        data, kernel = spec.normal_order
        layout = spec.layout
        return (
            cls(data, spec.data_shape, layout.data.index("H")),
            cls(kernel, spec.kernel_shape, layout.kernel.index("H")),
        )

    @classmethod
    def plainly(cls, value: Array) -> Laid:
        """An array that lies as its axes say."""
        return cls((0, 1, 2, _SAMPLES), value.shape, _SAMPLES)

    def by_rows(self, function: Callable[[Array], Array], value: Array, *, backwards: bool = False) -> Array:
        """`function` of an array's rows: from (..., samples) to (..., results) and back to the normal form.

        Args:
            function: What is to be done to each row. It meets no axes of size one, for these are where the names
                differ that are given to the same memory.
            value: The array, in normal form.
            backwards: Whether it meets the last sample first.

        Example:
            >>> w = jnp.arange(6.0).reshape(2, 1, 1, 3)
            >>> Laid.plainly(w).by_rows(lambda rows: rows[:, :2], w, backwards=True).tolist()
            [[[[2.0, 1.0]]], [[[5.0, 4.0]]]]
        """
        own = value.transpose(self.order).reshape(self.shape)
        own = lax.rev(own, (self.axis,)) if backwards else own  # where it cancels with the caller's
        rows = jnp.moveaxis(own, self.axis, -1)
        results = function(rows.reshape(*(size for size in rows.shape[:-1] if size != 1), rows.shape[-1]))
        outer = [axis for axis in self.order if axis != _SAMPLES]
        results = results.reshape(*(value.shape[axis] for axis in outer), results.shape[-1])
        return results.transpose(*np.argsort(outer).tolist(), _SAMPLES)
