"""All that convax takes from JAX beyond its documented surface, in one place.

Each function says which names it relies on; `tests/test_jax_internals.py` uses each alone, so that a new version
of JAX that moves one is named by a failing test. Checked with JAX 0.8.1 to 0.11.2.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array, lax
from jax.extend import linear_util
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Primitive, jaxpr_as_fun
from jax.interpreters import ad, batching, mlir

__all__ = [
    "abstract_convolution",
    "align_varying",
    "backward_with",
    "call_as_jit",
    "define_bilinear",
    "evaluate_with",
    "inner_jaxprs",
    "is_jaxpr",
    "is_known",
    "is_rule",
    "is_tracer",
    "lax_transpose",
    "loop_of",
    "make_primitive",
    "register_batching",
    "register_lowering",
    "rule_with",
    "scope_of",
    "source_of",
]

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
_ANY_JITTED = jax.jit(lambda x: x + 0)  # its equation is the pattern for `call_as_jit`


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


def align_varying(*values: Array) -> tuple[Array, ...]:
    """Every value varying over the same axes of an enclosing shard_map (a replicated kernel is cast).

    Relies on the varying axes of an abstract value (`vma`, since JAX 0.9 `manual_axis_type.varying`) and on
    `lax.pcast` (`lax.pvary` before 0.9).
    """
    axes = [_varying_axes(value) for value in values]
    union: frozenset[Any] = frozenset().union(*axes)
    return tuple(_vary(value, union - own) for value, own in zip(values, axes, strict=True))


def _vary(value: Array, missing: frozenset[Any]) -> Array:
    if not missing:
        return value
    if hasattr(lax, "pcast"):
        return lax.pcast(value, tuple(sorted(missing)), to="varying")
    return lax.pvary(value, tuple(sorted(missing)))  # type: ignore[attr-defined, unused-ignore]


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
    """The functions that an equation holds. Relies on them being parameters (or in tuples), jaxprs by type."""
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


def is_jaxpr(value: Any) -> bool:
    """A function's body, with its constants or without: two classes, and one since JAX 0.11. Relies on their names."""
    return isinstance(value, (Jaxpr, ClosedJaxpr))


def is_rule(value: Any) -> bool:
    """A function kept for when a derivative is asked for. Relies on it being a `linear_util.WrappedFun`."""
    return isinstance(value, linear_util.WrappedFun)


def rule_with(rule: Any, change: Callable[[Any], Any]) -> Any:
    """A custom derivative's rule with its jaxpr changed. Relies on rules answering (jaxpr, constants, ...)."""
    return linear_util.transformation2(_changed_answer)(rule, change)


def _changed_answer(rule: Callable[..., Any], change: Callable[[Any], Any], *which: Any) -> Any:
    jaxpr, *others = rule(*which)
    return (change(jaxpr), *others)


def backward_with(rule: Any, change: Callable[[ClosedJaxpr], ClosedJaxpr]) -> Any:
    """The backward rule of a custom_vjp, traced when it is called, with its jaxpr changed.

    Relies on `bwd` taking residuals and cotangents and answering a tree of cotangents: a list, since JAX 0.11 with logs
    beside it. Symbolic zeros among them pass as they are.
    """
    return linear_util.transformation2(_changed_backward)(rule, change)


def _changed_backward(rule: Callable[..., Any], change: Callable[[Any], Any], *operands: Any) -> Any:
    arrays = [value for value in operands if _is_number(value)]
    answer: Any = None

    def on_arrays(*arrays: Any) -> list[Any]:
        nonlocal answer
        given = iter(arrays)
        answer = rule(*(next(given) if _is_number(value) else value for value in operands))
        return [result for result in jax.tree.leaves(answer) if _is_number(result)]

    traced = change(jax.make_jaxpr(on_arrays)(*arrays))
    found = iter(jaxpr_as_fun(traced)(*arrays))
    return jax.tree.map(lambda result: next(found) if _is_number(result) else result, answer)


def _is_number(value: Any) -> bool:
    """An array of numbers, not a symbolic zero and not the cotangent of an integer."""
    numbers = (jax.Array, np.ndarray, np.generic, int, float, complex)
    return isinstance(value, numbers) and getattr(value, "dtype", None) != jax.dtypes.float0


class Loop(NamedTuple):
    """A `lax.scan`: its body takes constants, then what is carried, then a slice of each array."""

    body: Any
    constants: int
    carried: int
    length: int


def loop_of(equation: JaxprEqn) -> Loop | None:
    """The loop that an equation is, or None.

    Relies on the parameters `jaxpr` and `length`, and on `num_consts` and `num_carry`, or since JAX 0.11 on `ft_in`,
    which unpacks to what they count. Where one is missing, the loop is entered like any function, and receptive fields
    are not followed through it.
    """
    params = equation.params
    if equation.primitive.name != "scan" or not {"jaxpr", "length"} <= params.keys():
        return None
    constants, carried = params.get("num_consts", 0), params.get("num_carry")
    if hasattr(params.get("ft_in"), "unpack"):
        constants, carried = (len(list(part)) for part in params["ft_in"].unpack()[:2])
    return None if carried is None else Loop(params["jaxpr"].jaxpr, constants, carried, params["length"])


def source_of(equation: JaxprEqn) -> str:
    """The caller's line behind an equation, "file.py:12 (function)"; empty where it is not known.

    Relies on `source_info.traceback` and `jax._src.source_info_util.user_frame`; without them there is no line.
    """
    try:
        from jax._src.source_info_util import user_frame

        frame = user_frame(equation.source_info.traceback)
    except (ImportError, AttributeError):
        return ""
    if frame is None:
        return ""
    function = frame.function_name.rpartition(".")[2]
    return f"{pathlib.PurePath(frame.file_name).name}:{frame.start_line} ({function})"


def scope_of(equation: JaxprEqn) -> str:
    """The `jax.named_scope`s around an equation, "net/block". Relies on `source_info.name_stack`."""
    return str(getattr(equation.source_info, "name_stack", ""))


def call_as_jit(function: ClosedJaxpr, name: str, *arrays: Array) -> list[Array]:
    """Call a traced function inside of another trace as one equation, as if `jax.jit` had just traced it there.

    Relies on the parameters of jit's equation: those with an entry for each input are called "in_..." or
    "donated_...", those with one for each output "out_...".
    """
    jaxpr = function.jaxpr  # whose constants become arguments: jit's equation takes none
    closed = ClosedJaxpr(jaxpr.replace(constvars=[], invars=[*jaxpr.constvars, *jaxpr.invars]), [])
    given = [*function.consts, *arrays]
    equation = jax.make_jaxpr(_ANY_JITTED)(0.0).jaxpr.eqns[0]  # made anew: it knows the mesh that is set now
    counts = {"in_": len(given), "donated_": len(given), "out_": len(jaxpr.outvars)}
    params = dict(equation.params, jaxpr=closed, name=name)
    for parameter, value in equation.params.items():
        count = next((count for start, count in counts.items() if parameter.startswith(start)), None)
        if count is not None and isinstance(value, tuple):
            params[parameter] = value * count
    results: list[Array] = equation.primitive.bind(*given, **params)
    return results
