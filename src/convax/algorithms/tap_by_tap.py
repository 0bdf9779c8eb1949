"""A sum over the taps, some at each turn of a loop: for what a device's library has no convolution of."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.windows import pad_last, padded, windows
from convax.core.spec import ConvSpec
from convax.jax_internals import align_varying

__all__ = ["tap_by_tap"]

# On a GPU each turn of a loop is a launch, and each tap of a turn an operation to compile.
TAPS_OF_A_TURN = 16


def tap_by_tap(x: Array, w: Array, spec: ConvSpec) -> Array:
    """Any convolution of integers, in normal form: x (n, g, c, l) and w (g, o, c, k) -> (n, g, o, i)."""
    block = min(TAPS_OF_A_TURN, spec.geometry.taps)
    turns = -(-spec.geometry.taps // block)
    # Taps of zero fill up the last turn, and samples for them to meet.
    w = pad_last(w, 0, turns * block - spec.geometry.taps)
    after = (turns * block - spec.geometry.taps) * spec.geometry.dilation
    z = pad_last(padded(x, spec.geometry), 0, after)
    some = dataclasses.replace(spec.geometry, taps=block, upsample=1, padding=(0, 0))
    span = (spec.geometry.output - 1) * some.stride + some.reach
    y = jnp.zeros((*z.shape[:2], w.shape[1], spec.geometry.output), z.dtype)
    z, w, y = align_varying(z, w, y)

    def add(turn: Array, y: Array) -> Array:
        start = turn * block
        samples = lax.dynamic_slice_in_dim(z, start * some.dilation, span, axis=3)
        taps = lax.dynamic_slice_in_dim(w, start, block, axis=3)
        return y + sum(_product(windows(samples, tap, range(y.shape[3]), some), taps[..., tap]) for tap in range(block))

    return lax.fori_loop(0, turns, add, y)


def _product(window: Array, w: Array) -> Array:
    """(n, g, c, i) by (g, o, c) -> (n, g, o, i)."""
    if w.shape[2] == 1:
        return window * w[None, :, :, 0, None]
    return jnp.einsum("ngci,goc->ngoi", window, w)
