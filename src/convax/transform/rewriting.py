"""Change equations of a traced function, wherever they are: in loops, branches, calls, rules of derivatives.

An equation's inner functions are parameters of it. They are found by their type and not by the equation's name, so
that primitives which JAX adds later are entered too; each is replaced by one with the same inputs and outputs, which
no primitive can tell from the first but by its equations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax.extend.core import JaxprEqn, Primitive

from convax.jax_internals import backward_with, is_jaxpr, is_rule, rule_with

__all__ = ["Change", "Rewriting"]

Change = Callable[[JaxprEqn], JaxprEqn | None]

# Most parameters are words and numbers, and most of a rewriting's time would go into looking at them.
_PLAIN = frozenset({bool, float, int, str, type(None)})
# Bodies that are not compiled by XLA but by a compiler of kernels: what they hold, it has to know.
_KERNELS = {"pallas_call", "core_map", "mosaic_gpu", "triton_kernel_call", "tpu_custom_call"}


class Rewriting:
    """A change of equations, applied to whole functions.

    A function that is called in several places is changed once, and stays one function: XLA compiles it once.

    Args:
        change: The equation that takes another one's place, or None for those that stay.
        disguise: New primitives, each with the one that a policy of `jax.checkpoint` shall take it for.
    """

    def __init__(self, change: Change, disguise: dict[Primitive, Primitive]) -> None:
        self._change = change
        self._disguise = disguise
        # By identity, with the original beside the result: an object that is gone could leave its number to another.
        self._known: dict[int, tuple[Any, Any]] = {}

    def __call__(self, function: Any) -> Any:
        """The changed function (closed or open jaxpr); the same object where nothing in it changes."""
        known = self._known.get(id(function))
        if known is None:
            known = self._known[id(function)] = (function, self._changed(function))
        return known[1]

    def _changed(self, function: Any) -> Any:
        inside = getattr(function, "jaxpr", function)  # of a closed one, until JAX 0.11; itself else
        if inside is not function:
            body = self(inside)
            return function if body is inside else function.replace(jaxpr=body)
        equations = [self._equation(equation) for equation in function.eqns]
        if all(new is old for new, old in zip(equations, function.eqns, strict=True)):
            return function
        return function.replace(eqns=equations)

    def _equation(self, equation: JaxprEqn) -> JaxprEqn:
        changed = self._change(equation)
        if changed is not None:
            return changed
        if equation.primitive.name in _KERNELS:
            return equation
        changed_params = {}
        for name, value in equation.params.items():
            new = value if type(value) in _PLAIN else self._parameter(name, value)
            if new is not value:
                changed_params[name] = new
        return equation.replace(params={**equation.params, **changed_params}) if changed_params else equation

    def _parameter(self, name: str, value: Any) -> Any:
        if is_jaxpr(value):
            return self(value)
        if type(value) in (tuple, list):
            if all(type(entry) in _PLAIN for entry in value):
                return value
            entries = [self._parameter(name, entry) for entry in value]
            unchanged = all(new is old for new, old in zip(entries, value, strict=True))
            return value if unchanged else type(value)(entries)
        if is_rule(value):
            return backward_with(value, self) if name == "bwd" else rule_with(value, self)
        if name == "policy" and callable(value):
            return self._policy(value)
        return value

    def _policy(self, policy: Callable[..., Any]) -> Callable[..., Any]:
        """The policy of a checkpoint, asked about the primitives that it knows."""
        known = self._known.get(id(policy))
        if known is None:

            def disguised(primitive: Primitive, *operands: Any, **params: Any) -> Any:
                return policy(self._disguise.get(primitive, primitive), *operands, **params)

            known = self._known[id(policy)] = (policy, disguised)
        return known[1]
