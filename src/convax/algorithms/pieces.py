"""Long work in pieces, one after the other: what a piece leaves behind stays in the cache.

It also keeps programs small. XLA takes the memory for a program's temporaries from the allocator at each call; from
32 MiB on, glibc's returns it to the system each time, and the pages fault in anew: 5 GB/s instead of 40.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

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

    def write(piece: Array, y: Array) -> Array:
        start = piece * size
        signals = lax.dynamic_slice_in_dim(z, start, size, axis=1)
        kernels = lax.dynamic_slice_in_dim(w, start, size, axis=0)
        return lax.dynamic_update_slice_in_dim(y, convolve(signals, kernels), start, axis=1)

    return lax.fori_loop(0, groups // size, write, jnp.zeros((z.shape[0], groups, w.shape[1], output), z.dtype))


def signal_by_signal(convolve: Callable[[Array, Array], Array], z: Array, w: Array) -> Array:
    """One signal of z (n, g, c, l) at a time."""
    if z.shape[0] == 1:
        return convolve(z, w)
    return lax.map(lambda one: convolve(one[None], w)[0], z)
