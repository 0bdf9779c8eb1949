"""Which equations convax takes over, and by which algorithm each is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
from jax import lax
from jax.extend.core import JaxprEqn

from convax.algorithms import ALGORITHMS, Algorithm
from convax.core import ConvSpec
from convax.errors import ArgumentTypeError
from convax.planner import Wisdom, device_name, resolve_algorithm
from convax.primitive import can_plan, conv1d_p, spec_of
from convax.transform.rewriting import Rewriting

__all__ = ["Choice", "choice_of", "convolution_of", "replacing"]

Choice = Callable[[ConvSpec], str | Algorithm | None]


def convolution_of(equation: JaxprEqn) -> ConvSpec | None:
    """The one-dimensional convolution that an equation is and that convax can plan, or None."""
    return _spec_of(equation) if _can_plan(equation) else None


def _can_plan(equation: JaxprEqn) -> bool:
    if equation.primitive is not conv1d_p and equation.primitive is not lax.conv_general_dilated_p:
        return False
    x, w = (atom.aval for atom in equation.invars)
    return can_plan(x, w, equation.params)


def _spec_of(equation: JaxprEqn) -> ConvSpec:
    x, w = (atom.aval for atom in equation.invars)
    return spec_of(x, w, equation.params)


def choice_of(algorithm: str | Algorithm | None, plans: Wisdom | Mapping[ConvSpec, Any] | None) -> Choice | None:
    """What a caller asks for: for each convolution its plan, else one algorithm wherever it serves; None for neither.

    Raises:
        AlgorithmError: An algorithm that does not exist.
        ArgumentTypeError: Plans that are neither wisdom nor a mapping.
    """
    algorithm = resolve_algorithm(algorithm)
    if plans is not None and not isinstance(plans, (Wisdom, Mapping)):
        raise ArgumentTypeError(
            f"plans is of type {type(plans).__name__}",
            "plans say for each convolution how to compute it",
            "pass a dictionary {ConvSpec: algorithm}, or a convax.Wisdom",
        )

    if algorithm is None and plans is None:
        return None

    def choice(spec: ConvSpec) -> str | Algorithm | None:
        planned = _planned(plans, spec)
        if planned is not None:
            return resolve_algorithm(planned)
        return algorithm if algorithm is not None and _serves(algorithm, spec) else None

    return choice


def _planned(plans: Wisdom | Mapping[ConvSpec, Any] | None, spec: ConvSpec) -> Any:
    if isinstance(plans, Wisdom):
        remembered = plans.recall(spec, device_name(jax.default_backend()))
        return None if remembered is None or remembered.algorithm.why_not(spec) else remembered.algorithm
    return None if plans is None else plans.get(spec)


def _serves(algorithm: str | Algorithm, spec: ConvSpec) -> bool:
    settings = ALGORITHMS[algorithm].candidates(spec) if isinstance(algorithm, str) else [algorithm]
    return any(setting.why_not(spec) is None for setting in settings)


def replacing(choice: Choice | None) -> Rewriting:
    """The rewriting that hands one-dimensional convolutions to the planner, each as a choice says, if there is one."""

    def change(equation: JaxprEqn) -> JaxprEqn | None:
        if not _can_plan(equation):
            return None
        wanted = None if choice is None else choice(_spec_of(equation))
        # A call of convax is planned already, and has decided where it names its algorithm.
        if equation.primitive is conv1d_p and (wanted is None or equation.params["algorithm"] is not None):
            return None
        return equation.replace(primitive=conv1d_p, params={**equation.params, "algorithm": wanted})

    return Rewriting(change, {conv1d_p: lax.conv_general_dilated_p})
