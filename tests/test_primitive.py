"""The primitive `conv1d` under each of JAX's transformations, against lax's own convolution."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st
from jax import export, lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import oracle
from convax.algorithms import ALGORITHMS, Matmul, ShiftAdd
from convax.core import ConvSpec, Geometry
from convax.errors import AlgorithmError
from convax.primitive import conv1d_p, spec_of
from specs import CASES, DTYPES, conv1d, conv_specs, for_all, lax_convolution, operands, spec_id, with_dtype

DENSE = with_dtype(CASES["dense"], "float64")
GROUPED = with_dtype(CASES["grouped"], "float64")
STEPPED = with_dtype(CASES["all steps"], "float64")
BATCH_GROUPED = with_dtype(CASES["batch groups, upsampled"], "float64")
VARIED = [DENSE, GROUPED, STEPPED, BATCH_GROUPED]

by_spec = pytest.mark.parametrize("spec", VARIED, ids=lambda spec: spec_id(with_dtype(spec, "float32")))


def close(left: Any, right: Any, tolerance: float = 1e-11) -> None:
    """Equal trees of arrays, up to rounding."""
    for got, want in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert got.shape == want.shape and got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def both(spec: ConvSpec, build: Callable[..., Callable[..., Any]], *arguments: Any) -> None:
    """Build the same function of our convolution and of lax's, and compare their results."""
    close(jax.jit(build(conv1d(spec)))(*arguments), jax.jit(build(lax_convolution(spec)))(*arguments))


def energy(convolution: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """A scalar that is not linear in either operand."""
    return lambda x, w: jnp.sum(jnp.sin(convolution(x, w)))


def equations(jaxpr: Any) -> Iterator[Any]:
    """All equations, those of inner jaxprs included."""
    for equation in jaxpr.eqns:
        yield equation
        for value in jax.tree.leaves(equation.params, is_leaf=lambda leaf: hasattr(leaf, "eqns")):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from equations(inner)


def names(function: Callable[..., Any], *arguments: Any) -> list[str]:
    return [equation.primitive.name for equation in equations(jax.make_jaxpr(function)(*arguments).jaxpr)]


class TestCalls:
    """Eager and compiled calls."""

    @by_spec
    def test_eager_and_jit(self, spec: ConvSpec) -> None:
        x, w = map(jnp.asarray, operands(spec))
        expected = lax_convolution(spec)(x, w)
        close(conv1d(spec)(x, w), expected)
        close(jax.jit(conv1d(spec))(x, w), expected)

    def test_is_one_equation(self) -> None:
        assert names(conv1d(DENSE), *operands(DENSE)) == ["conv1d"]

    def test_shape_is_known_without_computing(self) -> None:
        result = jax.eval_shape(conv1d(GROUPED), *operands(GROUPED))
        assert result.shape == GROUPED.output_shape and result.dtype == np.float64

    @pytest.mark.parametrize("dtype", [*DTYPES, "float8_e4m3fn"])
    def test_each_type_as_lax(self, dtype: str) -> None:
        spec = with_dtype(CASES["strided"], dtype)
        if dtype == "float8_e4m3fn":
            x, w = (array.astype(jnp.float8_e4m3fn) for array in operands(CASES["strided"]))
        else:
            x, w = operands(spec)
        result, expected = jax.jit(conv1d(spec))(x, w), jax.jit(lax_convolution(spec))(x, w)
        assert result.shape == expected.shape and result.dtype == expected.dtype
        wide = np.asarray(result), np.asarray(expected)
        if spec.dtype.is_integer:
            np.testing.assert_array_equal(*wide)
        else:
            eps = float(jnp.finfo(dtype).eps)
            as_float = [array.astype(np.complex128) for array in wide]
            np.testing.assert_allclose(*as_float, rtol=8 * eps, atol=32 * eps)

    @pytest.mark.parametrize(
        ("dtype", "out"),
        [
            *(("int8", "int32"), ("int8", "int64"), ("uint8", "int32"), ("uint8", "uint32"), ("int16", "float32")),
            *(("float16", "float32"), ("bfloat16", "float32"), ("bfloat16", "float16"), ("float32", "float64")),
            *(("complex64", "complex128"), ("bool", "int32")),
        ],
    )
    def test_preferred_element_type(self, dtype: str, out: str) -> None:
        spec = with_dtype(CASES["strided"], dtype, out)
        x, w = operands(spec)
        result, of_lax = jax.jit(conv1d(spec))(x, w), jax.jit(lax_convolution(spec))(x, w)
        assert result.dtype == of_lax.dtype == jnp.dtype(out)
        # The values are the oracle's: lax itself keeps sums of complex64 in single precision.
        exact = oracle.convolve(x, w, spec)
        eps = 0.0 if spec.result.is_integer else 4 * float(jnp.finfo(out).eps)
        scale = 0 if spec.result.is_integer else oracle.direct_scale(x, w, spec)
        assert (np.abs(np.asarray(result).astype(exact.dtype) - exact) <= eps * scale).all()

    @pytest.mark.parametrize("x64", [True, False])
    def test_types_with_and_without_64_bits(self, x64: bool) -> None:
        spec = CASES["dense"]
        x, w = map(jnp.asarray, operands(with_dtype(spec, "float64")))
        assert x.dtype == (jnp.float64 if x64 else jnp.float32)
        spec = with_dtype(spec, x.dtype.name)
        value, slopes = jax.jit(jax.value_and_grad(energy(conv1d(spec)), (0, 1)))(x, w)
        expected = jax.jit(jax.value_and_grad(energy(lax_convolution(spec)), (0, 1)))(x, w)
        close((value, slopes), expected, 1e-11 if x64 else 1e-4)
        total = jax.jit(conv1d(with_dtype(spec, "int32")))(*operands(with_dtype(spec, "int32")))
        assert total.dtype == jnp.int32

    def test_empty_batch(self) -> None:
        spec = ConvSpec(Geometry(9, 3), batch=0, channels=2, features=2)
        x, w = map(jnp.asarray, operands(spec))
        value, slopes = jax.value_and_grad(energy(conv1d(spec)), (0, 1))(x, w)
        assert value == 0 and slopes[0].shape == (0, 2, 9)
        np.testing.assert_array_equal(slopes[1], np.zeros((2, 2, 3)))
        assert conv1d(spec)(x, w).shape == (0, 2, 7)

    def test_empty_output_as_lax(self) -> None:
        spec = ConvSpec(Geometry(2, 5), channels=2, features=3)
        both(spec, lambda conv: conv, *operands(spec))
        both(spec, lambda conv: jax.grad(energy(conv), (0, 1)), *operands(spec))

    @pytest.mark.parametrize("name", ["shift_add", "matmul", "direct"])
    def test_requests_reach_the_program(self, name: str) -> None:
        """A request by name and by value compile to the same program, other algorithms to other ones."""
        x, w = operands(DENSE)

        def text(algorithm: Any) -> str:
            return jax.jit(conv1d(DENSE, algorithm)).lower(x, w).as_text()

        value = next(ALGORITHMS[name].candidates(DENSE))
        others = {"shift_add": Matmul("taps"), "matmul": ShiftAdd(), "direct": ShiftAdd()}
        assert ("convolution" in text(value)) == (name == "direct")
        assert text(value) != text(others[name])
        close(jax.jit(conv1d(DENSE, name))(x, w), jax.jit(lax_convolution(DENSE))(x, w))

    def test_refused_request_fails_at_the_call(self) -> None:
        x, w = map(jnp.asarray, operands(STEPPED))
        with pytest.raises(AlgorithmError, match="polyphase skips them"):
            conv1d(STEPPED, "shift_add")(x, w)
        with pytest.raises(AlgorithmError, match="did you mean 'toeplitz'"):
            conv1d(STEPPED, "toeplits")(x, w)
        # At the call, not where the program is compiled: a traced function shows the caller's line.
        with pytest.raises(AlgorithmError, match="polyphase skips them"):
            jax.make_jaxpr(conv1d(STEPPED, "shift_add"))(x, w)

    def test_spec_of_reads_everything(self) -> None:
        for case in CASES.values():
            spec = with_dtype(case, "int8", "int32")
            equation = jax.make_jaxpr(conv1d(spec))(*operands(spec)).eqns[0]
            x, w = (atom.aval for atom in equation.invars)
            assert equation.primitive is conv1d_p
            assert spec_of(x, w, equation.params) == spec


class TestDerivatives:
    """Each derivative is lax's, and made of conv1d equations."""

    @by_spec
    def test_gradients_eager(self, spec: ConvSpec) -> None:
        x, w = map(jnp.asarray, operands(spec))
        close(
            jax.grad(energy(conv1d(spec)), (0, 1))(x, w),
            jax.jit(jax.grad(energy(lax_convolution(spec)), (0, 1)))(x, w),
        )

    def test_gradients_of_any_spec(self, examples: str) -> None:
        @for_all(conv_specs(dtypes=("float64", "complex128")), examples, few=8)
        def agree(spec: ConvSpec) -> None:
            def gradients(conv: Callable[..., jax.Array]) -> Callable[..., Any]:
                return jax.grad(lambda x, w: jnp.sum(jnp.abs(conv(x, w)) ** 4), (0, 1))

            x, w = operands(spec)
            wanted = jax.jit(gradients(lax_convolution(spec)))(x, w)
            size = max(float(jnp.max(jnp.abs(want))) for want in wanted) + 1e-300
            got = jax.jit(gradients(conv1d(spec)))(x, w)
            close([g / size for g in got], [want / size for want in wanted])

    @by_spec
    def test_forward_and_higher_orders(self, spec: ConvSpec) -> None:
        x, w = operands(spec)
        u, v = map(jnp.asarray, operands(spec, 7))

        def build(conv: Callable[..., jax.Array]) -> Callable[..., Any]:
            loss = energy(conv)
            gradient = jax.grad(loss, (0, 1))

            def third(x: jax.Array, w: jax.Array) -> jax.Array:
                return sum(jnp.vdot(a, b) for a, b in zip(jax.jvp(gradient, (x, w), (u, v))[1], (u, v), strict=True))

            return lambda x, w: (
                jax.jvp(conv, (x, w), (u, v)),
                jax.jvp(gradient, (x, w), (u, v))[1],
                jax.grad(lambda x, w: jnp.vdot(gradient(x, w)[1], v), (0, 1))(x, w),
                jax.grad(third, (0, 1))(x, w),
            )

        # lax's own without jit: jaxlib 0.8.1 compiles its third derivative wrongly.
        close(jax.jit(build(conv1d(spec)))(x, w), build(lax_convolution(spec))(jnp.asarray(x), jnp.asarray(w)))

    def test_numpy_arrays_as_tangents(self) -> None:
        """They reach the transpose rule as they are, neither JAX arrays nor traced."""
        x, w = operands(DENSE)
        u, v = operands(DENSE, 3)

        def build(conv: Callable[..., jax.Array]) -> Callable[..., Any]:
            of_data = lambda x, w: jnp.sum(jax.jvp(lambda w: conv(x, w), (w,), (v,))[1] ** 2)
            of_kernel = lambda x, w: jnp.sum(jax.jvp(lambda x: conv(x, w), (x,), (u,))[1] ** 2)
            return lambda x, w: (jax.grad(of_data)(x, w), jax.grad(of_kernel, 1)(x, w))

        both(DENSE, build, x, w)
        close(build(conv1d(DENSE))(jnp.asarray(x), jnp.asarray(w)), build(lax_convolution(DENSE))(x, w))

    def test_jacobians(self) -> None:
        spec = with_dtype(CASES["trimmed"], "float64")
        x, w = operands(spec)
        both(spec, lambda conv: lambda x, w: (jax.jacfwd(conv, 1)(x, w), jax.jacrev(conv, 1)(x, w)), x, w)

    def test_linearize_and_transpose(self) -> None:
        x, w = map(jnp.asarray, operands(GROUPED))
        u, v = map(jnp.asarray, operands(GROUPED, 3))
        value, slope = jax.linearize(conv1d(GROUPED), x, w)
        close((value, slope(u, v)), jax.jvp(lax_convolution(GROUPED), (x, w), (u, v)))
        (back,) = jax.linear_transpose(lambda x: conv1d(GROUPED)(x, w), x)(value)
        close(back, jax.vjp(lambda x: lax_convolution(GROUPED)(x, w), x)[1](value)[0])

    @by_spec
    def test_gradients_are_equations_of_their_own(self, spec: ConvSpec) -> None:
        found = names(jax.grad(energy(conv1d(spec)), (0, 1)), *operands(spec))
        assert found.count("conv1d") == 3
        assert "conv_general_dilated" not in found

    def test_no_convolution_of_lax_is_left(self) -> None:
        def everything(x: jax.Array, w: jax.Array) -> Any:
            gradient = jax.grad(energy(conv1d(GROUPED)), (0, 1))
            return jax.vmap(lambda x, w: jax.jvp(gradient, (x, w), (x, w)))(x, w)

        x, w = (np.stack([array, array]) for array in operands(GROUPED))
        found = names(jax.jit(everything), x, w)
        assert "conv1d" in found and "conv_general_dilated" not in found

    def test_gradients_choose_for_themselves(self) -> None:
        """A request holds for the convolution, not for its gradients, which have other shapes."""
        traced = jax.make_jaxpr(jax.grad(energy(conv1d(DENSE, "matmul")), (0, 1)))
        algorithms = [
            equation.params["algorithm"]
            for equation in equations(traced(*operands(DENSE)).jaxpr)
            if equation.primitive is conv1d_p
        ]
        assert sorted(algorithms, key=str) == [None, None, "matmul"]


class TestBatching:
    """vmap folds the new axis into the convolution."""

    @by_spec
    @pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0), (2, 1), (3, None), (-1, -1)], ids=str)
    def test_over_any_axis(self, spec: ConvSpec, axes: tuple[int | None, int | None]) -> None:
        arrays = [
            array if axis is None else np.stack([array, 2 * array, -array], axis % 4)
            for array, axis in zip(operands(spec), axes, strict=True)
        ]
        both(spec, lambda conv: jax.vmap(conv, axes, out_axes=1), *arrays)

    def test_nested(self) -> None:
        x, w = operands(GROUPED)
        xs, ws = np.stack([x, 2 * x]), np.stack([w, -w, 3 * w])
        both(GROUPED, lambda conv: jax.vmap(jax.vmap(conv, (None, 0)), (0, None)), xs, ws)
        both(GROUPED, lambda conv: jax.vmap(jax.vmap(conv, (0, None)), (None, 0), out_axes=2), xs, ws)

    def test_gradients_per_example(self) -> None:
        x, w = operands(DENSE)
        xs = np.stack([x, 2 * x, 3 * x])
        both(DENSE, lambda conv: jax.vmap(jax.grad(energy(conv), (0, 1)), (0, None)), xs, w)
        both(DENSE, lambda conv: jax.grad(lambda x, w: jnp.sum(jax.vmap(energy(conv), (0, None))(x, w)), 1), xs, w)

    def test_is_still_one_equation(self) -> None:
        x, w = operands(DENSE)
        found = names(jax.vmap(conv1d(DENSE)), np.stack([x, x]), np.stack([w, w]))
        assert found.count("conv1d") == 1 and "conv_general_dilated" not in found

    def test_request_survives(self) -> None:
        x, w = operands(DENSE)
        traced = jax.make_jaxpr(jax.vmap(conv1d(DENSE, "shift_add"), (0, None)))(np.stack([x, x]), w)
        requests = [eqn.params["algorithm"] for eqn in equations(traced.jaxpr) if eqn.primitive is conv1d_p]
        assert requests == ["shift_add"]

    def test_spmd_axis_name(self) -> None:
        x, w = operands(DENSE)
        both(DENSE, lambda conv: jax.vmap(conv, (0, None), axis_name="many"), np.stack([x, -x]), w)


class TestControlFlow:
    """Inside the operations that hold functions of their own; values and gradients."""

    SAME = with_dtype(ConvSpec(Geometry(12, 3, padding=(1, 1)), batch=2, channels=3, features=3), "float64")

    def compare(self, build: Callable[..., Callable[..., jax.Array]]) -> None:
        def with_gradient(conv: Callable[..., jax.Array]) -> Callable[..., Any]:
            return jax.value_and_grad(lambda x, w: jnp.sum(build(conv)(x, w) ** 2), (0, 1))

        both(self.SAME, with_gradient, *operands(self.SAME))

    def test_scan(self) -> None:
        self.compare(lambda conv: lambda x, w: lax.scan(lambda h, _: (jnp.tanh(conv(h, w)), None), x, length=4)[0])

    def test_scan_over_kernels(self) -> None:
        def build(conv: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
            return lambda x, w: lax.scan(lambda h, w: (jnp.tanh(conv(h, w)), h), x, jnp.stack([w, w / 2]))[1]

        self.compare(build)

    def test_while(self) -> None:
        def build(conv: Callable[..., jax.Array]) -> Callable[..., Any]:
            step = lambda state, w: (state[0] + 1, jnp.tanh(conv(state[1], w)))
            return lambda x, w: lax.while_loop(lambda state: state[0] < 3, lambda state: step(state, w), (0, x))[1]

        x, w = operands(self.SAME)
        both(self.SAME, build, x, w)
        # Only forward derivatives go through a loop of unknown length.
        both(self.SAME, lambda conv: lambda x, w: jax.jvp(build(conv), (x, w), (w[:1].sum() * x, w)), x, w)

    def test_fori_loop_gradient(self) -> None:
        self.compare(lambda conv: lambda x, w: lax.fori_loop(0, 3, lambda _, h: jnp.tanh(conv(h, w)), x))

    def test_cond(self) -> None:
        self.compare(
            lambda conv: lambda x, w: lax.cond(jnp.sum(x) > 0, lambda: conv(x, w), lambda: jnp.tanh(conv(2 * x, w)))
        )

    def test_switch_on_a_batched_index(self) -> None:
        def build(conv: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
            branches = [lambda x, w: conv(x, w), lambda x, w: 2 * conv(x, w), lambda x, w: conv(-x, w) ** 2]
            choose = lambda index, x, w: lax.switch(index, branches, x, w)
            return lambda x, w: jax.vmap(choose, (0, None, None))(jnp.array([2, 0, 1, 1]), x, w)

        self.compare(build)

    def test_remat(self) -> None:
        def build(conv: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
            block = jax.checkpoint(lambda x, w: jnp.tanh(conv(x, w)))
            return lambda x, w: block(block(x, w), w)

        self.compare(build)

    def test_custom_vjp_around(self) -> None:
        def build(conv: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
            @jax.custom_vjp
            def clipped(x: jax.Array, w: jax.Array) -> jax.Array:
                return conv(x, w)

            def backward(saved: Any, cotangent: jax.Array) -> Any:
                return jax.vjp(conv, *saved)[1](jnp.clip(cotangent, -1, 1))

            clipped.defvjp(lambda x, w: (conv(x, w), (x, w)), backward)
            return clipped

        self.compare(build)

    def test_custom_jvp_around(self) -> None:
        def build(conv: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
            @jax.custom_jvp
            def doubled(x: jax.Array, w: jax.Array) -> jax.Array:
                return conv(x, w)

            doubled.defjvp(lambda primals, tangents: (conv(*primals), 2 * jax.jvp(conv, primals, tangents)[1]))
            return doubled

        self.compare(build)

    def test_jit_inside_jit(self) -> None:
        self.compare(lambda conv: jax.jit(lambda x, w: jax.jit(conv)(jnp.tanh(x), w)))


class TestExport:
    """Exported programs hold plain operations, so that they run anywhere."""

    @pytest.mark.parametrize("spec", [DENSE, STEPPED, with_dtype(CASES["long signal"], "float32")], ids=str)
    def test_for_two_platforms(self, spec: ConvSpec) -> None:
        x, w = operands(spec)
        exported = export.export(jax.jit(conv1d(spec)), platforms=("cpu", "cuda"))(x, w)
        assert "custom_call" not in exported.mlir_module()
        again = export.deserialize(exported.serialize())
        assert again.platforms == ("cpu", "cuda")
        # XLA inlines the calls of one among several platforms, also those that keep parts of a program apart.
        close(again.call(x, w), jax.jit(conv1d(spec))(x, w), 1e-5 if spec.dtype.name == "float32" else 1e-11)

    def test_gradients_travel_too(self) -> None:
        x, w = operands(GROUPED)
        again = export.deserialize(export.export(jax.jit(conv1d(GROUPED)))(x, w).serialize(vjp_order=1))
        slopes = jax.jit(jax.grad(energy(again.call), (0, 1)))(x, w)
        close(slopes, jax.jit(jax.grad(energy(lax_convolution(GROUPED)), (0, 1)))(x, w))

    @pytest.mark.parametrize("name", list(ALGORITHMS))
    def test_no_algorithm_needs_a_custom_call(self, name: str) -> None:
        special = {
            "polyphase": "strided",
            "inner_product": "kernel gradient, depthwise",
            "swapped": "batch groups, upsampled",
            "winograd": "dense",
        }
        spec = CASES[special.get(name, "some rows")]
        assert "custom_call" not in jax.jit(conv1d(spec, name)).lower(*operands(spec)).as_text()


def mesh(kind: AxisType) -> jax.sharding.Mesh:
    assert jax.device_count() >= 2, "tests/conftest.py asks for two devices before JAX starts"
    return jax.make_mesh((2,), ("data",), axis_types=(kind,), devices=jax.devices()[:2])


class TestSharding:
    """A sharded batch and a replicated kernel on two devices."""

    SPEC = with_dtype(ConvSpec(Geometry(12, 3, stride=2), batch=4, channels=3, features=2), "float64")

    def sharded(self, convolution: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
        return jax.shard_map(convolution, mesh=mesh(AxisType.Auto), in_specs=(P("data"), P()), out_specs=P("data"))

    def test_shard_map(self) -> None:
        x, w = operands(self.SPEC)
        close(jax.jit(self.sharded(conv1d(self.SPEC)))(x, w), jax.jit(lax_convolution(self.SPEC))(x, w))

    def test_gradients_through_shard_map(self) -> None:
        x, w = operands(self.SPEC)
        close(
            jax.jit(jax.grad(energy(self.sharded(conv1d(self.SPEC))), (0, 1)))(x, w),
            jax.jit(jax.grad(energy(lax_convolution(self.SPEC)), (0, 1)))(x, w),
        )

    def test_gradients_inside_shard_map(self) -> None:
        """The gradient of a replicated kernel is summed over the devices by JAX's own rule for replication."""
        x, w = operands(self.SPEC)

        def total(x: jax.Array, w: jax.Array) -> jax.Array:
            return lax.psum(energy(conv1d(self.SPEC))(x, w), "data")

        gradient = jax.shard_map(
            jax.grad(total, (0, 1)), mesh=mesh(AxisType.Auto), in_specs=(P("data"), P()), out_specs=(P("data"), P())
        )
        close(jax.jit(gradient)(x, w), jax.jit(jax.grad(energy(lax_convolution(self.SPEC)), (0, 1)))(x, w))

    def test_kernel_sharded_over_features(self) -> None:
        x, w = operands(self.SPEC)
        over_features = jax.shard_map(
            conv1d(self.SPEC), mesh=mesh(AxisType.Auto), in_specs=(P(), P("data")), out_specs=P(None, "data")
        )
        close(jax.jit(over_features)(x, w), jax.jit(lax_convolution(self.SPEC))(x, w))

    def test_scan_inside_shard_map(self) -> None:
        spec = TestControlFlow.SAME
        x, w = operands(spec)

        def layers(conv: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
            return lambda x, w: lax.scan(lambda h, _: (jnp.tanh(conv(h, w)), None), x, length=3)[0]

        close(
            jax.jit(jax.grad(energy(self.sharded(layers(conv1d(spec)))), (0, 1)))(x, w),
            jax.jit(jax.grad(energy(layers(lax_convolution(spec))), (0, 1)))(x, w),
        )

    def test_sharded_operands_of_a_jitted_call(self) -> None:
        on = mesh(AxisType.Auto)
        x, w = operands(self.SPEC)
        shards = jax.device_put(x, NamedSharding(on, P("data"))), jax.device_put(w, NamedSharding(on, P()))
        close(jax.jit(conv1d(self.SPEC))(*shards), jax.jit(lax_convolution(self.SPEC))(x, w))

    def test_explicit_mesh(self) -> None:
        """Operands sharded over an explicit mesh keep the sharding that lax gives the result."""
        x, w = operands(self.SPEC)
        expected = jax.jit(lax_convolution(self.SPEC))(x, w)
        slopes = jax.jit(jax.grad(energy(lax_convolution(self.SPEC)), (0, 1)))(x, w)
        on = mesh(AxisType.Explicit)
        with jax.set_mesh(on):
            shards = jax.device_put(x, NamedSharding(on, P("data"))), jax.device_put(w, NamedSharding(on, P()))
            y = jax.jit(conv1d(self.SPEC))(*shards)
            assert jax.typeof(y).sharding.spec == jax.typeof(jax.jit(lax_convolution(self.SPEC))(*shards)).sharding.spec
            close(y, expected)
            close(conv1d(self.SPEC)(*shards), expected)
            close(jax.jit(jax.grad(energy(conv1d(self.SPEC)), (0, 1)))(*shards), slopes)

    def test_replicated_on_an_explicit_mesh_is_planned(self) -> None:
        x, w = operands(self.SPEC)
        with jax.set_mesh(mesh(AxisType.Explicit)):
            assert names(conv1d(self.SPEC), x, w) == ["conv1d"]


def test_random_transformations_agree(examples: str) -> None:
    """vmap and gradients of random members of the family, at random axes."""

    @for_all(st.tuples(conv_specs(dtypes=("float64",)), st.sampled_from([(0, None), (None, 0), (0, 0)])), examples, 6)
    def agree(drawn: tuple[ConvSpec, tuple[int | None, int | None]]) -> None:
        spec, axes = drawn
        arrays = [
            array if axis is None else np.stack([array, -2 * array])
            for array, axis in zip(operands(spec), axes, strict=True)
        ]

        def build(conv: Callable[..., jax.Array]) -> Callable[..., Any]:
            mapped = functools.partial(jax.vmap(conv, axes))
            return lambda *arrays: (mapped(*arrays), jax.grad(energy(mapped), (0, 1))(*arrays))

        both(spec, build, *arrays)
