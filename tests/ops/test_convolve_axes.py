"""convolve and correlate where NumPy has nothing: other axes, broadcasting, gradients, vmap, algorithms."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from convax import convolve, correlate
from convax.errors import AlgorithmError, ArgumentTypeError, ShapeError
from ops.definitions import random

Function = Callable[..., Any]
BOTH = pytest.mark.parametrize(
    ("ours", "numpys"), [(convolve, np.convolve), (correlate, np.correlate)], ids=["convolve", "correlate"]
)
MODES = ["full", "same", "valid"]
close = np.testing.assert_allclose


def per_signal(function: Function, a: np.ndarray, v: np.ndarray, mode: str) -> np.ndarray:
    """NumPy's function on each pair of signals along the last axes, the others broadcast by a loop."""
    batch = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    a, v = np.broadcast_to(a, (*batch, a.shape[-1])), np.broadcast_to(v, (*batch, v.shape[-1]))
    places = list(np.ndindex(*batch))
    rows = [function(a[place], v[place], mode) for place in places]
    return np.reshape(rows, (*batch, -1))


SHAPES = [
    ((3, 9), (4,)),
    ((9,), (3, 4)),
    ((3, 9), (3, 4)),
    ((3, 9), (1, 4)),
    ((1, 9), (3, 4)),
    ((2, 1, 9), (1, 3, 4)),
    ((2, 3, 9), (3, 4)),
    ((3, 4), (2, 1, 9)),
    ((1, 1, 5), (5,)),
    ((2, 1, 3, 7), (4, 1, 2)),
    ((1, 9), (4,)),
]


@BOTH
@pytest.mark.parametrize(("a_shape", "v_shape"), SHAPES, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_other_axes_broadcast(ours: Function, numpys: Function, a_shape: Any, v_shape: Any, mode: str) -> None:
    a, v = random(*a_shape), random(*v_shape, seed=1)
    y, expected = ours(a, v, mode), per_signal(numpys, a, v, mode)
    assert y.shape == expected.shape
    close(y, expected, atol=1e-12)


@BOTH
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_any_axis(ours: Function, numpys: Function, axis: int) -> None:
    a = random(4, 5, 6)
    for v in (random(3, seed=1), random(*(3 if place == axis % 3 else 1 for place in range(3)), seed=2)):
        rows = v if v.ndim == 1 else np.moveaxis(v, axis, -1)
        expected = np.moveaxis(per_signal(numpys, np.moveaxis(a, axis, -1), rows, "full"), -1, axis)
        close(ours(a, v, "full", axis=axis), expected, atol=1e-12)
        swapped = np.moveaxis(per_signal(numpys, rows, np.moveaxis(a, axis, -1), "full"), -1, axis)
        close(ours(v, a, "full", axis=axis), swapped, atol=1e-12)


@BOTH
def test_an_empty_batch_is_no_error(ours: Function, numpys: Function) -> None:
    assert ours(np.ones((0, 7)), np.ones(3), "full").shape == (0, 9)
    assert ours(np.ones((7, 0)), np.ones(3), "full", axis=0).shape == (9, 0)


@BOTH
def test_axes_that_do_not_fit(ours: Function, numpys: Function) -> None:
    with pytest.raises(ShapeError, match=r"do not broadcast: \(2,\) and \(3,\)"):
        ours(np.ones((2, 7)), np.ones((3, 4)))
    for axis in (2, -3):
        with pytest.raises(ShapeError, match=rf"axis={axis} does not exist in an operand of shape \(2, 7\)"):
            ours(np.ones((2, 7)), np.ones(4), axis=axis)
    with pytest.raises(ShapeError, match=r"axis=1 does not exist in an operand of shape \(7,\)"):
        ours(np.ones(7), np.ones(4), axis=1)
    with pytest.raises(ArgumentTypeError, match=r"axis=1\.0 is of type float"):
        ours(np.ones((2, 7)), np.ones(4), axis=1.0)
    with pytest.raises(ShapeError, match="empty"):
        ours(np.ones((2, 0)), np.ones(4))


@BOTH
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", [(7, 3), (3, 7), (4, 4)], ids=str)
def test_gradients(ours: Function, numpys: Function, mode: str, sizes: tuple[int, int]) -> None:
    """The function is linear in each operand: its derivative along any direction is its value there."""
    a, v, da, dv = (random(sizes[place % 2], seed=place) for place in range(4))
    weights = random(*numpys(a, v, mode).shape, seed=5)

    def loss(a: jax.Array, v: jax.Array) -> jax.Array:
        return jnp.vdot(ours(a, v, mode), weights)

    slope_a, slope_v = jax.grad(loss, (0, 1))(a, v)
    close(jnp.vdot(slope_a, da), np.vdot(numpys(da, v, mode), weights), rtol=1e-10)
    close(jnp.vdot(slope_v, dv), np.vdot(numpys(a, dv, mode), weights), rtol=1e-10)


@BOTH
def test_gradients_of_complex_numbers(ours: Function, numpys: Function) -> None:
    a, v, d = (random(size, seed=size, dtype="complex128") for size in (6, 3, 4))
    for function, operand in ((lambda v: jnp.vdot(d, ours(a, v, "valid")), v), (lambda a: jnp.sum(ours(a, v) * 1j), a)):

        def energy(z: jax.Array, function: Function = function) -> jax.Array:
            return jnp.abs(function(z)) ** 2

        slope, step = jax.grad(energy)(operand), 1e-6
        for place, direction in itertools.product(range(2), (1, 1j)):
            moved = operand.copy()
            moved[place] += step * direction
            # JAX's gradient g of a real function: d = Re(g * dz).
            close((energy(moved) - energy(operand)) / step, (slope[place] * direction).real, rtol=1e-3, atol=1e-4)


@BOTH
def test_jit_and_vmap(ours: Function, numpys: Function) -> None:
    a, v = random(5, 9), random(5, 4, seed=1)
    close(jax.jit(lambda a, v: ours(a, v, "same"))(a[0], v[0]), numpys(a[0], v[0], "same"), atol=1e-12)
    close(jax.vmap(lambda a, v: ours(a, v, "same"))(a, v), per_signal(numpys, a, v, "same"), atol=1e-12)
    close(jax.vmap(ours, (0, None))(a, v[0]), per_signal(numpys, a, v[0], _default(ours)), atol=1e-12)
    close(jax.vmap(ours, (None, 1), 1)(a[0], v.T).T, per_signal(numpys, a[0], v, _default(ours)), atol=1e-12)


def _default(function: Function) -> str:
    return "full" if function is convolve else "valid"


@BOTH
def test_algorithm_and_precision(ours: Function, numpys: Function) -> None:
    a, v = random(400), random(90, seed=1)
    for name in ("fft", "shift_add", "direct", "overlap_save"):
        close(ours(a, v, "same", algorithm=name, precision="highest"), numpys(a, v, "same"), atol=1e-10)
    with pytest.raises(AlgorithmError, match="int"):
        ours([1, 2, 3], [1, 1], algorithm="fft")
    with pytest.raises(AlgorithmError, match="did you mean 'toeplitz'"):
        ours(a, v, algorithm="toplitz")


@BOTH
def test_one_nan_reaches_only_its_windows(ours: Function, numpys: Function) -> None:
    a, v = random(300), random(100, seed=1)
    a[170] = np.nan
    for name in (None, "fft", "overlap_save"):
        np.testing.assert_array_equal(np.isnan(ours(a, v, "full", algorithm=name)), np.isnan(numpys(a, v, "full")))
