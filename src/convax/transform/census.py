"""Find every convolution of a traced function, in order, with where it is, how often it runs and what it follows."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from jax import lax
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal

from convax.core import ConvSpec
from convax.jax_internals import inner_jaxprs, loop_of, scope_of, source_of
from convax.primitive import conv1d_p
from convax.transform.field import NOTHING, Field, Span
from convax.transform.flow import Flow, convolved, joined, through
from convax.transform.replacing import convolution_of

__all__ = ["Census", "Found", "Trimmed"]


@dataclasses.dataclass(frozen=True)
class Found:
    """One convolution of a function.

    Args:
        spec: What is computed.
        source: The caller's line, "model.py:12 (block)"; may be empty.
        scope: Named scopes and transformations, "net/transpose(jvp(block))"; may be empty.
        repeats: How often it runs, for a loop of known length; None inside of a loop of unknown length.
        branch: Whether it stands in one of several branches.
        looped: Whether it stands in a loop.
        planned: Whether it is convax's already.
        algorithm: What was asked for there; None for the planner's choice.
        kernel: Number of the value that is its kernel; the same one is the same parameters.
        kernel_is_data: Whether the kernel comes from a convolution itself.
        data: The past of its data.
        flow: The past of its result.
    """

    spec: ConvSpec
    source: str
    scope: str
    repeats: int | None
    branch: bool
    looped: bool
    planned: bool
    algorithm: Any
    kernel: int
    kernel_is_data: bool
    data: Flow
    flow: Flow

    @property
    def backward(self) -> bool:
        """Whether it belongs to a gradient."""
        return "transpose(" in self.scope


@dataclasses.dataclass(frozen=True)
class Trimmed:
    """Samples that are cut off right behind a convolution.

    Args:
        number: Of the convolution.
        before, after: How many, at either end.
    """

    number: int
    before: int
    after: int


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where the walk is: inside of which loops and branches."""

    repeats: int | None = 1
    branch: bool = False
    looped: bool = False
    scope: str = ""


class Census:
    """The convolutions of a traced function.

    Attributes:
        found: Those of one dimension, in order.
        others: How many have more dimensions, or sizes that are not known yet.
        trimmed: Where a result is cut right behind its convolution.
    """

    def __init__(self, function: ClosedJaxpr) -> None:
        self.found: list[Found] = []
        self.others = 0
        self.trimmed: list[Trimmed] = []
        body = function.jaxpr
        given = [Flow(raw=True) for _ in body.invars]
        self._walk(body, [Flow() for _ in body.constvars] + given, _Place())

    def _walk(self, jaxpr: Any, flows: Sequence[Flow], place: _Place, roots: Sequence[int] | None = None) -> list[Flow]:
        """The past of each result of a function body."""
        variables = [*jaxpr.constvars, *jaxpr.invars]
        known: dict[Any, Flow] = dict(zip(variables, flows, strict=True))
        # What a value is at bottom: parameters that are only reordered stay the same parameters.
        root: dict[Any, int] = dict(zip(variables, roots or [_unique() for _ in variables], strict=True))

        def flow_of(atom: Any) -> Flow:
            return Flow(NOTHING) if isinstance(atom, Literal) else known.get(atom, Flow(None))

        def root_of(atom: Any) -> int:
            return _unique() if isinstance(atom, Literal) else root.setdefault(atom, _unique())

        for equation in jaxpr.eqns:
            operands = [flow_of(atom) for atom in equation.invars]
            if equation.primitive is conv1d_p or equation.primitive is lax.conv_general_dilated_p:
                results = [self._convolution(equation, operands, root_of(equation.invars[1]), place)]
            elif any(True for _ in inner_jaxprs(equation)):
                results = self._inner(equation, operands, [root_of(atom) for atom in equation.invars], place)
            else:
                results = [through(equation, operands)] * len(equation.outvars)
                self._note_trimming(equation, operands)
                if len(equation.invars) == 1 and equation.primitive.name in _SAME_VALUES:
                    root[equation.outvars[0]] = root_of(equation.invars[0])
            known.update(zip(equation.outvars, results, strict=True))
        return [flow_of(atom) for atom in jaxpr.outvars]

    def _convolution(self, equation: JaxprEqn, flows: Sequence[Flow], kernel: int, place: _Place) -> Flow:
        spec = convolution_of(equation)
        if spec is None:
            self.others += 1
            return Flow(None, convolved=True)
        flow = convolved(spec, flows[0], flows[1], len(self.found))
        scope = "/".join(filter(None, [place.scope, scope_of(equation)]))
        algorithm = equation.params.get("algorithm")
        ours = equation.primitive is conv1d_p
        self.found.append(
            Found(
                spec,
                source_of(equation),
                scope,
                place.repeats,
                place.branch,
                place.looped,
                ours,
                algorithm,
                kernel,
                flows[1].convolved,
                flows[0],
                flow,
            )
        )
        return flow

    def _inner(self, equation: JaxprEqn, flows: Sequence[Flow], roots: Sequence[int], place: _Place) -> list[Flow]:
        scope = "/".join(filter(None, [place.scope, scope_of(equation)]))
        place = dataclasses.replace(place, scope=scope)
        loop = loop_of(equation)
        if loop is not None:
            return self._loop(loop, flows, roots, place)
        name, count = equation.primitive.name, len(equation.outvars)
        bodies = list(inner_jaxprs(equation))
        if name == "cond":
            branches = [
                self._walk(body, flows[1:], dataclasses.replace(place, branch=True), roots[1:]) for body in bodies
            ]
            return [joined(each) for each in zip(*branches, strict=True)]
        unknown_loop = name in ("while", "scan")
        if unknown_loop:
            place = dataclasses.replace(place, repeats=None, looped=True)
        outcomes = []
        for body in bodies:
            variables = len(body.constvars) + len(body.invars)
            if variables == len(flows) and not unknown_loop:
                outcomes.append(self._walk(body, flows, place, roots))
            else:
                outcomes.append(self._walk(body, [Flow(None)] * variables, place))
        if len(bodies) == 1 and len(outcomes[0]) == count and not unknown_loop:
            return outcomes[0]
        return [dataclasses.replace(joined(flows), field=None, made_by=None)] * count

    def _loop(self, loop: Any, flows: Sequence[Flow], roots: Sequence[int], place: _Place) -> list[Flow]:
        """A scan: what it carries reaches further with each turn, so its last turn is the one that is noted."""
        constants, carried = loop.constants, loop.carried
        slices = [_shifted(flow, -1) for flow in flows[constants + carried :]]
        inside = dataclasses.replace(
            place, repeats=None if place.repeats is None else place.repeats * loop.length, looped=True
        )

        def turn(carry: Sequence[Flow]) -> list[Flow]:
            return self._walk(loop.body, [*flows[:constants], *carry, *slices], inside, roots)

        def silent(carry: Sequence[Flow]) -> list[Flow]:
            kept = list(self.found), self.others, list(self.trimmed)
            results = turn(carry)[:carried]
            self.found, self.others, self.trimmed = kept
            return results

        start = list(flows[constants : constants + carried])
        if loop.length > 1:
            first = silent(start)
            second = silent(first)
            start = _carried(first, second, loop.length - 2)
            if loop.length > 3:  # else no turn is left out
                start = _where_steady(start, silent(second), _carried(first, second, 2))
        results = turn(start)
        return results[:carried] + [_shifted(flow, 1) for flow in results[carried:]]

    def _note_trimming(self, equation: JaxprEqn, flows: Sequence[Flow]) -> None:
        if equation.primitive.name != "slice" or flows[0].made_by is None or equation.params["strides"] is not None:
            return
        spec = self.found[flows[0].made_by].spec
        axis, output = spec.layout.out.index("H"), spec.geometry.output
        shape = equation.invars[0].aval.shape  # type: ignore[attr-defined, unused-ignore]
        if len(shape) != 3 or shape[axis] != output:
            return
        before, limit = equation.params["start_indices"][axis], equation.params["limit_indices"][axis]
        if (before, limit) != (0, output):
            self.trimmed.append(Trimmed(flows[0].made_by, before, output - limit))


# Operations of one operand whose result is the same parameters.
_SAME_VALUES = {"transpose", "reshape", "squeeze", "rev", "convert_element_type", "broadcast_in_dim", "copy"}


_unique = itertools.count().__next__  # numbers for values; only their being equal matters


def _shifted(flow: Flow, by: int) -> Flow:
    """The past of a value that gains a leading axis, or loses one."""
    if flow.field is None or flow.field.axis is None:
        return flow
    axis = flow.field.axis + by
    return dataclasses.replace(flow, field=flow.field.at(axis if axis >= 0 else None))


def _carried(first: Sequence[Flow], second: Sequence[Flow], turns: int) -> list[Flow]:
    return [_after(one, two, turns) for one, two in zip(first, second, strict=True)]


def _where_steady(flows: Sequence[Flow], third: Sequence[Flow], foreseen: Sequence[Flow]) -> list[Flow]:
    """The flows, unknown where the third turn is not as foreseen: values that change places grow every other turn."""
    return [
        flow if one.field == other.field else dataclasses.replace(flow, field=None)
        for flow, one, other in zip(flows, third, foreseen, strict=True)
    ]


def _after(one: Flow, two: Flow, turns: int) -> Flow:
    """What is carried after further turns that each add as much as the second one did."""
    start, then = one.field, two.field
    if turns == 0 or start is None or then is None or start == then:
        return dataclasses.replace(two, field=start)
    if (start.axis, start.period, start.step) != (then.axis, then.period, then.step):
        return dataclasses.replace(two, field=None)
    spans: list[Span] = []
    for before, after in zip(start.spans, then.spans, strict=True):
        if before is None or after is None:
            return dataclasses.replace(two, field=None)
        first, last = (b + turns * (a - b) for b, a in zip(before, after, strict=True))
        spans.append((first, last))
    return dataclasses.replace(two, field=Field(start.axis, tuple(spans), start.step))
