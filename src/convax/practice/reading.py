"""How lax reads the axes of the learner's call, and which two were exchanged.

Each convolution that is bound is noted, also if the call goes on to fail. One that fails before it is bound is read
from the frame of lax's function in the traceback.
"""

from __future__ import annotations

import contextlib
import dataclasses
import types
from collections.abc import Iterator
from typing import Any

from jax import lax

from convax.practice.finding import Finding
from convax.practice.grading import Meant

__all__ = ["Reading", "exchanged", "noting", "reading_of_error", "too_few_axes"]

SIZES = ("signals", "channels", "samples")
AXES = {(0, 1): "batch and channels", (0, 2): "batch and length", (1, 2): "channels and length"}
KERNEL_AXES = {(0, 1): "features and channels", (0, 2): "features and taps", (1, 2): "channels and taps"}


@dataclasses.dataclass(frozen=True)
class Reading:
    """What lax takes a call's axes for.

    Args:
        shapes: Of data and kernel, as they were passed.
        data: Batch, channels, length.
        kernel: Features, channels, taps.
    """

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    data: tuple[int, int, int]
    kernel: tuple[int, int, int]


@contextlib.contextmanager
def noting() -> Iterator[list[Reading]]:
    """Yields a list that grows by one reading with each one-dimensional convolution of lax inside of the block.

    `bind` is looked up on the primitive itself; should JAX change that, nothing is noted, and the judge says less.
    """
    readings: list[Reading] = []
    primitive: Any = lax.conv_general_dilated_p

    def bind(*operands: Any, **params: Any) -> Any:
        with contextlib.suppress(Exception):
            lhs, rhs = (operand.shape for operand in operands)
            if len(lhs) == len(rhs) == 3:
                readings.append(_read(lhs, rhs, params["dimension_numbers"]))
        return type(primitive).bind(primitive, *operands, **params)

    primitive.bind = bind
    try:
        yield readings
    finally:
        del primitive.bind


def reading_of_error(error: BaseException) -> Reading | None:
    """From the frame of lax's function that an error came through."""
    local = _lax_frame(error)
    if local is None:
        return None
    try:
        lhs, rhs = tuple(local["lhs"].shape), tuple(local["rhs"].shape)
        numbers = lax.conv_dimension_numbers(lhs, rhs, local.get("dimension_numbers"))
    except Exception:
        return None  # the call is wrong in another way, of which its message tells
    return _read(lhs, rhs, numbers) if len(lhs) == len(rhs) == 3 else None


def too_few_axes(error: BaseException) -> Finding | None:
    """The finding for a call of lax with arrays that have not three axes each."""
    local = _lax_frame(error) or {}
    shapes = [getattr(local.get(name), "shape", None) for name in ("lhs", "rhs")]
    if any(shape is None for shape in shapes) or all(len(shape) == 3 for shape in shapes if shape is not None):
        return None
    return Finding(
        "not 3-D",
        (
            f"lax.conv_general_dilated got arrays of the shapes {tuple(shapes[0] or ())} and {tuple(shapes[1] or ())}; "
            "it wants three axes for each,",
            "batch, channels and length for the signal, features, channels and taps for the kernel",
        ),
        "add axes of size 1: x[None, None, :]",
    )


def exchanged(reading: Reading, meant: Meant, names: tuple[str, ...], flat: bool) -> Finding | None:
    """Which axes of a call were exchanged, if any were.

    Args:
        reading: How lax reads the call.
        meant: How it should.
        names: Of the learner's arguments.
        flat: Whether these have one axis each, so that the others were added.
    """
    if reading.data[2] == meant.kernel[2] != meant.data[2] == reading.kernel[2]:
        return Finding(
            "swapped operands",
            (
                f"the operands were swapped: lax slides your second operand, {meant.data[2]} long, over the first, "
                f"{meant.kernel[2]} long",
            ),
            f"the signal comes first: lax.conv_general_dilated({names[0]}, {names[1]}, ...)",
        )
    axes = _difference(reading.data, meant.data, AXES)
    if axes:
        is_now, should = (_words(sizes) for sizes in (reading.data, meant.data))
        return Finding(
            _diagnosis(axes),
            (
                f"{axes} are exchanged: lax reads your first operand, of shape {reading.shapes[0]}, as {is_now};",
                f"it should be {should}",
            ),
            f"for ('NCH', 'OIH', 'NCH') write {names[0]}[None, None, :]"
            if flat
            else "name the axes in the order in which they are in memory: N the batch, C the channels, H the length",
        )
    axes = _difference(reading.kernel, meant.kernel, KERNEL_AXES)
    if axes:
        return Finding(
            _diagnosis(axes),
            (
                f"{axes} of the kernel are exchanged: lax reads it, of shape {reading.shapes[1]}, as "
                "{} features of {} channels and {} taps;".format(*reading.kernel),
                "it should be {} features of {} channels and {} taps".format(*meant.kernel),
            ),
            f"for ('NCH', 'OIH', 'NCH') write {names[1]}[None, None, :]"
            if flat
            else "name the kernel's axes in the order in which they are: O the features, I the channels, H the taps",
        )
    return None


def _diagnosis(axes: str) -> str:
    return f"{axes} exchanged" if axes == "batch and length" else f"transposed axes: {axes}"


def _difference(actual: tuple[int, ...], meant: tuple[int, ...], names: dict[tuple[int, int], str]) -> str:
    if sorted(actual) != sorted(meant):
        return ""
    places = tuple(place for place in range(3) if actual[place] != meant[place])
    if len(places) == 3:
        return "all three axes"
    return names[places[0], places[1]] if places else ""


def _words(sizes: tuple[int, ...]) -> str:
    return ", ".join(f"{size} {name[:-1] if size == 1 else name}" for size, name in zip(sizes, SIZES, strict=True))


def _read(lhs: tuple[int, ...], rhs: tuple[int, ...], numbers: Any) -> Reading:
    data, kernel = numbers.lhs_spec, numbers.rhs_spec
    return Reading(
        (tuple(lhs), tuple(rhs)),
        (lhs[data[0]], lhs[data[1]], lhs[data[2]]),
        (rhs[kernel[0]], rhs[kernel[1]], rhs[kernel[2]]),
    )


def _lax_frame(error: BaseException) -> dict[str, Any] | None:
    """The variables of the innermost frame that is lax's function."""
    found = None
    step: types.TracebackType | None = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_name == "conv_general_dilated":
            found = dict(step.tb_frame.f_locals)
        step = step.tb_next
    return found
