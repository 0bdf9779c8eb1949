"""An exercise as a value: what to write, examples, hints, a solution; it prints itself. No array is needed for that."""

from __future__ import annotations

import dataclasses
import html
import re
from typing import Any

from convax.practice.wording import paragraphs

__all__ = ["Example", "Exercise", "Shown"]


@dataclasses.dataclass(frozen=True, repr=False)
class Shown:
    """A text that a notebook or a prompt shows as it is."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


@dataclasses.dataclass(frozen=True)
class Example:
    """One call and its result, as nested lists of numbers; an argument that is a plain int is passed as one.

    Args:
        arguments: In the order of the signature.
        result: What comes out.
    """

    arguments: tuple[Any, ...]
    result: Any


@dataclasses.dataclass(frozen=True, repr=False)
class Exercise:
    """What to write, and all that is said about it before a judge looks at it.

    Args:
        name: Of the exercise and of the function.
        title: In a few words.
        call: The function with its parameters, "conv1d_basic(x, kernel)".
        task: What it computes, in plain sentences with the formula.
        shapes: Pairs of a name and its shape in words; the last is the result.
        examples: The first is shown; the judge tries all.
        hints: From a nudge to nearly the answer.
        solution: Source of a file that solves it.
        primitive: The primitive that the function's jaxpr must contain, by JAX's name, or None.

    Example:
        >>> exercise = Exercise("twice", "Double it", "twice(x)", "y[i] = 2 * x[i].", (("x", "(L,)"),),
        ...                     (Example(([1, 2],), [2, 4]),), ("Multiply.",), "twice = lambda x: 2 * x", None)
        >>> exercise.parameters
        ('x',)
        >>> print(exercise)
        twice: Double it
        <BLANKLINE>
        y[i] = 2 * x[i].
        <BLANKLINE>
            def twice(x):
                ...
        <BLANKLINE>
        shapes
            x   (L,)
        example
            twice([1, 2])
            gives [2, 4]
        <BLANKLINE>
        Arrays are JAX's, of any type of floats; the result has their type.
    """

    name: str
    title: str
    call: str
    task: str
    shapes: tuple[tuple[str, str], ...]
    examples: tuple[Example, ...]
    hints: tuple[str, ...]
    solution: str
    primitive: str | None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the function's parameters."""
        return tuple(re.findall(r"\w+", self.call.partition("(")[2]))

    def shown_call(self, arguments: tuple[Any, ...]) -> str:
        """A call of the function, as it is typed."""
        return f"{self.name}({', '.join(str(argument) for argument in arguments)})"

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.shapes) + 2
        example = self.examples[0]
        return "\n".join(
            (
                f"{self.name}: {self.title}",
                "",
                *paragraphs(self.task),
                "",
                f"    def {self.call}:",
                "        ...",
                "",
                "shapes",
                *(f"    {name:<{width}} {shape}" for name, shape in self.shapes),
                "example",
                f"    {self.shown_call(example.arguments)}",
                f"    gives {example.result}",
                "",
                "Arrays are JAX's, of any type of floats; the result has their type.",
            )
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"
