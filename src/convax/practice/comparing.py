"""Results beside the truth: equal or not, and if not, which known or general mistake explains every case."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convax.practice.failures import Failure
from convax.practice.finding import Finding
from convax.practice.grading import Arguments, Grading, wide

__all__ = ["Tried", "explanation_of", "is_array", "is_equal", "not_an_array", "symmetric_only"]

TOLERANCE = 1e-4  # of the largest value; cases are whole numbers, so that only Fourier transforms round
KERNELS = ("kernel", "kernels", "w")


@dataclasses.dataclass(frozen=True)
class Tried:
    """One case and what came of it."""

    arguments: Arguments
    expected: Any
    yours: Any

    @property
    def ok(self) -> bool:
        return is_array(self.yours) and is_equal(self.yours, self.expected)


def is_array(value: Any) -> bool:
    """Arrays of numbers, and NumPy's numbers."""
    try:
        return hasattr(value, "shape") and np.dtype(value.dtype).kind in "biufcV"  # V: bfloat16
    except (AttributeError, TypeError):  # no dtype, or one of another library
        return False


def is_equal(yours: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Of one shape, and no value further off than a share of the largest."""
    yours, expected = np.asarray(yours), np.asarray(expected, np.float64)
    if yours.shape != expected.shape:
        return False
    values = yours.astype(np.complex128 if yours.dtype.kind == "c" else np.float64)
    largest = np.abs(expected).max(initial=0.0)
    return bool(np.all(np.abs(values - expected) <= tolerance * (1 + largest)))


def not_an_array(value: Any) -> Finding | None:
    """The finding for a result of another kind."""
    if is_array(value):
        return None
    if value is None:
        return Finding(
            "None returned",
            ("your function returns None: it has no `return`, or one without a value",),
            "end it with: return y",
        )
    kind = type(value).__name__
    if hasattr(value, "dtype"):
        says = f"your function returns {value.dtype} ({kind}), and it should return an array of numbers"
        return Finding(f"{kind} returned", (says,), "return what lax or jnp computed")
    if isinstance(value, (list, tuple)):
        return Finding(
            f"{kind} returned",
            (f"your function returns a {kind} of {len(value)}, and it should return one array",),
            "jnp.stack makes one array of many; better, compute it as one",
        )
    return Finding(f"{kind} returned", (f"your function returns a {kind}, and it should return an array",), "return y")


def explanation_of(tried: Sequence[Tried], grading: Grading) -> Finding:
    """What is wrong, given all cases; at least one of them is not right, and all of them returned arrays."""
    fault = next(case for case in tried if not case.ok)
    squeezed = [dataclasses.replace(case, yours=_squeezed(case)) for case in tried]
    if _rank(fault.yours) > _rank(fault.expected) and all(_is_shaped(case) for case in squeezed):
        return _left_over(fault, squeezed, grading)
    if all(_is_squeezed(case) for case in tried):
        says = "your result has lost an axis that has the size 1 in this case: jnp.squeeze drops all of them"
        return Finding("squeezed too far", (says,), "drop only the axes that you added: y[0, 0]")
    for lens in grading.lenses:
        if all(_explains(lens.result, case) for case in tried):
            return Finding(lens.diagnosis, (lens.says,), lens.repair)
    axis = grading.length_axis
    for diagnosis, says, repair, matches in _GENERAL:
        if all(_matches(matches, case, axis) for case in tried):
            return Finding(diagnosis, (says,), repair)
    return _by_shape(fault) or _by_values(fault)


def symmetric_only(tried: Sequence[Tried], names: tuple[str, ...]) -> bool:
    """Whether the function is right for some kernels that read the same both ways, and for no others."""
    places = [place for place, name in enumerate(names) if name in KERNELS]
    if not places:
        return False
    kernels = [np.asarray(case.arguments[places[0]]) for case in tried]
    symmetric = [bool(np.all(kernel == kernel[..., ::-1])) for kernel in kernels]
    longer = any(case.ok and kernel.shape[-1] > 1 for case, kernel in zip(tried, kernels, strict=True))
    return longer and all(case.ok == same for case, same in zip(tried, symmetric, strict=True))


def _left_over(fault: Tried, squeezed: Sequence[Tried], grading: Grading) -> Finding:
    """Axes of size 1 that are still there; they may hide a second mistake."""
    rank, wanted = _rank(fault.yours), _rank(fault.expected)
    index = _index_of(fault)
    says = (
        f"your result has {rank} axes (shape {tuple(fault.yours.shape)}), and it should have {wanted} "
        f"(shape {tuple(fault.expected.shape)}): the axes that you added for lax are still there"
    )
    if all(case.ok for case in squeezed):
        return Finding(f"result left {rank}-D", (says,), f"drop them at the end: y[{index}]")
    other = explanation_of(squeezed, grading)
    return Finding(
        f"result left {rank}-D, and {other.diagnosis}",
        (says, *(f"and besides: {line}" for line in other.lines)),
        f"y[{index}]; and {other.repair}",
    )


def _explains(result: Callable[..., Any], case: Tried) -> bool:
    if isinstance(case.yours, Failure):
        return True
    try:
        return is_equal(case.yours, result(*(wide(argument) for argument in case.arguments)))
    except Exception:  # a mistake need not make sense for every case
        return False


def _matches(matches: Callable[[Any, Any], bool], case: Tried, axis: int) -> bool:
    if isinstance(case.yours, Failure):
        return True
    yours, truth = np.asarray(case.yours), np.asarray(case.expected)
    if yours.ndim != truth.ndim or yours.ndim == 0:
        return False
    return matches(np.moveaxis(yours, axis, 0), np.moveaxis(truth, axis, 0))


# The axis along the signal comes first in both.
_GENERAL: tuple[tuple[str, str, str, Callable[[Any, Any], bool]], ...] = (
    (
        "off by one: last output missing",
        "your result lacks its last output (off by one)",
        "the last window that fits starts at L - K, so there are L - K + 1: count from 0 to L - K inclusive",
        lambda yours, truth: is_equal(yours, truth[:-1]),
    ),
    (
        "off by one: first output missing",
        "your result lacks its first output (off by one)",
        "the first window starts at sample 0",
        lambda yours, truth: is_equal(yours, truth[1:]),
    ),
    (
        "off by one: output too many at the end",
        "your result is right but for one output too many at its end (off by one)",
        "count the outputs again, from the formula of the length",
        lambda yours, truth: is_equal(yours[:-1], truth),
    ),
    (
        "off by one: output too many at the start",
        "your result is right but for one output too many at its start (off by one)",
        "count the zeros before the signal again",
        lambda yours, truth: is_equal(yours[1:], truth),
    ),
    (
        "off by one: shifted",
        "your result is one sample late (off by one): your output i is what output i - 1 should be",
        "count the zeros before the signal again",
        lambda yours, truth: yours.shape == truth.shape and is_equal(yours[1:], truth[:-1]),
    ),
    (
        "off by one: shifted",
        "your result is one sample early (off by one): your output i is what output i + 1 should be",
        "count the zeros before the signal again, and where the first window starts",
        lambda yours, truth: yours.shape == truth.shape and is_equal(yours[:-1], truth[1:]),
    ),
    (
        "backwards",
        "your result is right but backwards",
        "look for a [::-1] too many, or for operands that were swapped",
        lambda yours, truth: is_equal(yours, truth[::-1]),
    ),
    (
        "wrong sign",
        "your result is right but for its sign",
        "look for a minus",
        lambda yours, truth: is_equal(-yours, truth),
    ),
    (
        "transposed axes",
        "the values are right, but the axes of the result are exchanged (transposed axes)",
        "compare the order of your result's axes with that of the exercise",
        lambda yours, truth: (
            truth.ndim > 1
            and any(
                is_equal(yours.transpose(order), truth)
                for order in ((1, 0), (0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1))
                if len(order) == truth.ndim
            )
        ),
    ),
)


def _by_shape(fault: Tried) -> Finding | None:
    yours, expected = tuple(fault.yours.shape), tuple(fault.expected.shape)
    if yours == expected:
        return None
    if len(yours) != len(expected):
        says = f"your result has the shape {yours}: {_axes(yours)}, and it should have {_axes(expected)}, {expected}"
        return Finding("wrong number of axes", (says,), "look at the shape after each step")
    return Finding(
        "wrong length" if len(yours) == 1 else "wrong shape",
        (f"your result has the shape {yours}, and it should have {expected}",),
        "look at the padding, and at the formula of the length",
    )


def _by_values(fault: Tried) -> Finding:
    yours, expected = np.asarray(fault.yours), fault.expected
    off = ~(np.abs(yours - expected) <= TOLERANCE * (1 + np.abs(expected).max(initial=0.0)))
    place = tuple(int(index) for index in np.argwhere(off)[0])
    index = ", ".join(map(str, place))
    return Finding(
        "wrong values",
        (
            f"the shape is right, but {int(off.sum())} of {off.size} values are not; the first is y[{index}]: "
            f"yours {yours[place]:g}, expected {expected[place]:g}",
        ),
        "work this case out by hand, from the formula, and compare",
    )


def _axes(shape: tuple[int, ...]) -> str:
    return f"{len(shape)} {'axis' if len(shape) == 1 else 'axes'}"


def _rank(array: Any) -> int:
    return len(np.shape(array))


def _is_shaped(case: Tried) -> bool:
    return isinstance(case.yours, Failure) or _rank(case.yours) == _rank(case.expected)


def _is_squeezed(case: Tried) -> bool:
    return isinstance(case.yours, Failure) or is_equal(case.yours, np.squeeze(case.expected))


def _squeezed(case: Tried) -> Any:
    """The result without the axes of size 1 that the truth has not: leading ones, else trailing ones."""
    if isinstance(case.yours, Failure) or not is_array(case.yours):
        return case.yours
    yours, wanted = np.asarray(case.yours), case.expected.shape
    extra = yours.ndim - len(wanted)
    if extra <= 0:
        return yours
    places = _left_axes(yours.shape, extra)
    return yours if places is None else np.squeeze(yours, places)


def _left_axes(shape: tuple[int, ...], extra: int) -> tuple[int, ...] | None:
    """The axes of size 1 that are too many: leading ones, else trailing ones, else both ends."""
    last = len(shape) - 1
    ends = ((0, last),) if extra == 2 else ()
    candidates = (tuple(range(extra)), tuple(range(len(shape) - extra, len(shape))), *ends)
    return next((places for places in candidates if all(shape[place] == 1 for place in places)), None)


def _index_of(case: Tried) -> str:
    """What to write to drop them, "0, 0" or "0, :, 0"."""
    shape = np.shape(case.yours)
    places = _left_axes(shape, len(shape) - _rank(case.expected)) or ()
    needed = range(max(places) + 1) if places else ()
    return ", ".join("0" if place in places else ":" for place in needed) or "..."
