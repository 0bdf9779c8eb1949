"""The next stages: what is right must stay right under jit, for other element types, under grad and under vmap."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from convax.practice.comparing import is_equal
from convax.practice.failures import Failure, call
from convax.practice.finding import Finding, listing
from convax.practice.grading import Arguments, of_dtype, wide
from convax.practice.programs import arrays_of, with_arrays
from convax.practice.subject import Subject, as_jax

__all__ = ["dtypes", "gradient", "jit", "vmap"]

JITTED = 2  # cases that are compiled: each takes time
STEP = 1e-6  # of the truth's numerical derivative, in float64
TOLERANCES = {"float16": 2e-2, "float32": 1e-4, "float64": 1e-6}


def jit(subject: Subject) -> Finding | None:
    """Does jax.jit of it return the same?"""
    for arguments in subject.cases[:JITTED]:
        yours = _compiled(subject, arguments, "under jax.jit")
        if isinstance(yours, Failure):
            return subject.failed(yours.error, arguments, "under jax.jit (without it, your function is right)")
        expected = subject.expected(arguments)
        if not is_equal(yours, expected):
            return Finding(
                "differs under jit",
                ("the plain call is right, but jax.jit of your function returns something else",),
                "compute everything from the arguments: no global variables, no random numbers",
                listing(subject.names, arguments, yours, expected),
            )
    return None


def dtypes(subject: Subject) -> Finding | None:
    """Does the result have the type of the arguments, with 64-bit types on?"""
    smallest = subject.cases[0]
    with jax.enable_x64(True):
        for dtype in subject.grading.dtypes:
            arguments = of_dtype(smallest, dtype)
            yours = _compiled(subject, arguments, f"in {dtype}")
            if isinstance(yours, Failure):
                return subject.failed(yours.error, arguments, f"for {dtype}")
            expected = subject.expected(arguments)
            case = listing(subject.names, arguments, yours, expected)
            if str(yours.dtype) != dtype:
                return dataclasses.replace(_wrong_dtype(dtype, str(yours.dtype)), case=case)
            if not is_equal(yours, expected, TOLERANCES[dtype]):
                says = f"for {dtype} the values are off by more than that type rounds"
                return Finding("inexact", (says,), "compute in the type of the arguments", case)
    return None


def _compiled(subject: Subject, arguments: Arguments, when: str) -> Any:
    """The call under jit, which is one compilation instead of one for each operation."""
    subject.say(arguments, when)
    function = jax.jit(lambda *arrays: subject.function(*with_arrays(arguments, arrays)))
    return call(lambda: function(*arrays_of(as_jax(arguments))))


def _wrong_dtype(given: str, returned: str) -> Finding:
    if returned == "float64":
        return Finding(
            "float64 leak",
            (
                f"wrong dtype: {given} goes in, and float64 comes out (with 64-bit types on): NumPy's float64 gets in",
                "somewhere, from np.float64, np.array, np.ones, np.mean, ... (a plain Python number would do no harm)",
            ),
            "use jnp with the type of the arguments: jnp.ones(3, x.dtype)",
        )
    return Finding(
        "wrong dtype",
        (f"wrong dtype: {given} goes in, and {returned} comes out; the result should have the type of the arguments",),
        "look for astype, dtype= and jnp arrays that are made without a dtype",
    )


def gradient(subject: Subject) -> Finding | None:
    """Is the gradient by every array the truth's?"""
    random = np.random.default_rng(2)
    drawn = subject.grading.sized(random, 12)
    arguments = with_arrays(drawn, [a + random.normal(0, 0.3, a.shape).astype(a.dtype) for a in arrays_of(drawn)])
    weights = random.normal(size=subject.expected(arguments).shape).astype(np.float32)
    subject.say(arguments, "under jax.grad")

    def loss(arrays: list[Any]) -> Any:
        return (subject.function(*with_arrays(arguments, arrays)) * weights).sum()

    found = call(lambda: jax.jit(jax.grad(loss))(arrays_of(as_jax(arguments))))
    if isinstance(found, Failure):
        return subject.failed(found.error, arguments, "under jax.grad (without it, your function is right)")
    names = [name for name, value in zip(subject.names, arguments, strict=True) if not isinstance(value, int)]
    for place, (name, by) in enumerate(zip(names, found, strict=True)):
        expected = _derivative(subject, arguments, place, weights)
        if not is_equal(by, expected, 1e-3):
            return Finding(
                "wrong gradient",
                (f"the values are right, but jax.grad by {name} is not: something cuts the way back",),
                "look for lax.stop_gradient, rounding, casts to integers, and NumPy",
                listing((f"gradient by {name}",), (arguments[subject.names.index(name)],), by, expected),
            )
    return None


def _derivative(subject: Subject, arguments: Arguments, place: int, weights: Any) -> Any:
    """By central differences of the truth, in float64."""
    arrays = [wide(array) for array in arrays_of(arguments)]
    gradient = np.zeros(arrays[place].shape)
    for index in np.ndindex(gradient.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = [array.copy() for array in arrays]
            moved[place][index] += step
            ends.append(float((subject.grading.truth(*with_arrays(arguments, moved)) * weights).sum()))
        gradient[index] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient


def vmap(subject: Subject) -> Finding | None:
    """Does jax.vmap over its first argument return the same?"""
    arguments = subject.cases[1]
    first, *others = arguments
    batch = np.stack([first, 2 - first, first * 3])
    given = (batch, *others)
    subject.say(arguments, "under jax.vmap")

    def mapped(*arrays: Any) -> Any:
        batched, *rest = with_arrays(given, arrays)
        return jax.vmap(lambda one: subject.function(one, *rest))(batched)

    yours = call(lambda: jax.jit(mapped)(*arrays_of(as_jax(given))))
    when = f"under jax.vmap over {subject.names[0]} (without it, your function is right)"
    if isinstance(yours, Failure):
        return subject.failed(yours.error, arguments, when)
    truth = np.stack([subject.expected((row, *others)) for row in batch])
    if is_equal(yours, truth):
        return None
    return Finding(
        "differs under vmap",
        ("the plain call is right, but jax.vmap of your function returns something else",),
        "compute everything from the arguments, and from their shapes inside of the function",
        listing((f"batch of {subject.names[0]}", *subject.names[1:]), given, yours, truth),
    )
