"""Trace any function once for each signature, change what was traced, and run that."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from convax.jax_internals import call_as_jit, is_tracer
from convax.transform.signature import Signature, check_unchanged, join, split

__all__ = ["Runnable", "Trace", "Tracer"]

# What JAX raises where a traced number is used as a number; then it is a part of the signature instead.
_WANTS_NUMBERS = (TypeError, ValueError, IndexError, jax.errors.JAXTypeError)

# Equations that are traced one by one in the place of the call.
FEW = 50


@dataclasses.dataclass(frozen=True)
class Trace:
    """A traced call.

    Args:
        function: What was traced.
        arrays: What to call it with.
        structure: Of its results.
    """

    function: ClosedJaxpr
    arrays: Sequence[Any]
    structure: Any

    def results(self, arrays: Sequence[Any]) -> Any:
        """The results as the function returned them, from the arrays that a `Runnable` returned."""
        return jax.tree.unflatten(self.structure, arrays).whole()


class Runnable:
    """A traced function, to be called with arrays.

    Inside of a function that JAX traces its equations become part of that one: one by one where they are few, else as
    one call, since to trace them again would take long. Outside it runs as one compiled program, but for what is a
    single call already: that one keeps the buffers that it was given to reuse.
    """

    def __init__(self, function: ClosedJaxpr) -> None:
        self._function = function
        self._equations = jaxpr_as_fun(function)
        is_one_call = len(function.jaxpr.eqns) == 1 and function.jaxpr.eqns[0].primitive.name in ("jit", "pjit")
        self._compiled = self._equations if is_one_call else jax.jit(self._equations)

    def __call__(self, *arrays: Any) -> Sequence[Any]:
        if not any(map(is_tracer, [*arrays, *self._function.consts])):
            return self._compiled(*arrays)
        if len(self._function.jaxpr.eqns) <= FEW:
            return self._equations(*arrays)
        return call_as_jit(self._function, "accelerated", *arrays)


class Tracer:
    """Traces one function; a signature that it has met before costs a look into JAX's own cache."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._numbers_fixed: set[Any] = set()
        self._traced = self._fresh()

    def __call__(self, *arguments: Any, **keywords: Any) -> Trace:
        """Trace the function for arguments (arrays, or their shapes)."""
        call = self._function, arguments, keywords
        signature, arrays = split(call, numbers_vary=True)
        if signature.tree not in self._numbers_fixed:
            try:
                return self._trace(signature, arrays)
            except _WANTS_NUMBERS:
                fixed, fewer = split(call, numbers_vary=False)
                if len(fewer) == len(arrays):
                    raise
                traced = self._trace(fixed, fewer)  # an error of the caller's own is raised again
                self._numbers_fixed.add(signature.tree)
                return traced
        return self._trace(*split(call, numbers_vary=False))

    def _trace(self, signature: Signature, arrays: list[Any]) -> Trace:
        trace = self._traced if signature.is_hashable else self._fresh()
        function, structure = trace(_Named(signature), *arrays)
        if any(is_tracer(constant) for constant in function.consts):
            # A value that an outer trace is made of: another call must not find it in the cache.
            self._traced = self._fresh()
        return Trace(function, arrays, jax.tree.structure(structure))

    def _fresh(self) -> Any:
        def traced_call(signature: _Named, *arrays: Any) -> _Results:
            call = join(signature.signature, arrays)
            function, arguments, keywords = call
            results = function(*arguments, **keywords)
            check_unchanged(call, arrays)
            return _Results.of(results)

        return jax.make_jaxpr(traced_call, static_argnums=0, return_shape=True)


class _Named:
    """A signature as a static argument; without a hash of its own it is known by identity."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._by_value = signature.is_hashable

    def __hash__(self) -> int:
        return hash(self.signature) if self._by_value else id(self)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, _Named) and self._by_value and self.signature == other.signature)


@jax.tree_util.register_pytree_node_class
class _Results:
    """Results of any kind as a tree of arrays: what is no array is kept in the structure."""

    def __init__(self, arrays: Sequence[Any], others: tuple[Any, tuple[Any, ...]]) -> None:
        self.arrays = arrays
        self.others = others

    @classmethod
    def of(cls, results: Any) -> _Results:
        signature, arrays = split((_results, (results,), {}), numbers_vary=False)
        return cls(arrays, (signature.tree, signature.leaves))

    def whole(self) -> Any:
        """The results as the function returned them."""
        return join(Signature(*self.others), self.arrays)[1][0]

    def tree_flatten(self) -> tuple[Sequence[Any], tuple[Any, tuple[Any, ...]]]:
        return self.arrays, self.others

    @classmethod
    def tree_unflatten(cls, others: tuple[Any, tuple[Any, ...]], arrays: Sequence[Any]) -> _Results:
        return cls(arrays, others)


def _results() -> None:
    """Takes the function's place where results are taken apart like a call."""
