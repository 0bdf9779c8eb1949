"""Practice: exercises from the first convolution to overlap-save, and a judge that says precisely what is wrong.

`check` imports JAX when it is called; everything else is text.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from convax.errors import ArgumentError, ArgumentTypeError
from convax.practice.catalogue import EXERCISES
from convax.practice.exercise import Example, Exercise, Shown
from convax.practice.progress import open_hint, remember_solved, standings
from convax.practice.verdict import Verdict
from convax.practice.wording import sentence

__all__ = ["Example", "Exercise", "Shown", "Verdict", "check", "exercises", "hint", "show", "solution", "solved"]


def exercises() -> tuple[Exercise, ...]:
    """All exercises, in the order in which they are best done.

    Returns:
        The exercises; each prints itself.

    Example:
        >>> exercises()[0].name
        'conv1d_basic'
    """
    return EXERCISES


def show(name: str) -> Exercise:
    """One exercise: what to write, shapes, an example.

    Args:
        name: Of the exercise.

    Returns:
        The exercise; it prints itself.

    Raises:
        ArgumentError: There is no such exercise.

    Example:
        >>> show("causal").title
        'no look into the future'
    """
    found = next((exercise for exercise in EXERCISES if exercise.name == name), None)
    if found is not None:
        return found
    names = [exercise.name for exercise in EXERCISES]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    raise ArgumentError(
        f"there is no exercise {name!r}",
        repair=f"did you mean {near[0]!r}?" if near else f"take one of {', '.join(names)}",
    )


def hint(name: str) -> Shown:
    """Opens the next hint of an exercise, and shows it with those that were opened before.

    Args:
        name: Of the exercise.

    Returns:
        The hints that are open; the text prints itself.

    Raises:
        ArgumentError: There is no such exercise.

    Example:
        >>> print(hint("strided"))
        hint 1 of 2: lax calls it window_strides.
    """
    hints = show(name).hints
    opened = open_hint(name, len(hints))
    texts = (f"hint {number} of {len(hints)}: {text}" for number, text in enumerate(hints[:opened], 1))
    return Shown("\n".join(line for text in texts for line in sentence(text, hanging="  ")))


def solution(name: str) -> Shown:
    """A solution of an exercise; try it yourself first.

    Args:
        name: Of the exercise.

    Returns:
        The source; it prints itself.

    Raises:
        ArgumentError: There is no such exercise.

    Example:
        >>> "VALID" in str(solution("conv1d_basic"))
        True
    """
    return Shown(show(name).solution.rstrip("\n"))


def check(function: Callable[..., Any], name: str | None = None) -> Verdict:
    """Judges a function: values, jit, element types, gradient, vmap, and the primitive that the exercise asks for.

    The function runs in this process, so an endless loop in it does not end here; the command `convax practice check`
    runs a file in a process of its own, with a time limit.

    Args:
        function: Yours.
        name: The exercise; the function's own name if left out.

    Returns:
        The verdict: `ok`, and what is wrong with the smallest case that fails. It prints itself.

    Raises:
        ArgumentError: There is no such exercise.
        ArgumentTypeError: What was passed cannot be called.

    Example:
        >>> import jax.numpy as jnp
        >>> verdict = check(lambda x, kernel: jnp.convolve(x, kernel, mode="valid"), "conv1d_basic")
        >>> print(verdict.lines[0])
        your result equals numpy.convolve(x, kernel, mode="valid"): the kernel was flipped
    """
    if not callable(function):
        raise ArgumentTypeError(
            f"check takes a function, and got {type(function).__name__}",
            repair="pass the function itself, without calling it: check(conv1d_basic)",
        )
    if name is None:
        name = getattr(function, "__name__", type(function).__name__)
        if name not in (exercise.name for exercise in EXERCISES):
            raise ArgumentError(
                f"there is no exercise {name!r}, which is the name of your function",
                repair='say which it solves: check(your_function, "conv1d_basic")',
            )
    exercise = show(name)
    from convax.practice.judge import judge

    verdict = judge(function, exercise)
    if verdict.ok:
        remember_solved(name)
    return verdict


def solved() -> frozenset[str]:
    """Names of the exercises that were solved.

    Returns:
        The names; in a notebook without the package platformdirs, those of this session.
    """
    return frozenset(name for name, standing in standings().items() if standing.solved)
