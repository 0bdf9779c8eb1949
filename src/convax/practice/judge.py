"""The judge: one stage after the other, each finding nothing or one thing that is wrong.

First the plain calls, from the smallest case to the largest; then jit, other element types, the gradient, vmap;
at last the traced program.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax

from convax.practice.calling import signature, values
from convax.practice.exercise import Exercise
from convax.practice.finding import Finding
from convax.practice.gradings import GRADINGS
from convax.practice.subject import Subject, cases_of
from convax.practice.tracing import SPELLED, growth, primitive, structure
from convax.practice.transforming import dtypes, gradient, jit, vmap
from convax.practice.verdict import Verdict

__all__ = ["judge"]

Stage = Callable[[Subject], Finding | None]
STAGES: tuple[Stage, ...] = (signature, values, jit, dtypes, gradient, vmap, growth, primitive, structure)


def judge(
    function: Callable[..., Any], exercise: Exercise, watch: Callable[[str], None] = lambda text: None
) -> Verdict:
    """Runs a function through all stages.

    Args:
        function: The learner's.
        exercise: Which it should solve.
        watch: Is told each call in words before it is made, so that a crash can be blamed on one.

    Returns:
        The verdict; whatever the function does short of ending the process, nothing is raised.
    """
    grading = GRADINGS[exercise.name]
    subject = Subject(function, exercise, grading, cases_of(exercise, grading), watch)
    with _plain_jax():
        for stage in STAGES:
            finding = stage(subject)
            if finding is not None:
                return Verdict(exercise.name, False, finding.diagnosis, finding.lines, finding.case, finding.repair)
    types = ", ".join(grading.dtypes)
    lines = [f"right in {len(subject.cases)} cases and for {types}, under jit, grad and vmap"]
    if exercise.primitive is not None:
        lines.append(f"it uses {SPELLED[exercise.primitive]}, and its program does not grow with the signal")
    return Verdict(exercise.name, True, "accepted", tuple(lines))


@contextlib.contextmanager
def _plain_jax() -> Iterator[None]:
    """JAX as it comes, whatever the caller has set, so that a verdict depends on the function alone."""
    settings: Any = jax.config  # whose functions have no types
    filtering = settings.jax_traceback_filtering
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.default_matmul_precision("highest"),  # also where the device would round to fewer bits
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        settings.update("jax_traceback_filtering", "off")  # the frame of lax's function is read
        try:
            yield
        finally:
            settings.update("jax_traceback_filtering", filtering)
