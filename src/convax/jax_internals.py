"""All that convax takes from JAX beyond its documented surface, in one place.

Each function says which names it relies on; `tests/test_jax_internals.py` uses each alone, so that a new version
of JAX that moves one is named by a failing test. Checked with JAX 0.8.1 to 0.11.1.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
from jax import Array, lax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Primitive
from jax.interpreters import ad, batching, mlir

__all__ = [
    "abstract_convolution",
    "align_varying",
    "define_bilinear",
    "evaluate_with",
    "inner_jaxprs",
    "is_known",
    "is_tracer",
    "lax_batching_rule",
    "lax_transpose",
    "make_primitive",
    "register_batching",
    "register_lowering",
]

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


def is_tracer(value: Any) -> bool:
    """True inside jit, grad, vmap. Relies on `jax.core.Tracer`."""
    return isinstance(value, jax.core.Tracer)


def make_primitive(
    name: str,
    implementation: Callable[..., Array],
    abstract_evaluation: Callable[..., Any],
) -> Primitive:
    """A new primitive. Relies on `jax.extend.core.Primitive`."""
    primitive = Primitive(name)
    primitive.def_impl(implementation)
    primitive.def_abstract_eval(abstract_evaluation)
    return primitive


def abstract_convolution(x: Any, w: Any, **params: Any) -> Any:
    """Abstract result of lax's convolution: shape, dtype, sharding and varying axes follow JAX's own rules.

    Relies on `lax.conv_general_dilated_p.abstract_eval` returning (abstract value, effects).
    """
    result, _ = lax.conv_general_dilated_p.abstract_eval(x, w, **params)
    return result


def align_varying(x: Array, w: Array) -> tuple[Array, Array]:
    """Both operands varying over the same axes of an enclosing shard_map (a replicated kernel is cast).

    Relies on the varying axes of an abstract value (`vma`, since JAX 0.9 `manual_axis_type.varying`) and on
    `lax.pcast` (`lax.pvary` before 0.9).
    """
    x_axes, w_axes = _varying_axes(x), _varying_axes(w)
    if x_axes == w_axes:
        return x, w

    def cast(value: Array, missing: frozenset[str]) -> Array:
        if not missing:
            return value
        if hasattr(lax, "pcast"):
            return lax.pcast(value, tuple(sorted(missing)), to="varying")
        return lax.pvary(value, tuple(sorted(missing)))  # type: ignore[attr-defined, unused-ignore]

    return cast(x, w_axes - x_axes), cast(w, x_axes - w_axes)


def _varying_axes(value: Array) -> frozenset[Any]:
    kind = jax.typeof(value)
    manual = getattr(kind, "manual_axis_type", None)
    axes: frozenset[Any] = kind.vma if manual is None else manual.varying
    return axes


def define_bilinear(
    primitive: Primitive, data_transpose: Callable[..., Array], kernel_transpose: Callable[..., Array]
) -> None:
    """Derivatives of a function that is linear in each of two arguments. Relies on `ad.defbilinear`."""
    ad.defbilinear(primitive, data_transpose, kernel_transpose)


def lax_transpose(cotangent: Array, data: Any, kernel: Any, **params: Any) -> Array:
    """lax's own transpose of its convolution, with respect to the operand that has only an abstract value.

    Relies on `ad.primitive_transposes` and `ad.UndefinedPrimal`.
    """
    operands = [value if is_known(value) else ad.UndefinedPrimal(value.aval) for value in (data, kernel)]
    results = ad.primitive_transposes[lax.conv_general_dilated_p](cotangent, *operands, **params)
    return next(result for result in results if result is not None)


def is_known(value: Any) -> bool:
    """True for an operand with a value, False for the one that a transpose rule is asked about.

    Relies on that one (`ad.UndefinedPrimal`, or from JAX 0.10 an accumulator of gradients) having an abstract
    value, but no element type of its own. Constants of a traced function arrive as NumPy arrays.
    """
    return hasattr(value, "dtype")


def lax_batching_rule(data: Array, kernel: Array, dimensions: Sequence[int | None], **params: Any) -> Array:
    """lax's convolution under vmap, batched result first. Relies on documented names only (`jax.vmap`)."""
    bind = functools.partial(lax.conv_general_dilated_p.bind, **params)
    return jax.vmap(bind, in_axes=tuple(dimensions), out_axes=0)(data, kernel)


def register_batching(primitive: Primitive, rule: Callable[..., tuple[Array, int]]) -> None:
    """A rule for vmap. Relies on `batching.primitive_batchers`."""
    batching.primitive_batchers[primitive] = rule


def register_lowering(primitive: Primitive, formulation: Callable[..., Callable[..., Array]]) -> None:
    """Compile the primitive as the JAX function `formulation(platform)`.

    Relies on `mlir.register_lowering` and `mlir.lower_fun`. The first registration, without a platform, serves
    the platforms that are not named.
    """
    mlir.register_lowering(primitive, mlir.lower_fun(formulation("default"), multiple_results=False))
    for platform in PLATFORMS:
        lowering = mlir.lower_fun(formulation(platform), multiple_results=False)
        mlir.register_lowering(primitive, lowering, platform=platform)


def inner_jaxprs(equation: Any) -> Iterator[Any]:
    """The functions that an equation holds: bodies of loops, branches, called functions.

    Relies on inner jaxprs being parameters of type `Jaxpr` or `ClosedJaxpr`, alone or in tuples.
    """
    for value in equation.params.values():
        for entry in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(entry, ClosedJaxpr):
                yield entry.jaxpr
            elif isinstance(entry, Jaxpr):
                yield entry


def evaluate_with(
    closed: ClosedJaxpr, replacements: dict[Primitive, Callable[..., Any]], *arguments: Array
) -> list[Array]:
    """Run a traced function with some primitives replaced.

    Relies on the fields of `jax.extend.core.Jaxpr`. Equations that hold functions of their own (inner jaxprs)
    are entered when they are calls of jit, and refused otherwise: lax's rules for a convolution make none.
    """
    jaxpr = closed.jaxpr
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for equation in jaxpr.eqns:
        operands = [read(atom) for atom in equation.invars]
        primitive = equation.primitive
        if primitive in replacements:
            results = replacements[primitive](*operands, **equation.params)
        elif primitive.name in ("jit", "pjit"):
            results = evaluate_with(equation.params["jaxpr"], replacements, *operands)
        elif any(isinstance(value, ClosedJaxpr) for value in equation.params.values()):
            raise RuntimeError(
                f"convax does not know the primitive {primitive.name!r} in JAX {jax.__version__}'s rules for a "
                "convolution; please report it"
            )
        else:
            results = primitive.bind(*operands, **equation.params)
        if not primitive.multiple_results:
            results = [results]
        values.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]
