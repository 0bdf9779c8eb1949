"""Arguments of any function, taken apart: arrays that can change, and all else, by which a trace is known again."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from convax.errors import ArgumentError

__all__ = ["Call", "Signature", "join", "split"]

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class _Traced:
    """Stands in a signature where an array was."""

    def __repr__(self) -> str:
        return "array"


TRACED = _Traced()


@dataclasses.dataclass(frozen=True)
class Signature:
    """A call without its arrays: structure, and the leaves that are no arrays.

    Args:
        tree: Structure of (function, arguments, keywords).
        leaves: With `TRACED` for each array.
    """

    tree: Any
    leaves: tuple[Any, ...]

    def __hash__(self) -> int:
        # Structures of objects whose fixed parts cannot be hashed raise here, as other leaves do.
        return hash((self.tree, self.leaves))

    def __eq__(self, other: object) -> bool:
        """Equal leaves of equal types: 1, 1.0 and True are three different arguments."""
        if not isinstance(other, Signature) or self.tree != other.tree:
            return False
        pairs = list(zip(self.leaves, other.leaves, strict=True))
        return all(a is b or (type(a) is type(b) and a == b) for a, b in pairs)

    @property
    def is_hashable(self) -> bool:
        """Whether a trace can be found again by it."""
        try:
            hash(self)
        except TypeError:
            return False
        return True


def split(call: Call, numbers_vary: bool) -> tuple[Signature, list[Any]]:
    """A call as its signature and its arrays.

    A function that is itself a tree of arrays (a layer of Equinox, a module of Flax's nnx, a method of either) is
    taken apart like its arguments, so that new parameters need no new trace.

    Args:
        call: Function, arguments, keywords.
        numbers_vary: Whether Python's numbers count as arrays, as in jit; booleans never do.
    """
    leaves, tree = jax.tree.flatten((_without_self(call[0]), *call[1:]))
    varying = [_is_array(leaf) or (numbers_vary and _is_number(leaf)) for leaf in leaves]
    kept = tuple(TRACED if varies else leaf for leaf, varies in zip(leaves, varying, strict=True))
    return Signature(tree, kept), [leaf for leaf, varies in zip(leaves, varying, strict=True) if varies]


def join(signature: Signature, arrays: Sequence[Any]) -> Call:
    """The call again, with other arrays."""
    given = iter(arrays)
    leaves = [next(given) if leaf is TRACED else leaf for leaf in signature.leaves]
    function, arguments, keywords = jax.tree.unflatten(signature.tree, leaves)
    return _with_self(function), arguments, keywords


def check_unchanged(call: Call, arrays: Sequence[Any]) -> None:
    """Refuse a function that wrote into an object which it was given: the caller's own object would miss that.

    Raises:
        ArgumentError: A leaf of such an object is not the one that was passed.
    """
    function, arguments, keywords = call
    known = {id(array) for array in arrays}
    for name, value in [("the function itself", _without_self(function)), *_named(arguments, keywords)]:
        if isinstance(value, (tuple, list, dict)) or value is None:
            continue  # containers, which a function may use as its own
        if any(_is_array(leaf) and id(leaf) not in known for leaf in jax.tree.leaves(value)):
            raise ArgumentError(
                f"{name} ({type(value).__name__}) is changed in place by the function that convax.accelerate traces",
                "it is traced on a copy, so the change would be lost",
                "return the changed state as a result (flax.nnx: split and merge), or accelerate inside of nnx.jit",
            )


def _named(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(f"argument {place}", value) for place, value in enumerate(arguments)] + list(keywords.items())


@jax.tree_util.register_pytree_node_class
class _Method:
    """A bound method of an object that is a tree."""

    def __init__(self, function: Callable[..., Any], owner: Any) -> None:
        self.function = function
        self.owner = owner

    def tree_flatten(self) -> tuple[tuple[Any], Callable[..., Any]]:
        return (self.owner,), self.function

    @classmethod
    def tree_unflatten(cls, function: Callable[..., Any], owner: tuple[Any]) -> _Method:
        return cls(function, *owner)


def _without_self(function: Any) -> Any:
    if isinstance(function, types.MethodType) and not jax.tree_util.all_leaves([function.__self__]):
        return _Method(function.__func__, function.__self__)
    return function


def _with_self(function: Any) -> Any:
    return types.MethodType(function.function, function.owner) if isinstance(function, _Method) else function


def _is_array(value: Any) -> bool:
    return isinstance(value, (jax.Array, np.ndarray, np.generic, jax.ShapeDtypeStruct)) or hasattr(value, "aval")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, complex)) and not isinstance(value, bool)
