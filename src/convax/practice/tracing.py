"""The last stages: the traced program must not grow with the signal, and must hold the primitive that was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from convax.practice.failures import Failure, call
from convax.practice.finding import Finding
from convax.practice.programs import Program
from convax.practice.subject import Subject, as_jax

__all__ = ["SPELLED", "growth", "primitive", "structure"]

SPELLED = {"conv_general_dilated": "lax.conv_general_dilated", "fft": "jnp.fft"}


def growth(subject: Subject) -> Finding | None:
    """Has a Python loop been unrolled?"""
    lengths = (24, 96)
    counts = []
    for length in lengths:
        program = _program(subject, length)
        if isinstance(program, Failure):
            return subject.failed(program.error, subject.cases[0], "while it was traced")
        counts.append(len(program.equations))
    if counts[1] < 1.5 * counts[0]:
        return None
    return Finding(
        "Python loop",
        (
            "the values are right, but there is a Python loop under jit: when JAX traces your function it is unrolled,",
            f"to {counts[0]} operations for {lengths[0]} samples and {counts[1]} for {lengths[1]}. For a million "
            "samples that would take hours to compile",
        ),
        f"no `for` over the samples: {_asked(subject)} does all of them at once",
    )


def primitive(subject: Subject) -> Finding | None:
    """Is the primitive there?"""
    wanted = subject.exercise.primitive
    if wanted is None:
        return None
    program = _program(subject, 24)
    if wanted in program.names:
        return None
    instead = "convax's own conv1d" if "conv1d" in program.names else program.commonest()
    return Finding(
        f"no {SPELLED[wanted]}",
        (
            "your function is right: values, element types, jit, grad and vmap.",
            f"But the exercise asks for {SPELLED[wanted]}, and the traced program has none; it has {instead}",
        ),
        f"write it again with {SPELLED[wanted]}",
    )


def structure(subject: Subject) -> Finding | None:
    """Is the rest as the exercise wants it?"""
    if subject.grading.structure is None:
        return None
    arguments = subject.grading.sized(np.random.default_rng(3), 48)
    program = Program(subject.function, as_jax(arguments))
    amiss = subject.grading.structure(program.primitives, arguments)
    if amiss is None:
        return None
    return Finding("another way than asked for", ("your function is right, but:", amiss), "read the exercise once more")


def _program(subject: Subject, length: int) -> Any:
    arguments = subject.grading.sized(np.random.default_rng(3), length)
    subject.say(arguments, "while it was traced")
    return call(lambda: Program(subject.function, as_jax(arguments)))


def _asked(subject: Subject) -> str:
    return SPELLED.get(subject.exercise.primitive or "", "jnp")
