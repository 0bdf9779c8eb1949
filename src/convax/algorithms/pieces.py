"""Long work in pieces, one after the other: what a piece leaves behind stays in the cache.

It also keeps programs small. XLA takes the memory for a program's temporaries from the allocator at each call; from
32 MiB on, glibc's returns it to the system each time, and the pages fault in anew: 5 GB/s instead of 40.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.unit_axes import squeezed
from convax.core.geometry import Geometry

__all__ = ["PIECE", "WHOLE", "along_length", "group_by_group", "signal_by_signal"]

# Bytes of transformed data up to which all is done at once; and those of a piece, where there is more.
WHOLE, PIECE = 12 << 20, 2 << 20


def along_length(convolve: Callable[[Array], Array], z: Array, features: int, size: int, geometry: Geometry) -> Array:
    """`size` outputs at a time, for stride 1.

    The last piece reaches back to where it is whole, and computes some outputs again.

    Args:
        convolve: From the samples that `size` outputs meet to those outputs.
        z: (n, g, c, l), padded.
        features: Features of each group.
        size: Outputs of a piece; not more than there are.
        geometry: Whose reach and outputs count.
    """

    def write(piece: Array, y: Array) -> Array:
        start = jnp.minimum(piece * size, geometry.output - size)
        part = lax.dynamic_slice_in_dim(z, start, size + geometry.reach - 1, axis=3)
        return lax.dynamic_update_slice_in_dim(y, convolve(part), start, axis=3)

    empty = jnp.zeros((*z.shape[:2], features, geometry.output), z.dtype)
    return lax.fori_loop(0, -(-geometry.output // size), write, empty)


def group_by_group(convolve: Callable[[Array, Array], Array], z: Array, w: Array, output: int, most: int = 1) -> Array:
    """At most so many groups at a time: of z (n, g, c, l) and w (g, o, c, k)."""
    groups = z.shape[1]
    size = next(size for size in range(min(most, groups), 0, -1) if groups % size == 0)
    if size == groups:
        return convolve(z, w)

    whole = (z.shape[0], groups, w.shape[1], output)
    axis = int(z.shape[0] > 1)  # of the groups, in what is squeezed of z and y
    signals, kernels = squeezed(z), squeezed(w)

    def write(piece: Array, y: Array) -> Array:
        start = piece * size
        some = lax.dynamic_slice_in_dim(signals, start, size, axis).reshape(z.shape[0], size, *z.shape[2:])
        theirs = lax.dynamic_slice_in_dim(kernels, start, size, 0).reshape(size, *w.shape[1:])
        part = convolve(some, theirs).reshape(*y.shape[:axis], size, *y.shape[axis + 1 :])
        return lax.dynamic_update_slice_in_dim(y, part, start, axis)

    return lax.fori_loop(0, groups // size, write, squeezed(jnp.zeros(whole, z.dtype))).reshape(whole)


def signal_by_signal(convolve: Callable[[Array, Array], Array], z: Array, w: Array) -> Array:
    """One signal of z (n, g, c, l) at a time."""
    batch, *rest = z.shape
    if batch == 1:
        return convolve(z, w)
    kernel = squeezed(w)

    def one(signal: Array) -> Array:
        return squeezed(convolve(signal.reshape(1, *rest), kernel.reshape(w.shape)))

    y = lax.map(one, squeezed(z))
    return y.reshape(batch, *jax.eval_shape(convolve, z[:1], w).shape[1:])
