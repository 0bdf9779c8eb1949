"""accelerate: the same results, everything planned, in every construct and in every order of transformations."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import convax
from convax.errors import AlgorithmError, ArgumentTypeError
from specs import half_deep
from transform.constructs import CONSTRUCTS, FORWARD_ONLY, Function, conv, operands, primitives_of

LAX = "conv_general_dilated"
NAMES = sorted(CONSTRUCTS)
DIFFERENTIABLE = sorted(CONSTRUCTS.keys() - FORWARD_ONLY)


def agree(ours: Any, theirs: Any) -> None:
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert jnp.shape(one) == jnp.shape(other)
        assert jnp.asarray(one).dtype == jnp.asarray(other).dtype
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def loss(function: Function) -> Function:
    return lambda x, w: jnp.sum(jnp.sin(function(x, w)))


# Constructs.


@pytest.mark.parametrize("name", NAMES)
def test_every_construct_is_entered_and_computes_the_same(name: str) -> None:
    function, (x, w) = CONSTRUCTS[name], operands()
    fast = convax.accelerate(function)
    before, after = primitives_of(function, x, w), primitives_of(fast, x, w)
    assert LAX in before and LAX not in after
    assert after.count("conv1d") == before.count(LAX)
    agree(fast(x, w), function(x, w))
    agree(jax.jit(fast)(x, w), function(x, w))
    agree(convax.accelerate(jax.jit(function))(x, w), function(x, w))


@pytest.mark.parametrize("name", half_deep(DIFFERENTIABLE))
def test_gradients_in_either_order(name: str) -> None:
    function, (x, w) = loss(CONSTRUCTS[name]), operands()
    expected = jax.value_and_grad(function, (0, 1))(x, w)
    inside = jax.value_and_grad(convax.accelerate(function), (0, 1))
    outside = convax.accelerate(jax.value_and_grad(function, (0, 1)))
    for fast in (inside, outside, jax.jit(inside), jax.jit(outside), convax.accelerate(jax.jit(outside))):
        agree(fast(x, w), expected)
        assert LAX not in primitives_of(fast, x, w)


@pytest.mark.parametrize("name", NAMES)
def test_forward_derivatives(name: str) -> None:
    if "custom_vjp" in name:
        pytest.skip("JAX has no forward derivative of a custom_vjp")
    function, (x, w) = CONSTRUCTS[name], operands()
    tangents = jnp.cos(x), jnp.sin(w)
    agree(jax.jvp(convax.accelerate(function), (x, w), tangents), jax.jvp(function, (x, w), tangents))


@pytest.mark.parametrize("name", half_deep(sorted(CONSTRUCTS.keys() - {"shard_map"})))
def test_vmap_in_either_order(name: str) -> None:
    function, (x, w) = CONSTRUCTS[name], operands()
    many = jnp.stack([w, w / 2, -w])
    expected = jax.vmap(function, in_axes=(None, 0))(x, many)
    for fast in (
        jax.vmap(convax.accelerate(function), in_axes=(None, 0)),
        convax.accelerate(jax.vmap(function, in_axes=(None, 0))),
        jax.jit(jax.vmap(convax.accelerate(function), in_axes=(None, 0))),
    ):
        agree(fast(x, many), expected)
        assert LAX not in primitives_of(fast, x, many)


def test_twice_is_once() -> None:
    x, w = operands()
    twice = convax.accelerate(convax.accelerate(conv))
    assert primitives_of(twice, x, w) == ["conv1d"]
    agree(twice(x, w), conv(x, w))


def test_second_derivatives() -> None:
    x, w = operands()
    function = loss(lambda x, w: jnp.tanh(conv(x, w)))
    hessian = jax.hessian(convax.accelerate(function), 1)
    agree(hessian(x, w), jax.hessian(function, 1)(x, w))


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "complex64", "int32"])
def test_types_stay(dtype: str) -> None:
    x, w = (jnp.round(value * 8).astype(dtype) for value in operands())
    fast = convax.accelerate(conv)(x, w)
    assert fast.dtype == jnp.dtype(dtype)
    np.testing.assert_allclose(fast, conv(x, w), rtol=2e-2 if dtype == "bfloat16" else 1e-5)


def test_more_dimensions_pass_through() -> None:
    x, w = jnp.ones((1, 2, 6, 6)), jnp.ones((3, 2, 3, 3))
    volume, cube = jnp.ones((1, 1, 4, 4, 4)), jnp.ones((1, 1, 2, 2, 2))

    def flat(x: Any, w: Any, volume: Any, cube: Any) -> Any:
        cubes = lax.conv_general_dilated(volume, cube, (1, 1, 1), "VALID")
        return lax.conv_general_dilated(x, w, (1, 1), "SAME"), cubes, conv(x[:, :, 0], w[:, :, 0])

    fast = convax.accelerate(flat)
    assert sorted(primitives_of(fast, x, w, volume, cube)).count(LAX) == 2
    agree(fast(x, w, volume, cube), flat(x, w, volume, cube))
    assert convax.inspect(flat)(x, w, volume, cube).others == 2


# What has to stay as it was.


def test_names_of_jitted_functions_stay() -> None:
    x, w = operands()

    @jax.jit
    def my_layer(x: Any, w: Any) -> Any:
        return conv(x, w)

    jaxpr = jax.make_jaxpr(convax.accelerate(lambda x, w: my_layer(x, w) + 1))(x, w)
    assert "my_layer" in str(jaxpr)
    assert convax.accelerate(my_layer).__name__ == "my_layer"


def test_a_shared_inner_function_stays_shared() -> None:
    x, w = operands()
    inner = jax.jit(lambda x: jnp.tanh(conv(x, w)))
    jaxpr = jax.make_jaxpr(convax.accelerate(lambda x: inner(inner(x))))(x).jaxpr
    bodies = [equation.params["jaxpr"] for equation in jaxpr.eqns if "jaxpr" in equation.params]
    assert len(bodies) == 2 and bodies[0] is bodies[1]


def test_sharding_annotations_stay() -> None:
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))

    def annotated(x: Any, w: Any) -> Any:
        return lax.with_sharding_constraint(conv(x, w), sharding)

    x, w = operands()
    assert "sharding_constraint" in primitives_of(convax.accelerate(annotated), x, w)
    result = jax.jit(convax.accelerate(annotated))(jax.device_put(x, sharding), w)
    assert result.sharding.is_equivalent_to(sharding, 3)
    agree(result, conv(x, w))


def test_explicitly_sharded_operands_are_left_to_lax() -> None:
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Explicit,))
    x, w = operands()
    with jax.set_mesh(mesh):
        x = jax.device_put(x, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch")))
        w = jax.device_put(w, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))
        ours, theirs = jax.jit(convax.accelerate(conv))(x, w), jax.jit(conv)(x, w)
    assert ours.sharding == theirs.sharding
    agree(ours, theirs)


def test_donated_buffers_are_donated() -> None:
    x, w = operands()
    step = jax.jit(lambda x, w: x + conv(x, w), donate_argnums=0)
    expected = x + conv(x, w)
    given = x + 0
    agree(convax.accelerate(step)(given, w), expected)
    assert given.is_deleted()
    given = x + 0
    agree(jax.jit(convax.accelerate(lambda x, w: x + conv(x, w)), donate_argnums=0)(given, w), expected)
    assert given.is_deleted()


def test_effects_happen_each_time_and_in_order() -> None:
    x, w = operands()
    seen: list[float] = []

    def told(x: Any, w: Any) -> Any:
        jax.debug.callback(lambda v: seen.append(float(v)), jnp.float64(1), ordered=True)
        y = conv(x, w)
        jax.debug.callback(lambda v: seen.append(float(v)), jnp.float64(2), ordered=True)
        return y

    fast = convax.accelerate(told)
    for run in (fast, jax.jit(fast)):
        seen.clear()
        run(x, w)
        run(x, w)
        jax.effects_barrier()
        assert seen == [1, 2, 1, 2]


def test_random_numbers_and_keys() -> None:
    def noisy(key: Any, x: Any, w: Any) -> Any:
        first, second = jax.random.split(key)
        return conv(x + jax.random.normal(first, x.shape, x.dtype), w), second

    x, w = operands()
    (ours, key), (theirs, other) = (f(jax.random.key(3), x, w) for f in (convax.accelerate(noisy), noisy))
    agree(ours, theirs)
    assert (jax.random.key_data(key) == jax.random.key_data(other)).all()


def test_collectives_under_vmap() -> None:
    x, w = operands()

    def mean(x: Any) -> Any:
        return conv(x, w) - lax.pmean(x, "many")

    many = jnp.stack([x, 2 * x])
    agree(jax.vmap(convax.accelerate(mean), axis_name="many")(many), jax.vmap(mean, axis_name="many")(many))


# Primitives that nobody knows yet.


def test_an_unknown_primitive_with_a_function_inside_is_entered() -> None:
    from jax.extend.core import Primitive, jaxpr_as_fun
    from jax.interpreters import mlir

    new_p = Primitive("call_of_the_future")
    new_p.multiple_results = True
    new_p.def_impl(lambda *args, body, **_: jaxpr_as_fun(body)(*args))
    new_p.def_abstract_eval(lambda *_, body, **__: body.out_avals)
    mlir.register_lowering(new_p, mlir.lower_fun(lambda *a, body, **_: jaxpr_as_fun(body)(*a), multiple_results=True))
    x, w = operands()
    body = jax.make_jaxpr(conv)(x, w)

    def future(x: Any, w: Any) -> Any:
        return new_p.bind(x, w, body=body, something_else=(1, "two"))[0]

    fast = convax.accelerate(future)
    assert primitives_of(fast, x, w) == ["call_of_the_future", "conv1d"]
    agree(fast(x, w), conv(x, w))


def test_an_unknown_parameter_passes_through() -> None:
    from jax.extend.core import Primitive, jaxpr_as_fun
    from jax.interpreters import mlir

    class Box:
        def __init__(self, body: Any) -> None:
            self.body = body

    new_p = Primitive("boxed_call")
    new_p.multiple_results = True
    new_p.def_abstract_eval(lambda *_, box: box.body.out_avals)
    new_p.def_impl(lambda *args, box: jaxpr_as_fun(box.body)(*args))
    mlir.register_lowering(new_p, mlir.lower_fun(lambda *a, box: jaxpr_as_fun(box.body)(*a), multiple_results=True))
    x, w = operands()
    box = Box(jax.make_jaxpr(conv)(x, w))
    agree(convax.accelerate(lambda x, w: new_p.bind(x, w, box=box)[0])(x, w), conv(x, w))


def test_kernels_of_pallas_are_left_alone() -> None:
    pallas = pytest.importorskip("jax.experimental.pallas")

    def double(x_ref: Any, o_ref: Any) -> None:
        o_ref[...] = x_ref[...] * 2

    def mixed(x: Any, w: Any) -> Any:
        doubled = pallas.pallas_call(double, out_shape=jax.ShapeDtypeStruct(x.shape, x.dtype), interpret=True)(x)
        return conv(doubled, w)

    x, w = operands("float32")
    fast = convax.accelerate(mixed)(x, w)
    np.testing.assert_allclose(fast, mixed(x, w), rtol=1e-5, atol=1e-6)


# What the caller asks for.


def algorithms_in(function: Function, *arguments: Any) -> list[str]:
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    return [str(equation.params["algorithm"]) for equation in jaxpr.eqns if equation.primitive.name == "conv1d"]


def test_an_algorithm_is_taken_where_it_can_serve() -> None:
    x, w = operands()

    def two(x: Any, w: Any) -> Any:
        return conv(x, w), lax.conv_general_dilated(x, w, (1,), [(2, 2)], lhs_dilation=(2,))

    assert algorithms_in(convax.accelerate(two, algorithm="shift_add"), x, w) == ["shift_add", "None"]
    agree(convax.accelerate(two, algorithm="shift_add")(x, w), two(x, w))


def test_plans_are_followed() -> None:
    x, w = operands()
    spec = convax.inspect(conv)(x, w).convolutions[0].spec
    assert algorithms_in(convax.accelerate(conv, plans={spec: "fft"}), x, w) == ["fft"]
    wisdom = convax.Wisdom()
    wisdom.pin(convax.plan(**_as_plan(spec), algorithm="fft"))
    assert algorithms_in(convax.accelerate(conv, plans=wisdom), x, w) == ["fft"]
    assert algorithms_in(convax.accelerate(conv, plans=convax.Wisdom(), algorithm="fft"), x, w) == ["fft"]


def _as_plan(spec: Any) -> dict[str, Any]:
    geometry = spec.geometry
    steps = {"stride": geometry.stride, "padding": geometry.padding, "dilation": geometry.dilation}
    sizes = {"batch": spec.batch, "channels": spec.channels, "features": spec.features, "groups": spec.groups}
    return {"length": geometry.length, "taps": geometry.taps, "dtype": str(spec.dtype), **steps, **sizes}


def test_calls_of_convax_keep_what_they_ask_for() -> None:
    x, w = operands()

    def ours(x: Any, w: Any) -> Any:
        return convax.conv1d(x, w, algorithm="matmul") + convax.conv1d(x, w)

    asked = algorithms_in(convax.accelerate(ours, algorithm="fft"), x, w)
    assert asked == ["matmul", "fft"]


def test_decorator_with_and_without_arguments() -> None:
    x, w = operands()

    @convax.accelerate
    def one(x: Any, w: Any) -> Any:
        """Its words."""
        return conv(x, w)

    @convax.accelerate(algorithm="fft")
    def other(x: Any, w: Any) -> Any:
        return conv(x, w)

    agree(one(x, w), conv(x, w))
    agree(other(x, w), conv(x, w))
    assert (one.__name__, one.__doc__) == ("one", "Its words.")
    assert algorithms_in(other, x, w) == ["fft"]


def test_the_report_tells_of_each_new_trace(capsys: pytest.CaptureFixture[str]) -> None:
    x, w = operands()
    told: list[convax.Inspection] = []
    fast = convax.accelerate(conv, report=told.append)
    fast(x, w), fast(2 * x, w), fast(x[:1], w)
    assert [each.convolutions[0].spec.batch for each in told] == [2, 1]
    assert all(each.convolutions[0].planned for each in told)
    convax.accelerate(conv, report=True)(x, w)
    assert "1 one-dimensional convolution" in capsys.readouterr().out


def test_errors_of_the_arguments() -> None:
    with pytest.raises(ArgumentTypeError, match="takes a function, not ArrayImpl"):
        convax.accelerate(jnp.ones(3))
    with pytest.raises(AlgorithmError, match="no algorithm 'ftt'"):
        convax.accelerate(conv, algorithm="ftt")
    with pytest.raises(ArgumentTypeError, match="plans is of type list"):
        convax.accelerate(conv, plans=[1])
