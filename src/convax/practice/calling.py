"""The first stages: whether the function can be called, and returns what it should."""

from __future__ import annotations

import dataclasses
import inspect

from convax.practice.comparing import Tried, explanation_of, not_an_array, symmetric_only
from convax.practice.failures import Failure
from convax.practice.finding import Finding, listing
from convax.practice.subject import Subject

__all__ = ["signature", "values"]


def signature(subject: Subject) -> Finding | None:
    """Does it take the arguments that it will be given?"""
    try:
        found = inspect.signature(subject.function)
    except (TypeError, ValueError):
        return None  # written in C: the call will tell
    try:
        found.bind(*subject.names)
    except TypeError as error:
        wanted = f"def {subject.exercise.call}:"
        return Finding(
            "wrong signature", (f"your function is called as {subject.exercise.call}, but: {error}",), wanted
        )
    return None


def values(subject: Subject) -> Finding | None:
    """Is every case right? If not, the smallest that fails, and what explains them all."""
    tried = [Tried(arguments, subject.expected(arguments), subject.asks(arguments)) for arguments in subject.cases]
    fault = next((case for case in tried if not case.ok), None)
    if fault is None:
        return None
    if isinstance(fault.yours, Failure):
        return subject.failed(fault.yours.error, fault.arguments)
    finding = not_an_array(fault.yours) or _exchange(subject, tried)
    if finding is None:
        arrays = [case for case in tried if isinstance(case.yours, Failure) or not_an_array(case.yours) is None]
        finding = explanation_of(arrays, subject.grading)
        if symmetric_only(arrays, subject.names):
            remark = "your function is right only for kernels that read the same both ways, such as [1, 1, 1]"
            finding = dataclasses.replace(finding, lines=(*finding.lines, remark))
    return dataclasses.replace(finding, case=listing(subject.names, fault.arguments, fault.yours, fault.expected))


def _exchange(subject: Subject, tried: list[Tried]) -> Finding | None:
    """Axes that lax reads otherwise than meant, in a call that it takes."""
    findings = (subject.exchange(case.arguments) for case in [case for case in tried if not case.ok][:3])
    return next((finding for finding in findings if finding is not None), None)
