"""The oracle itself, against lax where lax is right, and by hand where it is not."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import oracle
from convax.core import ConvSpec, Geometry
from specs import CASES, lax_convolution, operands, spec_id, with_dtype

SOME = ("all steps", "grouped", "batch groups, upsampled", "axes in any order", "trimmed", "padded beyond its length")


@pytest.mark.parametrize("spec", [CASES[name] for name in SOME], ids=spec_id)
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int16"])
def test_agrees_with_lax(spec: ConvSpec, dtype: str) -> None:
    spec = with_dtype(spec, dtype)
    x, w = operands(spec)
    expected = np.asarray(jax.jit(lax_convolution(spec))(x, w))
    result = oracle.convolve(x, w, spec)
    assert result.shape == expected.shape and result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


def test_the_window_by_hand() -> None:
    spec = with_dtype(ConvSpec(Geometry(3, 2, stride=2, dilation=3, upsample=2, padding=(1, 1))), "int32")
    # 0 1 0 2 0 3 0: taps at 0 and 3, then at 2 and 5.
    result = oracle.convolve(np.array([[[1, 2, 3]]]), np.array([[[10, 100]]]), spec)
    np.testing.assert_array_equal(result, [[[200, 300]]])


def test_integers_wrap() -> None:
    spec = with_dtype(ConvSpec(Geometry(2, 2)), "int8")
    result = oracle.convolve(np.full((1, 1, 2), 100, np.int8), np.ones((1, 1, 2), np.int8), spec)
    assert result.item() == 200 - 256


def test_bool_is_any() -> None:
    spec = with_dtype(ConvSpec(Geometry(4, 2)), "bool")
    result = oracle.convolve(np.array([[[False, False, True, True]]]), np.array([[[True, True]]]), spec)
    np.testing.assert_array_equal(result, [[[False, True, True]]])


def test_touched_follows_the_taps() -> None:
    spec = ConvSpec(Geometry(6, 2, dilation=2))
    marked = np.zeros((1, 1, 6), bool)
    marked[0, 0, 3] = True
    np.testing.assert_array_equal(oracle.touched(marked, spec), [[[False, True, False, True]]])


def test_scales_bound_the_sum() -> None:
    spec = CASES["grouped"]
    x, w = operands(spec)
    result = np.abs(oracle.convolve(x, w, spec))
    direct, fourier = oracle.direct_scale(x, w, spec), oracle.fourier_scale(x, w, spec)
    assert (result <= direct * (1 + 1e-12)).all()
    assert (result <= fourier).all()
