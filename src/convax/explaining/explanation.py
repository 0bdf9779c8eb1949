"""What is known about a call: a value made of integers, which prints itself as text, as HTML, as a figure, as code."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from convax.core import ConvSpec, Geometry
from convax.errors import ArgumentError, ConvaxError
from convax.explaining.call import Call
from convax.explaining.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Explanation"]


@dataclasses.dataclass(frozen=True, eq=False)
class Explanation:
    """A convolution, explained.

    Printing it shows the axes, the padding drawn, the formula of the output's length with the numbers put in, the
    samples and taps behind one output, other paddings, which way the kernel runs, types, gradients. A notebook shows
    the same as HTML.

    Args:
        call: The call.
        reading: Its axes and its window.
        problem: The error that the call raises, or None.
        spec: The convolution as it is computed; None where the call fails.
        shape: Shape of the result; None where the call fails.
        dtype: Element type of the result.
        output: Index of the output that is shown in detail.
    """

    call: Call
    reading: Reading
    problem: ConvaxError | None = None
    spec: ConvSpec | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    output: int = 0

    @property
    def geometry(self) -> Geometry | None:
        """Lengths and steps; None where the call does not say them."""
        return self.reading.geometry

    @property
    def code(self) -> dict[str, str]:
        """The same call in other tongues, by name: code that takes x and w (and bias) and leaves the result in y."""
        from convax.explaining.tongues import TONGUES, said_in

        said = {name: said_in(name, self) for name in TONGUES}
        return {name: each.code for name, each in said.items() if each.code is not None}

    @property
    def unsaid(self) -> dict[str, str]:
        """The tongues that have no such call, each with the reason."""
        from convax.explaining.tongues import TONGUES, said_in

        said = {name: said_in(name, self) for name in TONGUES}
        return {name: each.reason for name, each in said.items() if each.reason is not None}

    def in_(self, tongue: str) -> str:
        """The call in one tongue, or a comment that says why there is none.

        Args:
            tongue: "lax", "jax.numpy", "numpy", "scipy", "torch", "flax", "equinox" or "keras".

        Raises:
            ArgumentError: Another word.
        """
        from convax.core.padding import nearest
        from convax.explaining.tongues import TONGUES, said_in

        name = {"jnp": "jax.numpy", "jax": "lax", "jax.lax": "lax", "np": "numpy", "pytorch": "torch"}.get(
            tongue.lower(), tongue.lower()
        )
        if name not in TONGUES:
            raise ArgumentError(f"{tongue!r} is no tongue that is known here", repair=nearest(name, TONGUES))
        said = said_in(name, self)
        return said.code if said.code is not None else f"# {said.reason}\n"

    def plot(self) -> Figure:
        """A figure: the padded signal, the kernel under one window, the products, the result.

        Raises:
            ImportError: matplotlib is not installed.
            ShapeError: Nothing could be drawn.
        """
        from convax.explaining.figure import draw

        return draw(self)

    def __str__(self) -> str:
        from convax.explaining.text import as_text

        return as_text(self)

    def __repr__(self) -> str:
        # The prompt shows what print shows: the value is its picture.
        return str(self)

    def _repr_html_(self) -> str:
        from convax.explaining.page import as_html

        return as_html(self)

    def as_dict(self) -> dict[str, Any]:
        """The facts for programs."""
        geometry = self.geometry
        return {
            "call": str(self.call),
            "shapes": {operand.name: list(operand.shape) for operand in self.call.operands},
            "geometry": None if geometry is None else dataclasses.asdict(geometry),
            "formula": None if geometry is None else geometry.formula(),
            "result": None if self.shape is None else list(self.shape),
            "dtype": self.dtype,
            "flipped": self.reading.flipped,
            "problem": None if self.problem is None else str(self.problem),
        }
