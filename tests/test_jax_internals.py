"""Each thing that convax takes from JAX beyond its documented surface, alone.

A version of JAX that moves a name fails here, in a test that says which.
"""

from __future__ import annotations

import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend.core import jaxpr_as_fun
from jax.interpreters import ad
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

from convax import jax_internals
from convax.jax_internals import (
    abstract_convolution,
    align_varying,
    backward_with,
    call_as_jit,
    define_bilinear,
    evaluate_with,
    inner_jaxprs,
    is_jaxpr,
    is_known,
    is_rule,
    is_tracer,
    lax_transpose,
    loop_of,
    make_primitive,
    register_batching,
    register_lowering,
    rule_with,
    scope_of,
    source_of,
)
from convax.xla_internals import call_apart
from specs import CASES, lax_convolution, operands, parameters, with_dtype

SPEC = with_dtype(CASES["grouped"], "float64")


def new_product() -> Any:
    """A primitive for x * w, made of the functions under test."""
    product_p = make_primitive("product", lambda x, w: jnp.asarray(np.asarray(x) * np.asarray(w)), lambda x, w: x)
    register_lowering(product_p, lambda platform: lambda x, w: x * w)
    return product_p


def test_all_names_are_tested() -> None:
    text = pathlib.Path(__file__).read_text("utf-8")
    assert [name for name in jax_internals.__all__ if text.count(name) < 2] == []


def test_is_tracer() -> None:
    seen = []
    jax.jit(lambda x: seen.append(is_tracer(x)))(1.0)
    jax.grad(lambda x: seen.append(is_tracer(x)) or x)(1.0)
    jax.vmap(lambda x: seen.append(is_tracer(x)))(jnp.ones(2))
    assert seen == [True, True, True]
    assert not any(map(is_tracer, (jnp.ones(2), np.ones(2), 1.0, [1.0])))


def test_is_known() -> None:
    assert all(map(is_known, (jnp.ones(2), np.ones(2))))
    assert not is_known(ad.UndefinedPrimal(jax.typeof(jnp.ones(2))))
    # What the transpose rule of a primitive is handed, whatever JAX's version: the unknown operand, and a constant.
    seen = []
    product_p = new_product()

    def to_kernel(cotangent: jax.Array, x: Any, w: Any) -> jax.Array:
        seen.append((is_known(x), is_known(w)))
        return cotangent * x

    define_bilinear(product_p, to_kernel, to_kernel)
    jax.jit(jax.grad(lambda w: product_p.bind(np.ones(2), w).sum()))(jnp.ones(2))
    assert seen == [(True, False)]


def test_make_primitive() -> None:
    product_p = new_product()
    assert str(product_p) == "product" and not product_p.multiple_results
    np.testing.assert_array_equal(product_p.bind(jnp.arange(3.0), jnp.arange(3.0)), [0, 1, 4])
    assert jax.eval_shape(product_p.bind, jnp.ones(3), jnp.ones(3)).shape == (3,)


@pytest.mark.parametrize("platform", ["cpu", "cuda", "rocm", "tpu"])
def test_register_lowering_knows_the_platform(platform: str) -> None:
    """Each platform gets the formulation that was made for it, in programs for other machines too."""
    asked: list[str] = []

    def formulation(platform: str) -> Any:
        def compute(x: jax.Array) -> jax.Array:
            asked.append(platform)
            return x + 1

        return compute

    primitive = make_primitive("platform", lambda x: x, lambda x: x)
    register_lowering(primitive, formulation)
    jax.jit(primitive.bind).trace(jnp.ones(2)).lower(lowering_platforms=(platform,))
    assert asked == [platform]


def test_register_lowering_on_this_machine() -> None:
    np.testing.assert_array_equal(jax.jit(new_product().bind)(jnp.arange(3.0), jnp.arange(3.0)), [0, 1, 4])


def test_abstract_convolution() -> None:
    x, w = (jax.typeof(jnp.asarray(array)) for array in operands(SPEC))
    result = abstract_convolution(x, w, **parameters(SPEC))
    assert result.shape == SPEC.output_shape and result.dtype == np.float64


def test_align_varying() -> None:
    mesh = jax.make_mesh((2,), ("data",), axis_types=(AxisType.Auto,), devices=jax.devices()[:2])
    pairs = []

    def look(x: jax.Array, w: jax.Array) -> jax.Array:
        for left, right in ((x, w), (w, x), (x, x), (w, w)):
            pairs.append(align_varying(left, right))
        return x

    jax.jit(jax.shard_map(look, mesh=mesh, in_specs=(P("data"), P()), out_specs=P("data")))(jnp.ones(4), jnp.ones(2))
    for left, right in pairs:
        assert jax_internals._varying_axes(left) == jax_internals._varying_axes(right)
    assert jax_internals._varying_axes(pairs[0][1]) == {"data"}
    assert jax_internals._varying_axes(pairs[3][0]) == set()


def test_align_varying_outside_of_shard_map() -> None:
    x, w = jnp.ones(2), jnp.ones(3)
    assert align_varying(x, w) == (x, w)


def test_call_apart() -> None:
    """Three loops: before, inside, and after; `jnp.where` inside is no call of its own."""

    def inside(x: jax.Array, y: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        return (jnp.where(x > 0, x, y[0]) + shift,)

    def around(x: jax.Array, y: jax.Array) -> jax.Array:
        return 2 * call_apart(inside, x + 1, (y,))[0]

    shift = jnp.full(6, 3.0)
    x, y = jnp.arange(-3.0, 3.0), jnp.ones(6)
    np.testing.assert_array_equal(jax.jit(around)(x, y), 2 * (np.where(x + 1 > 0, x + 1, y) + 3))
    text = jax.jit(around).lower(x, y).compile().as_text()
    assert (text.count(" call("), text.count(" fusion(")) == (1, 3)


def test_define_bilinear() -> None:
    product_p = new_product()
    define_bilinear(product_p, lambda t, x, w: t * w, lambda t, x, w: t * x)
    x, w = jnp.arange(3.0), jnp.arange(3.0, 6.0)
    value, slope = jax.jvp(product_p.bind, (x, w), (w, x))
    np.testing.assert_array_equal(value, x * w)
    np.testing.assert_array_equal(slope, w * w + x * x)
    to_x, to_w = jax.grad(lambda x, w: product_p.bind(x, w).sum(), (0, 1))(x, w)
    np.testing.assert_array_equal(to_x, w)
    np.testing.assert_array_equal(to_w, x)


@pytest.mark.parametrize("unknown", [0, 1])
def test_lax_transpose(unknown: int) -> None:
    arrays = [jnp.asarray(array) for array in operands(SPEC)]
    value, back = jax.vjp(lax_convolution(SPEC), *arrays)
    given: list[Any] = list(arrays)
    given[unknown] = ad.UndefinedPrimal(jax.typeof(arrays[unknown]))
    np.testing.assert_allclose(lax_transpose(value, *given, **parameters(SPEC)), back(value)[unknown], rtol=1e-12)


def test_register_batching() -> None:
    product_p = new_product()
    register_batching(product_p, lambda operands, axes: (product_p.bind(*operands), 0))
    result = jax.vmap(product_p.bind)(jnp.ones((2, 3)), jnp.full((2, 3), 2.0))
    np.testing.assert_array_equal(result, np.full((2, 3), 2.0))


def test_inner_jaxprs() -> None:
    def nested(x: jax.Array) -> jax.Array:
        x = jax.jit(lax.sin)(x)
        x = lax.scan(lambda c, _: (lax.cos(c), None), x, length=2)[0]
        x = lax.cond(x > 0, lax.exp, lax.neg, x)
        return lax.while_loop(lambda x: x < 3, lambda x: x + 1, x)

    equations = jax.make_jaxpr(nested)(1.0).jaxpr.eqns
    inside = [
        [equation.primitive.name for jaxpr in inner_jaxprs(outer) for equation in jaxpr.eqns] for outer in equations
    ]
    assert [sorted(names) for names in inside if names] == [["sin"], ["cos"], ["exp", "neg"], ["add", "lt"]]


def test_is_jaxpr() -> None:
    closed = jax.make_jaxpr(lax.sin)(1.0)
    assert is_jaxpr(closed) and is_jaxpr(closed.jaxpr)
    assert not any(map(is_jaxpr, (lax.sin, None, (closed,))))


def doubled(function: Any) -> Any:
    """A change of a jaxpr, open or closed, that can be seen: sines become cosines."""
    inside = getattr(function, "jaxpr", function)  # itself since JAX 0.11
    body = inside.replace(eqns=[e.replace(primitive=lax.cos_p) if e.primitive is lax.sin_p else e for e in inside.eqns])
    return body if inside is function else function.replace(jaxpr=body)


def test_rule_with_a_custom_jvp() -> None:
    @jax.custom_jvp
    def double(x: Any) -> Any:
        return 2 * x

    double.defjvp(lambda primals, tangents: (2 * primals[0], lax.sin(tangents[0])))
    closed = jax.make_jaxpr(double)(1.0)
    (equation,) = closed.jaxpr.eqns
    rules = {name: value for name, value in equation.params.items() if is_rule(value)}
    assert len(rules) == 1
    changed = equation.replace(params={**equation.params, **{n: rule_with(r, doubled) for n, r in rules.items()}})
    run = jaxpr_as_fun(closed.replace(jaxpr=closed.jaxpr.replace(eqns=[changed])))
    assert jax.jvp(lambda x: run(x)[0], (1.0,), (3.0,))[1] == jnp.cos(3.0)


def test_rule_with_and_backward_with_a_custom_vjp() -> None:
    @jax.custom_vjp
    def double(x: Any, number: Any) -> Any:
        return 2 * x

    double.defvjp(lambda x, n: (lax.sin(x), x), lambda x, cotangent: (lax.sin(x) * cotangent, None))
    closed = jax.make_jaxpr(double)(1.0, 2)
    (equation,) = closed.jaxpr.eqns
    rules = {name: value for name, value in equation.params.items() if is_rule(value)}
    assert "bwd" in rules and len(rules) == 2
    params = {n: (backward_with if n == "bwd" else rule_with)(rule, doubled) for n, rule in rules.items()}
    changed = equation.replace(params={**equation.params, **params})
    run = jaxpr_as_fun(closed.replace(jaxpr=closed.jaxpr.replace(eqns=[changed])))
    value, slope = jax.value_and_grad(lambda x: run(x, 2)[0])(3.0)
    assert (value, slope) == (jnp.cos(3.0), jnp.cos(3.0))


def test_call_as_jit() -> None:
    constant = np.arange(3.0)
    closed = jax.make_jaxpr(lambda x, y: (x * constant, x + y, y))(jnp.ones(3), jnp.ones(3))

    def calling(x: Any, y: Any) -> Any:
        return call_as_jit(closed, "my_name", x, y)

    x, y = jnp.ones(3), jnp.full(3, 2.0)
    (equation,) = jax.make_jaxpr(calling)(x, y).jaxpr.eqns
    assert equation.params["name"] == "my_name"
    for run in (jax.jit(calling), calling):
        for found, expected in zip(run(x, y), (constant, x + y, y), strict=True):
            np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(jax.grad(lambda x: calling(x, y)[0].sum())(x), constant)
    np.testing.assert_array_equal(jax.vmap(calling)(x[None], y[None])[1], (x + y)[None])


def test_loop_of() -> None:
    def loop(x: Any, many: Any) -> Any:
        return lax.scan(lambda carry, one: (carry + one, carry), x, many)

    (equation,) = jax.make_jaxpr(loop)(1.0, jnp.ones(5)).jaxpr.eqns
    found = loop_of(equation)
    assert found is not None and (found.constants, found.carried, found.length) == (0, 1, 5)
    assert loop_of(jax.make_jaxpr(lax.sin)(1.0).jaxpr.eqns[0]) is None


def test_source_of_and_scope_of() -> None:
    def scoped(x: Any) -> Any:
        with jax.named_scope("outer"), jax.named_scope("inner"):
            return lax.sin(x)

    (equation,) = jax.make_jaxpr(scoped)(1.0).jaxpr.eqns
    assert source_of(equation).startswith("test_jax_internals.py:") and source_of(equation).endswith("(scoped)")
    assert scope_of(equation) == "outer/inner"


class TestEvaluateWith:
    """Running a traced function with some primitives replaced."""

    def test_replaces(self) -> None:
        traced = jax.make_jaxpr(lambda x: lax.sin(x) + 1.0)(2.0)
        (result,) = evaluate_with(traced, {lax.sin_p: lambda x, **_: 10 * x}, jnp.asarray(2.0))
        assert result == 21

    def test_keeps_what_is_not_named(self) -> None:
        def function(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            return jnp.cumsum(x * np.arange(3.0)), jnp.sort(x)[::-1]

        x = jnp.array([3.0, 1.0, 2.0])
        for got, want in zip(evaluate_with(jax.make_jaxpr(function)(x), {}, x), function(x), strict=True):
            np.testing.assert_array_equal(got, want)

    def test_enters_jit(self) -> None:
        traced = jax.make_jaxpr(jax.jit(lambda x: jax.jit(lax.sin)(x) + 1.0))(2.0)
        (result,) = evaluate_with(traced, {lax.sin_p: lambda x, **_: 10 * x}, jnp.asarray(2.0))
        assert result == 21

    def test_refuses_what_it_does_not_know(self) -> None:
        traced = jax.make_jaxpr(lambda x: lax.scan(lambda c, _: (lax.sin(c), None), x, length=2)[0])(2.0)
        with pytest.raises(RuntimeError, match="does not know the primitive 'scan'"):
            evaluate_with(traced, {lax.sin_p: lambda x, **_: x}, jnp.asarray(2.0))

    def test_under_a_trace(self) -> None:
        traced = jax.make_jaxpr(lambda x: lax.sin(x) * 2)(1.0)
        slope = jax.grad(lambda x: evaluate_with(traced, {lax.sin_p: lambda x, **_: x**2}, x)[0])(3.0)
        assert slope == 12
