"""Where a value comes from: what a person would follow with a finger through a model, from its input to its output.

Followed are the axis of positions (time) and how many samples of the input each position depends on, by which
convolution a value was made, and whether any was before. What an operation does to the positions is known for those
that networks are made of; behind another one the receptive field is unknown, never guessed.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from jax.extend.core import JaxprEqn

from convax.core import ConvSpec
from convax.transform.field import NOTHING, Field, union

__all__ = ["Flow", "convolved", "joined", "through"]


@dataclasses.dataclass(frozen=True)
class Flow:
    """What is known of a value's past.

    Args:
        field: Its receptive field; None where it is not known.
        raw: Whether it is an argument of the function, but for operations on each element and the order of axes.
        convolved: Whether there was a convolution before.
        made_by: Number of the convolution behind which there were only operations on each element; None for none.
    """

    field: Field | None = Field()
    raw: bool = False
    convolved: bool = False
    made_by: int | None = None


# Operations whose result has its operand's shape and yet mixes positions.
_MIXING = {"cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp", "sort", "fft", "rev", "associative_scan"}
_WINDOWS = {"reduce_window", "reduce_window_sum", "reduce_window_max", "reduce_window_min"}
# Those that leave each channel in its place, so that a convolution can still be told by its output.
_IN_PLACE = {"pad", "slice"}


def _together(fields: Iterable[Field | None]) -> Field | None:
    whole = NOTHING
    for field in fields:
        joint = None if field is None else union(whole, field)
        if joint is None:
            return None
        whole = joint
    return whole


def joined(flows: Sequence[Flow]) -> Flow:
    """The past of a value that was made of several others, position by position."""
    makers = {flow.made_by for flow in flows if flow.made_by is not None}
    return Flow(
        _together(flow.field for flow in flows),
        raw=any(flow.raw for flow in flows) and not any(flow.convolved for flow in flows),
        convolved=any(flow.convolved for flow in flows),
        made_by=makers.pop() if len(makers) == 1 else None,
    )


def convolved(spec: ConvSpec, data: Flow, kernel: Flow, number: int) -> Flow:
    """The past of a convolution's result."""
    field, axis = data.field, spec.layout.data.index("H")
    if field is None or kernel.convolved or field.axis not in (None, axis):
        return Flow(None, convolved=True, made_by=number)
    window = spec.geometry
    wider = field.seen_by(
        spec.layout.out.index("H"), window.taps, window.stride, window.dilation, window.upsample, window.padding[0]
    )
    return Flow(wider, convolved=True, made_by=number)


def through(equation: JaxprEqn, flows: Sequence[Flow]) -> Flow:
    """The past of the results of an operation that is no convolution and holds no function of its own."""
    name = equation.primitive.name
    result = joined(flows)
    out = _shape(equation.outvars[0]) if equation.outvars else ()
    shapes = [_shape(atom) for atom in equation.invars]
    if name not in _MIXING and all(_fits(shape, out) for shape in shapes):
        return result
    field = result.field
    if field is not None and field.axis is not None:
        moved = _moved(equation, flows, field)
        field = moved
    elif field is not None and name in _WINDOWS:
        field = _windowed(equation, field)
    keeps_order = name in ("transpose", "broadcast_in_dim", "reshape", "squeeze", *_IN_PLACE)
    made_by = result.made_by if name in _IN_PLACE or name == "broadcast_in_dim" else None
    return Flow(field, result.raw and keeps_order, result.convolved, made_by)


def _fits(shape: tuple[int, ...], out: tuple[int, ...]) -> bool:
    """Whether an operand of this shape takes part element by element: as it is, or repeated along axes of size one."""
    return not shape or (len(shape) == len(out) and all(size in (1, n) for size, n in zip(shape, out, strict=True)))


def _moved(equation: JaxprEqn, flows: Sequence[Flow], field: Field) -> Field | None:
    """The field after an operation that changes shapes."""
    name, params, axis = equation.primitive.name, equation.params, field.axis
    assert axis is not None
    if name == "transpose":
        return field.at(params["permutation"].index(axis))
    if name == "broadcast_in_dim":
        return field.at(params["broadcast_dimensions"][axis])
    if name == "squeeze":
        return _without(params["dimensions"], field)
    if name == "reshape":
        return _reshaped(_shape(equation.invars[0]), _shape(equation.outvars[0]), field)
    if name == "pad":
        before, _, interior = params["padding_config"][axis]
        return field.seen_by(axis, upsample=interior + 1, before=before)
    if name == "slice":
        stride = 1 if params["strides"] is None else params["strides"][axis]
        return field.seen_by(axis, stride=stride, before=-params["start_indices"][axis])
    if name == "concatenate":
        return _concatenated(equation, flows)
    if name in ("split", "dynamic_slice"):  # which part is not told apart: it reaches as far
        return field
    if name in _WINDOWS:
        return _windowed(equation, field)
    if name.startswith(("reduce_", "arg")) and "axes" in params:
        return _without(params["axes"], field)
    if name == "dot_general":
        return _multiplied(equation, flows)
    return None


def _without(gone: Sequence[int], field: Field) -> Field:
    """After some axes are gone; if that of the positions is one of them, there are none any more."""
    axis = field.axis or 0
    return field.at(None if axis in gone else axis - sum(each < axis for each in gone))


def _reshaped(before: tuple[int, ...], after: tuple[int, ...], field: Field) -> Field | None:
    """The axis that has as many elements in front of it, and is as long."""
    axis = field.axis or 0
    for place, size in enumerate(after):
        if size == before[axis] and math.prod(after[:place]) == math.prod(before[:axis]):
            return field.at(place)
    return None


def _windowed(equation: JaxprEqn, field: Field) -> Field | None:
    """After pooling."""
    windows, strides = equation.params["window_dimensions"], equation.params["window_strides"]
    places = [place for place, size in enumerate(windows) if size > 1] or [field.axis or 0]
    axis = field.axis if field.axis is not None else places[0]
    if len(places) > 1 or any(size != 1 for size in equation.params.get("base_dilation", ())):
        return None
    padding, dilation = equation.params["padding"], equation.params.get("window_dilation")
    return field.seen_by(axis, windows[axis], strides[axis], dilation[axis] if dilation else 1, before=padding[axis][0])


def _concatenated(equation: JaxprEqn, flows: Sequence[Flow]) -> Field | None:
    """Side by side in channels, or one after the other in time: then the longest decides, others being padding."""
    along, fields = equation.params["dimension"], [flow.field for flow in flows]
    sizes = [_shape(atom)[along] for atom in equation.invars]
    if all(field is None or field.axis in (None, along) for field in fields) and any(
        field is not None and field.axis == along for field in fields
    ):
        longest = max(range(len(sizes)), key=lambda place: sizes[place])
        field, before = fields[longest], [0, *itertools.accumulate(sizes)][longest]
        return None if field is None else field.seen_by(along, before=before)
    return _together(fields)


def _multiplied(equation: JaxprEqn, flows: Sequence[Flow]) -> Field | None:
    """After a matrix product: batch axes come first in its result, then what is left of each operand."""
    contracted, batch = equation.params["dimension_numbers"]
    found = []
    for place, flow in enumerate(flows[:2]):
        if flow.field is None or flow.field.axis is None:
            continue
        axis = flow.field.axis
        if axis in contracted[place]:
            found.append(Field())
        elif axis in batch[place]:
            found.append(flow.field.at(tuple(batch[place]).index(axis)))
        else:
            taken = {*contracted[place], *batch[place]}
            before = sum(each not in taken for each in range(axis))
            if place == 1:
                before += len(_shape(equation.invars[0])) - len(contracted[0]) - len(batch[0])
            found.append(flow.field.at(len(batch[place]) + before))
    return _together(found)


def _shape(atom: Any) -> tuple[int, ...]:
    return tuple(getattr(atom.aval, "shape", ()))
