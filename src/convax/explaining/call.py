"""A call as a value: the function's name, its operands by shape and type, its settings. No array is needed."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

import convax.ops as ops
from convax.core import ConvSpec, Geometry
from convax.errors import ArgumentError, ArgumentTypeError, FailedCall, ShapeError
from convax.jax_internals import is_tracer
from convax.ops.arrays import as_array

__all__ = ["FUNCTIONS", "Call", "Operand", "named_function", "operand", "words_of"]

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    name: getattr(ops, name)
    for name in ("conv1d", "conv1d_basic", "conv_transpose1d", "convolve", "correlate", "conv_general_dilated")
}
# Real arrays of at most so many samples are shown as numbers.
MOST_NUMBERS = 32


@dataclasses.dataclass(frozen=True)
class Operand:
    """An operand without its memory.

    Args:
        name: What the function calls it.
        shape: Its shape.
        dtype: Name of its element type.
        numbers: The numbers of a short one-dimensional array, or None.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    numbers: tuple[int | float, ...] | None = None

    @property
    def struct(self) -> Any:
        """The operand as JAX traces it."""
        return jax.ShapeDtypeStruct(self.shape, jax.dtypes.canonicalize_dtype(jax.numpy.dtype(self.dtype)))


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of one of the public functions.

    Args:
        function: Its name.
        operands: Data and kernel, and perhaps a bias.
        settings: The arguments that are not left at their defaults, in the caller's order.
    """

    function: str
    operands: tuple[Operand, ...]
    settings: tuple[tuple[str, Any], ...] = ()

    def setting(self, name: str) -> Any:
        """The value of a setting, or its default."""
        given = dict(self.settings)
        if name in given:
            return given[name]
        return inspect.signature(FUNCTIONS[self.function]).parameters[name].default

    def trace(self) -> Any:
        """The jaxpr of the call.

        Raises:
            ConvaxError: What the call itself raises.
        """

        def run(*operands: Any) -> Any:
            return FUNCTIONS[self.function](*operands, **dict(self.settings))

        return jax.make_jaxpr(run)(*(operand.struct for operand in self.operands))

    @classmethod
    def of(cls, function: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Call:
        """A call as it was written.

        Raises:
            ArgumentTypeError: Arguments that the function does not have, or an operand that is missing.
        """
        signature = inspect.signature(FUNCTIONS[function])
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError as error:
            needed = ", ".join(words_of(function))
            raise ArgumentTypeError(
                f"explain cannot read this call of convax.{function}: {error}",
                repair=f"pass {needed} and the arguments of convax.{function}: explain(convax.{function}, {needed})",
            ) from None
        given = dict(bound.arguments)
        names = [*words_of(function), *(["bias"] if given.get("bias") is not None else [])]
        operands = tuple(operand(name, given[name]) for name in names)
        defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
        settings = {name: value for name, value in given.items() if name not in (*names, "bias")}
        return cls(function, operands, _without_defaults(settings, defaults))

    @classmethod
    def of_failed(cls, failed: FailedCall) -> Call:
        """The call that an error left."""
        parameters = inspect.signature(FUNCTIONS[failed.function]).parameters
        names = [*words_of(failed.function), "bias"]
        operands = tuple(
            Operand(name, shape, dtype) for name, (shape, dtype) in zip(names, failed.operands, strict=False)
        )
        defaults = {name: parameter.default for name, parameter in parameters.items()}
        return cls(failed.function, operands, _without_defaults(dict(failed.settings), defaults))

    @classmethod
    def of_spec(cls, spec: ConvSpec | Geometry) -> Call:
        """The call of `conv_general_dilated` that a convolution is."""
        if isinstance(spec, Geometry):
            spec = ConvSpec(spec)
        geometry = spec.geometry
        layout = spec.layout
        settings: dict[str, Any] = {
            "window_strides": (geometry.stride,),
            "padding": (geometry.padding,),
            "lhs_dilation": (geometry.upsample,),
            "rhs_dilation": (geometry.dilation,),
            "dimension_numbers": (layout.data, layout.kernel, layout.out),
            "feature_group_count": spec.feature_groups,
            "batch_group_count": spec.batch_groups,
            "preferred_element_type": None if spec.out_dtype is None else spec.out_dtype.name,
        }
        defaults = {
            "lhs_dilation": (1,),
            "rhs_dilation": (1,),
            "dimension_numbers": ("NCH", "OIH", "NCH"),
            "feature_group_count": 1,
            "batch_group_count": 1,
            "preferred_element_type": None,
        }
        operands = (
            Operand("lhs", spec.data_shape, spec.dtype.name),
            Operand("rhs", spec.kernel_shape, spec.dtype.name),
        )
        return cls("conv_general_dilated", operands, _without_defaults(settings, defaults))

    def __str__(self) -> str:
        """The call as one writes it.

        Example:
            >>> print(Call("conv1d", (Operand("x", (8,), "float32"), Operand("w", (3,), "float32")), (("stride", 2),)))
            convax.conv1d(x, w, stride=2)
        """
        names = [operand.name for operand in self.operands]
        settings = [f"{name}={value!r}".replace("'", '"') for name, value in self.settings]
        return f"convax.{self.function}({', '.join([*names, *settings])})"


def words_of(function: str) -> tuple[str, str]:
    """What a function calls its data and its kernel."""
    data, kernel = list(inspect.signature(FUNCTIONS[function]).parameters)[:2]
    return data, kernel


def named_function(function: Any) -> str | None:
    """The public function that stands for `function` (convax's, lax's, JAX's or NumPy's); None for no function."""
    if not callable(function):
        return None
    for name, known in FUNCTIONS.items():
        others = [getattr(house, name, None) for house in (jax.lax, jax.numpy, np)]
        if any(function is each for each in (known, *others)):
            return name
    raise ArgumentError(
        f"explain does not know the function {getattr(function, '__name__', function)!r}",
        repair=f"pass one of convax's: {', '.join(FUNCTIONS)}; for a whole model call convax.inspect",
    )


def operand(name: str, value: Any) -> Operand:
    """An array, a `jax.ShapeDtypeStruct`, a list of numbers, or a tuple of sizes (then float32)."""
    if isinstance(value, tuple) and all(isinstance(size, (int, np.integer)) for size in value):
        if any(size < 0 for size in value):
            raise ShapeError(
                f"{name} is the shape {value}", "no axis has fewer than 0 entries", "pass values as a list"
            )
        return Operand(name, tuple(int(size) for size in value), "float32")
    if isinstance(value, jax.ShapeDtypeStruct) or hasattr(value, "aval"):
        return Operand(name, tuple(value.shape), str(value.dtype), _numbers(value))
    array = as_array(name, value)
    # A list has numbers but no width: it gets JAX's.
    dtype = array.dtype if hasattr(value, "dtype") else jax.dtypes.canonicalize_dtype(array.dtype)
    return Operand(name, tuple(array.shape), str(dtype), _numbers(array))


def _numbers(value: Any) -> tuple[int | float, ...] | None:
    known = not isinstance(value, jax.ShapeDtypeStruct) and not is_tracer(value)
    if not known or value.ndim != 1 or value.shape[0] > MOST_NUMBERS or value.dtype.kind not in "iuf":
        return None
    return tuple(np.asarray(value).tolist())


def _without_defaults(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    kept = {}
    for name, value in settings.items():
        default = defaults.get(name, inspect.Parameter.empty)
        if default is inspect.Parameter.empty or type(value) is not type(default) or value != default:
            kept[name] = _frozen(value)
    return tuple(kept.items())


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
