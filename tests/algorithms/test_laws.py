"""Laws of convolution, which need no oracle: impulse, linearity, shift, adjoint."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

from convax.algorithms import ALGORITHMS, Algorithm
from convax.core import ConvSpec
from specs import compiled, conv1d, for_all, operands, random_array, served

FEW = 4
by_name = pytest.mark.parametrize("name", list(ALGORITHMS))
REAL = ("float64",)
INEXACT = ("float64", "complex128")

Drawn = tuple[ConvSpec, Algorithm]


def axis(word: str) -> int:
    return word.index("H")


@by_name
def test_impulse(name: str, examples: str) -> None:
    """A unit impulse reads the kernel backwards: output i is w[k] where tap k lies on the impulse, and else 0."""

    @for_all(st.tuples(served(ALGORITHMS[name], REAL), st.integers(0, 10**6)), examples, FEW)
    def holds(drawn: tuple[Drawn, int]) -> None:
        (spec, setting), where = drawn
        geometry = spec.geometry
        place = np.unravel_index(where % (spec.batch * spec.channels * geometry.length), spec.data_shape)
        x = np.zeros(spec.data_shape)
        x[place] = 1
        w = operands(spec)[1]
        signal, channel, sample = (place[spec.layout.data.index(letter)] for letter in "NCH")
        kernel = w.transpose([spec.layout.kernel.index(letter) for letter in "OIH"])
        expected = np.zeros((spec.group_batch, spec.features, geometry.output))
        rows, channels = spec.group_batch, spec.group_channels
        for feature in range(spec.features):
            group = feature // spec.group_features
            meets_batch = signal // rows == (group if spec.batch_groups > 1 else 0)
            meets_channel = channel // channels == (group if spec.feature_groups > 1 else 0)
            if not (meets_batch and meets_channel):
                continue
            for output in range(geometry.output):
                distance = sample * geometry.upsample + geometry.padding[0] - output * geometry.stride
                tap, between = divmod(distance, geometry.dilation)
                if between == 0 and 0 <= tap < geometry.taps:
                    expected[signal % rows, feature, output] = kernel[feature, channel % channels, tap]
        expected = expected.transpose(["NCH".index(letter) for letter in spec.layout.out])
        np.testing.assert_allclose(compiled(spec, setting)(x, w), expected, rtol=0, atol=1e-12)


@by_name
def test_linear_in_each_operand(name: str, examples: str) -> None:
    @for_all(served(ALGORITHMS[name], INEXACT), examples, FEW)
    def holds(drawn: Drawn) -> None:
        spec, setting = drawn
        (x, w), (u, v) = operands(spec, 0), operands(spec, 2)
        of = compiled(spec, setting)
        np.testing.assert_allclose(of(3 * x - u, w), 3 * of(x, w) - of(u, w), rtol=0, atol=1e-11)
        np.testing.assert_allclose(of(x, 3 * w - v), 3 * of(x, w) - of(x, v), rtol=0, atol=1e-11)


@by_name
def test_shift(name: str, examples: str) -> None:
    """Delaying the signal by `stride` samples delays the output by `upsample`."""

    @for_all(served(ALGORITHMS[name], REAL), examples, FEW)
    def holds(drawn: Drawn) -> None:
        spec, setting = drawn
        x, w = operands(spec)
        along, delay = axis(spec.layout.data), spec.geometry.stride
        length = spec.geometry.length
        kept = max(0, length - delay)
        first, last = np.split(x, [kept], axis=along)
        x = np.concatenate([first, 0 * last], axis=along)
        delayed = np.concatenate([0 * last, first], axis=along)
        of = compiled(spec, setting)
        before, after = (np.moveaxis(np.asarray(of(z, w)), axis(spec.layout.out), 0) for z in (x, delayed))
        if kept == 0:
            assert not before.any() and not after.any()
            return
        steps = spec.geometry.upsample
        np.testing.assert_allclose(after[steps:], before[: len(before) - steps], rtol=0, atol=1e-12)


@by_name
def test_adjoint(name: str, examples: str) -> None:
    """<A x, y> = <x, A' y> for the convolution as a function of the data, and of the kernel."""

    @for_all(served(ALGORITHMS[name], REAL), examples, FEW)
    def holds(drawn: Drawn) -> None:
        spec, setting = drawn
        (x, w), y = operands(spec), random_array(spec.output_shape, "float64", 4)

        @jax.jit
        def sides(x: jax.Array, w: jax.Array, y: jax.Array) -> tuple[jax.Array, ...]:
            value, back = jax.vjp(conv1d(spec, setting), x, w)
            to_data, to_kernel = back(y)
            return jnp.vdot(value, y), jnp.vdot(x, to_data), jnp.vdot(w, to_kernel)

        left, data, kernel = sides(x, w, y)
        np.testing.assert_allclose([data, kernel], [left, left], rtol=1e-10, atol=1e-10)
