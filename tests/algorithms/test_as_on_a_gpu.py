"""What formulations do on a GPU, computed on this machine: whole arrays instead of pieces, branches instead of loops.

Run on a GPU itself, `JAX_DEFAULT_MATMUL_PRECISION=highest python -m pytest tests/algorithms/test_contract.py` says the
same of real kernels.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import oracle
from convax.algorithms import ALGORITHMS, Algorithm, Direct, InnerProduct, OverlapSave, ShiftAdd, Toeplitz, target
from convax.algorithms.normal_form import compute
from convax.algorithms.target import compiling_for, is_for_cpu, multiplies
from convax.core import ConvSpec, Geometry, Layout
from convax.jax_internals import inner_jaxprs
from specs import CASES, INEXACT, half_deep, operands, pair_id, with_dtype


def on_a_gpu(algorithm: Algorithm, spec: ConvSpec) -> Callable[..., jax.Array]:
    """The formulation as it is compiled for a GPU."""

    def run(x: jax.Array, w: jax.Array) -> jax.Array:
        with compiling_for("cuda"):
            return compute(algorithm, x, w, spec)

    return jax.jit(run)


def primitives(algorithm: Algorithm, spec: ConvSpec) -> list[Any]:
    """The equations of the formulation, those of inner functions included."""
    found: list[Any] = []
    waiting = [jax.make_jaxpr(on_a_gpu(algorithm, spec))(*operands(spec)).jaxpr]
    while waiting:
        body = waiting.pop()
        found += body.eqns
        for equation in body.eqns:
            waiting += inner_jaxprs(equation)
    return found


def names(algorithm: Algorithm, spec: ConvSpec) -> set[str]:
    return {equation.primitive.name for equation in primitives(algorithm, spec)}


def some_pairs() -> list[tuple[ConvSpec, Algorithm]]:
    """Each named case with one setting of each algorithm that serves it there; another setting from case to case."""
    found = []
    for number, spec in enumerate(CASES.values()):
        for name, kind in ALGORITHMS.items():
            able = [setting for setting in kind.candidates(spec, "cuda") if setting.why_not(spec) is None]
            # lax's own convolution is what a GPU has libraries for, here it would be this machine's; matrix products
            # are the same on both; and what hands on its work has much to hand it to.
            skipped = name in ("direct", "matmul") or (name in ("polyphase", "swapped") and number % 2)
            if able and not skipped:
                found.append((spec, able[number % len(able)]))
    return found


def check(spec: ConvSpec, y: Any, exact: np.ndarray) -> None:
    assert y.shape == exact.shape and y.dtype == jnp.dtype(spec.result.name)
    if spec.result.name not in INEXACT:
        np.testing.assert_array_equal(np.asarray(y), exact)
        return
    scale = np.abs(exact).max() * float(jnp.finfo(spec.result.name).eps)
    assert np.abs(np.asarray(y).astype(exact.dtype) - exact).max() <= 30 * scale


@pytest.mark.parametrize(("spec", "setting"), half_deep(some_pairs()), ids=pair_id)
def test_values_and_nan(spec: ConvSpec, setting: Algorithm) -> None:
    x, w = operands(spec, 3)
    run = on_a_gpu(setting, spec)
    check(spec, run(x, w), oracle.convolve(x, w, spec))
    x = np.array(x)
    x.flat[x.size // 2] = np.nan
    touched = oracle.touched(~np.isfinite(x), spec)
    np.testing.assert_array_equal(~np.isfinite(np.asarray(run(x, w))), touched)


@pytest.mark.parametrize(("name", "dtype"), list(zip(CASES, itertools.cycle(["int32", "int8", "uint64", "bool"]))))
def test_integers_do_without_lax(name: str, dtype: str) -> None:
    """cuDNN has no convolution of them."""
    spec = with_dtype(CASES[name], dtype)
    x, w = operands(spec, 4)
    assert "conv_general_dilated" not in names(Direct(), spec)
    check(spec, on_a_gpu(Direct(), spec)(x, w), oracle.convolve(x, w, spec))


def test_integers_of_many_taps_take_turns() -> None:
    spec = with_dtype(ConvSpec(Geometry(400, 101, stride=2, dilation=3), 2, 4, 6, 2), "int32")
    x, w = operands(spec, 5)
    check(spec, on_a_gpu(Direct(), spec)(x, w), oracle.convolve(x, w, spec))
    assert len(primitives(Direct(), spec)) < 200


def test_lax_is_checked_where_cudnn_spreads_nan() -> None:
    """It multiplies what lies between the taps by zero, if windows are strided too."""
    checked = ConvSpec(Geometry(33, 3, stride=2, dilation=3), channels=3, features=2)
    assert "cond" in names(Direct(), checked)
    for geometry in (Geometry(33, 3, stride=2), Geometry(33, 3, dilation=3)):
        assert "cond" not in names(Direct(), dataclasses.replace(checked, geometry=geometry))
    x, w = operands(checked, 6)
    check(checked, on_a_gpu(Direct(), checked)(x, w), oracle.convolve(x, w, checked))


class TestHalfTypes:
    """cuDNN reads them as they are and sums in float32; what is asked for in float32 is widened first."""

    SPEC = with_dtype(CASES["dense"], "bfloat16")

    @pytest.fixture
    def ampere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(target, "_capability", lambda platform: 9.0 if platform == "cuda" else 0.0)

    @staticmethod
    def read(spec: ConvSpec) -> list[str]:
        calls = [each for each in primitives(Direct(), spec) if each.primitive.name == "conv_general_dilated"]
        return [atom.aval.dtype.name for each in calls for atom in each.invars]

    def test_are_read_as_they_are(self, ampere: None) -> None:
        assert self.read(self.SPEC) == ["bfloat16", "bfloat16"]

    def test_are_widened_for_a_wide_result(self, ampere: None) -> None:
        assert self.read(with_dtype(CASES["dense"], "bfloat16", "float32")) == ["float32", "float32"]

    def test_are_widened_on_older_devices(self) -> None:
        """Whose library has no convolution of them."""
        assert self.read(self.SPEC) == ["float32", "float32"]

    def test_only_where_a_device_is_known_to(self, ampere: None) -> None:
        for platform in ("cpu", "tpu", "something new"):
            with compiling_for(platform):
                assert not multiplies("bfloat16")
        with compiling_for("cuda"):
            assert multiplies("float16") and multiplies("bfloat16") and not multiplies("float32")


LONG = ConvSpec(Geometry(300_000, 127))
LOOPS = {"while", "scan"}


@pytest.mark.parametrize(
    ("algorithm", "spec"),
    [
        (ShiftAdd(64), ConvSpec(Geometry(10_000_000, 127))),
        (ShiftAdd(64), ConvSpec(Geometry(100_000, 9, padding=(4, 4)), 8, 64, 64, 64)),
        (OverlapSave(4096), ConvSpec(Geometry(10_000_000, 301))),
        (InnerProduct(), ConvSpec(Geometry(1024, 1021), 64, 8, 64, batch_groups=64, layout=Layout.parse("NHC"))),
        (Toeplitz(), LONG),
    ],
    ids=str,
)
def test_no_loop_runs_in_the_common_case(algorithm: Algorithm, spec: ConvSpec) -> None:
    """Each turn of one is a launch and a question to the host. (The repair of NaN may loop: it runs in a branch.)"""
    shapes = [jax.ShapeDtypeStruct(shape, spec.dtype.name) for shape in (spec.data_shape, spec.kernel_shape)]
    traced = jax.make_jaxpr(functools.partial(_compute, algorithm, spec))(*shapes)
    assert not LOOPS & {equation.primitive.name for equation in traced.jaxpr.eqns}


def _compute(algorithm: Algorithm, spec: ConvSpec, x: Any, w: Any) -> Any:
    with compiling_for("cuda"):
        return compute(algorithm, x, w, spec)


def test_passes_are_kept_apart() -> None:
    assert "optimization_barrier" in names(ShiftAdd(64), LONG)
    assert "optimization_barrier" not in names(ShiftAdd(64), ConvSpec(Geometry(3000, 9)))


def test_the_target_ends_with_its_block() -> None:
    assert is_for_cpu() == (jax.default_backend() == "cpu")
    with compiling_for("cuda"):
        assert not is_for_cpu()
        with compiling_for("cpu"):
            assert is_for_cpu()
        assert not is_for_cpu()
    assert is_for_cpu() == (jax.default_backend() == "cpu")


def test_candidates_differ_by_platform() -> None:
    long = CASES["long signal"]
    assert {setting.points for setting in OverlapSave.candidates(LONG, "cuda")} == {4096, 8192, 16384, 32768}
    for kind in ALGORITHMS.values():
        assert list(kind.candidates(long)) == list(kind.candidates(long, "cpu"))
        assert list(kind.candidates(long, "cuda"))
