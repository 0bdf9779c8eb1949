"""The contract that each formulation keeps, over the whole table of algorithms.

Results are compared with the oracle; derivatives and batches with lax's own convolution in float64.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

import oracle
from convax.algorithms import ALGORITHMS, Algorithm
from convax.algorithms.normal_form import compute
from convax.core import ConvSpec
from convax.jax_internals import inner_jaxprs
from specs import (
    CASES,
    DTYPES,
    INEXACT,
    compiled,
    conv1d,
    conv_specs,
    errs_by_norms,
    for_all,
    lax_convolution,
    operands,
    pair_id,
    pairs,
    random_array,
    served,
    serving,
    settings_of,
    with_dtype,
)

# What "a small multiple" is: the error of one output, in units of eps * sum |x| |w| for the direct formulations
# and of eps * log2(N) * ||x|| * ||w|| for the Fourier ones.
DIRECT_CONSTANT = 4.0
FOURIER_CONSTANT = 2.0

by_name = pytest.mark.parametrize("name", list(ALGORITHMS))
# Parameters of a whole class run together, so that the tests of one pair share its compiled program.
by_pair = pytest.mark.parametrize(("spec", "setting"), pairs(), ids=pair_id, scope="class")


def bound(x: Any, w: Any, spec: ConvSpec, setting: Algorithm, exact: np.ndarray) -> np.ndarray:
    """The greatest error that the contract allows each output."""
    kept = jnp.finfo(spec.accumulator.name)
    result = jnp.finfo(spec.result.name)
    if errs_by_norms(setting):
        error = FOURIER_CONSTANT * float(kept.eps) * oracle.fourier_scale(x, w, spec)
    else:
        error = DIRECT_CONSTANT * float(kept.eps) * oracle.direct_scale(x, w, spec)
    if spec.result.bytes < spec.accumulator.bytes:
        error = error + float(result.eps) * (np.abs(exact) + error)
    return error + float(result.tiny)


def check_values(spec: ConvSpec, setting: Algorithm, seed: int) -> None:
    """Shape, type and values against the oracle."""
    x, w = operands(spec, seed)
    exact = oracle.convolve(x, w, spec)
    y = compiled(spec, setting)(x, w)
    assert y.dtype == jnp.dtype(spec.result.name)
    assert y.shape == exact.shape == spec.output_shape
    if spec.result.name in INEXACT:
        got = np.asarray(y).astype(exact.dtype)
        limit = bound(x, w, spec, setting, exact)
        worst = np.max(np.abs(got - exact) / limit)
        assert worst <= 1, f"{setting} errs by {worst:.3g} times what is allowed"
    else:
        np.testing.assert_array_equal(np.asarray(y), exact)


class TestTable:
    """What each entry of the table promises beside its results."""

    @by_name
    def test_is_exercised_by_the_named_cases(self, name: str) -> None:
        served_cases = [spec for spec in CASES.values() if serving(ALGORITHMS[name], spec)]
        assert len(served_cases) >= 5, f"{name} refuses all but {len(served_cases)} of the named cases"

    @by_name
    def test_is_exercised_by_drawn_specs(self, name: str, examples: str) -> None:
        seen: collections.Counter[bool] = collections.Counter()

        @for_all(served(ALGORITHMS[name]), examples, few=20)
        def serves(drawn: tuple[ConvSpec, Algorithm]) -> None:
            spec, setting = drawn
            seen[setting.why_not(spec) is None] += 1

        assert seen[True] >= 10 and not seen[False]

    @by_name
    def test_offers_at_least_one_setting(self, name: str) -> None:
        kind = ALGORITHMS[name]
        assert all(list(kind.candidates(spec)) for spec in CASES.values())

    @by_name
    def test_is_found_under_its_own_name(self, name: str) -> None:
        assert ALGORITHMS[name].name == name
        assert ALGORITHMS[name].idea and not ALGORITHMS[name].idea.endswith(".")

    def test_direct_never_refuses(self) -> None:
        for spec in CASES.values():
            for dtype in (*DTYPES, "float8_e4m3fn", "int4"):
                for setting in ALGORITHMS["direct"].candidates(with_dtype(spec, dtype)):
                    assert setting.why_not(with_dtype(spec, dtype)) is None

    @by_name
    def test_settings_are_values(self, name: str) -> None:
        for spec in CASES.values():
            settings = list(ALGORITHMS[name].candidates(spec))
            assert len(set(settings)) == len(settings)
            assert len({str(setting) for setting in settings}) == len(settings)
            for setting in settings:
                assert setting == dataclasses.replace(setting)
                assert str(setting).startswith(name)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setting.invented = 1  # type: ignore[attr-defined]

    @by_name
    def test_answers_with_a_reason_or_finite_work(self, name: str) -> None:
        for case in CASES.values():
            for dtype in ("float32", "complex64", "int8", "bool", "float8_e4m3fn"):
                spec = with_dtype(case, dtype)
                for setting in settings_of(ALGORITHMS[name], spec):
                    reason = setting.why_not(spec)
                    if reason is not None:
                        # A sentence that can stand in a table: one line, some words, no full stop.
                        assert len(reason.split()) >= 4 and "\n" not in reason and not reason.endswith(".")
                        continue
                    work = setting.work(spec)
                    assert all(math.isfinite(count) and count >= 0 for count in work.operations.values())
                    assert sum(work.operations.values()) > 0
                    assert math.isfinite(work.bytes) and work.bytes > 0
                    assert work.launches >= 1

    @by_name
    def test_work_grows_with_the_batch(self, name: str) -> None:
        for spec in CASES.values():
            twice = dataclasses.replace(spec, batch=2 * spec.batch)
            for setting in serving(ALGORITHMS[name], spec):
                small, large = setting.work(spec), setting.work(twice)
                assert sum(large.operations.values()) >= sum(small.operations.values())
                assert large.bytes >= small.bytes


@pytest.mark.parametrize("dtype", [pytest.param("float16", marks=pytest.mark.deep), "bfloat16"])
@by_name
def test_half_types_are_summed_in_single(name: str, dtype: str) -> None:
    """No operation but conversions and moves is written in the half type.

    Read in the program, since a compiler that keeps excess precision hides the difference in the results.
    """
    moves = {"convert_element_type", "transpose", "reshape", "copy", "squeeze", "slice", "pad", "concatenate"}
    moves |= {"broadcast_in_dim", "bitcast_convert_type"}
    for case in CASES.values():
        spec = with_dtype(case, dtype)
        for setting in serving(ALGORITHMS[name], spec):
            traced = jax.make_jaxpr(lambda x, w, s=setting, spec=spec: compute(s, x, w, spec))(*operands(spec))
            for equation in innermost(traced.jaxpr):
                if equation.primitive.name not in moves:
                    assert all(result.aval.dtype != jnp.dtype(dtype) for result in equation.outvars), equation


def innermost(jaxpr: Any) -> Iterator[Any]:
    """The equations that hold no function, of this one and of those that it calls."""
    for equation in jaxpr.eqns:
        inner = list(inner_jaxprs(equation))
        yield from itertools.chain.from_iterable(map(innermost, inner)) if inner else [equation]


@by_pair
class TestNamedCases:
    """Each named case with each setting that the planner would compare."""

    def test_values(self, spec: ConvSpec, setting: Algorithm) -> None:
        check_values(spec, setting, seed=1)

    def test_nan_stays_in_its_windows(self, spec: ConvSpec, setting: Algorithm) -> None:
        check_containment(spec, setting, np.nan)

    def test_infinity_stays_in_its_windows(self, spec: ConvSpec, setting: Algorithm) -> None:
        check_containment(spec, setting, np.inf)

    def test_sums_that_fit_do_not_overflow(self, spec: ConvSpec, setting: Algorithm) -> None:
        """The data almost as large as their type allows, the kernel so that no sum is larger."""
        x, w = operands(spec, 4)
        x = x * np.float32(2.0**124 / np.abs(x).max())
        w = w / np.float32(np.abs(w).sum())
        exact = oracle.convolve(x, w, spec)
        y = np.asarray(compiled(spec, setting)(x, w)).astype(np.float64)
        assert np.max(np.abs(y - exact) / bound(x, w, spec, setting, exact)) <= 1


def check_containment(spec: ConvSpec, setting: Algorithm, poison: float) -> None:
    """A sample that is not finite reaches exactly the outputs whose window holds it.

    Direct sums give what IEEE arithmetic says there (an infinity keeps its sign); transforms give NaN; toeplitz and
    polyphase, whose sums meet other samples at weight zero, may give either.
    """
    x, w = operands(spec, 2)
    clean = oracle.convolve(x, w, spec)
    limit = bound(x, w, spec, setting, clean)
    x = np.array(x)
    x.flat[x.size // 2] = poison
    expected = oracle.convolve(x, w, spec)
    touched = oracle.touched(~np.isfinite(x), spec)
    y = np.asarray(compiled(spec, setting)(x, w))
    np.testing.assert_array_equal(~np.isfinite(y), touched)
    error = np.abs(np.where(touched, 0, y.astype(clean.dtype) - clean))
    assert np.max(error / limit) <= 1
    if errs_by_norms(setting) or np.isnan(poison):
        assert np.isnan(y[touched]).all()
    elif setting.name not in ("toeplitz", "polyphase", "swapped"):
        np.testing.assert_array_equal(y[touched], expected[touched])


class TestDrawnSpecs:
    """Any member of the family, in any type."""

    @by_name
    def test_values(self, name: str, examples: str) -> None:
        @for_all(st.tuples(served(ALGORITHMS[name]), st.integers(0, 99)), examples, few=12)
        def agrees(drawn: tuple[tuple[ConvSpec, Algorithm], int]) -> None:
            (spec, setting), seed = drawn
            check_values(spec, setting, seed)

    @by_name
    def test_nan_stays_in_its_windows(self, name: str, examples: str) -> None:
        @for_all(served(ALGORITHMS[name], ("float16", "bfloat16", "float32", "complex64")), examples, few=8)
        def contains(drawn: tuple[ConvSpec, Algorithm]) -> None:
            check_containment(*drawn, np.nan)

    @pytest.mark.parametrize("dtype", DTYPES)
    @by_name
    def test_each_type(self, name: str, dtype: str) -> None:
        case = "all steps" if name in ("polyphase", "swapped", "direct") else "depthwise with two features each"
        spec = with_dtype(CASES[case], dtype)
        settings = serving(ALGORITHMS[name], spec)
        if not settings:
            assert name in ("fft", "overlap_save", "winograd") and dtype not in INEXACT
            return
        check_values(spec, settings[-1], seed=3)

    def test_values_of_the_planners_choice(self, examples: str) -> None:
        """The same without a request, which no member of the family may make fail."""

        @for_all(conv_specs(), examples, few=16)
        def agrees(spec: ConvSpec) -> None:
            x, w = operands(spec)
            y = np.asarray(compiled(spec)(x, w))
            exact = oracle.convolve(x, w, spec)
            if spec.result.name in INEXACT:
                scale = oracle.direct_scale(x, w, spec) + oracle.fourier_scale(x, w, spec)
                eps = float(jnp.finfo(spec.result.name).eps)
                assert (np.abs(y.astype(exact.dtype) - exact) <= DIRECT_CONSTANT * eps * scale + 1e-30).all()
            else:
                np.testing.assert_array_equal(y, exact)


TRANSFORMED = (
    *("padded", "upsampled and strided", "all steps", "axes in any order"),
    *("depthwise", "grouped", "batch groups", "kernel gradient, strided"),
)
MANY = 3
# Those whose algorithms and steps the others have too.
TRANSFORMED_DEEP = ("padded", "all steps")


def transformed(convolution: Callable[..., Any], spec: ConvSpec) -> Callable[..., Any]:
    """Everything that JAX's transformations make of a convolution, in one program."""

    def loss(x: jax.Array, w: jax.Array) -> jax.Array:
        y = convolution(x, w)
        return jnp.sum(jnp.real(y * jnp.conj(y)) ** 2) / spec.multiply_adds**2

    def everything(x: jax.Array, w: jax.Array, xs: jax.Array, ws: jax.Array) -> dict[str, Any]:
        directions = xs[0], ws[0]
        return {
            "value": convolution(x, w),
            "gradient": jax.grad(loss, (0, 1))(x, w),
            "jvp": jax.jvp(convolution, (x, w), directions)[1],
            "second order": jax.jvp(jax.grad(loss, (0, 1)), (x, w), directions)[1],
            "vmap of x": jax.vmap(convolution, (0, None))(xs, w),
            "vmap of w": jax.vmap(convolution, (None, 0))(x, ws),
            "vmap of both": jax.vmap(convolution)(xs, ws),
        }

    return jax.jit(everything)


def transformed_operands(spec: ConvSpec) -> tuple[Any, ...]:
    x, w = operands(spec, 5)
    xs = random_array((MANY, *spec.data_shape), spec.dtype.name, 6)
    return x, w, xs, random_array((MANY, *spec.kernel_shape), spec.dtype.name, 7)


@functools.lru_cache(maxsize=4)
def expected_of_lax(spec: ConvSpec) -> dict[str, Any]:
    return transformed(lax_convolution(spec), spec)(*transformed_operands(spec))


@pytest.mark.parametrize(
    ("spec", "setting"),
    [
        pytest.param(
            with_dtype(spec, dtype),
            setting,
            marks=[pytest.mark.deep] * any(spec == CASES[name] for name in TRANSFORMED_DEEP),
        )
        for spec, setting in pairs(TRANSFORMED, most=1)
        for dtype in (("float64", "complex128") if spec == CASES["grouped"] else ("float64",))
    ],
    ids=lambda value: pair_id(with_dtype(value, "float32")) if isinstance(value, ConvSpec) else pair_id(value),
)
def test_transformations(spec: ConvSpec, setting: Algorithm) -> None:
    """jit, grad, jvp, second order and vmap over either operand and both, as of lax's convolution."""
    result = transformed(conv1d(spec, setting), spec)(*transformed_operands(spec))
    expected = expected_of_lax(spec)
    for what, wanted in expected.items():
        for got, want in zip(jax.tree.leaves(result[what]), jax.tree.leaves(wanted), strict=True):
            assert got.shape == want.shape and got.dtype == want.dtype
            size = float(jnp.max(jnp.abs(want)))
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * size * spec.geometry.taps, err_msg=what)
