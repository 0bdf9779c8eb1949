"""The library's own errors: each says what does not fit, shows the arithmetic, and names the repair."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

__all__ = ["AlgorithmError", "ArgumentError", "ArgumentTypeError", "ConvaxError", "FailedCall", "ShapeError"]


@dataclasses.dataclass(frozen=True)
class FailedCall:
    """The call that an error left: names and numbers only, so that it can be kept and pickled.

    Args:
        function: Public name of the function, "conv1d".
        operands: Shape and element type of each operand, in order.
        settings: Names and values of the other arguments.
    """

    function: str
    operands: tuple[tuple[tuple[int, ...], str], ...]
    settings: tuple[tuple[str, Any], ...] = ()


class ConvaxError(Exception):
    """Base of all errors that convax raises; its text has up to three lines.

    Args:
        what: What does not fit, in the caller's words.
        arithmetic: The rule with the caller's numbers put in.
        repair: What to write instead.

    Attributes:
        call: The call that failed, where a function that takes arrays raised it.

    Example:
        >>> print(ConvaxError("the kernel is longer than the signal", "3 - 5 + 1 = -1", "pad the signal"))
        the kernel is longer than the signal
          because: 3 - 5 + 1 = -1
          repair:  pad the signal
    """

    call: FailedCall | None = None

    def __init__(self, what: str, arithmetic: str = "", repair: str = "") -> None:
        # All three are kept in `args`, so that the error survives pickling (worker processes raise it too).
        super().__init__(what, arithmetic, repair)
        self.what = what
        self.arithmetic = arithmetic
        self.repair = repair

    def __str__(self) -> str:
        lines = [self.what]
        if self.arithmetic:
            lines.append(f"  because: {self.arithmetic}")
        if self.repair:
            lines.append(f"  repair:  {self.repair}")
        return "\n".join(lines)

    @property
    def explanation(self) -> Any:
        """The `convax.Explanation` of the call that failed, made when it is asked for; None where no call is known.

        Example:
            >>> import convax
            >>> try:
            ...     convax.conv1d_basic([1.0, 2.0], [1.0, 1.0, 1.0])
            ... except ConvaxError as error:
            ...     print(error.explanation.geometry)
            length 2, taps 3 -> 0
        """
        if self.call is None:
            return None
        # Found by name: this is the lowest floor, and knows nothing of what stands on it.
        return importlib.import_module("convax.explaining").explain(self)


class ShapeError(ConvaxError, ValueError):
    """Shapes, lengths, channels or groups that do not fit together."""


class ArgumentError(ConvaxError, ValueError):
    """An argument of the right type whose value cannot be used."""


class ArgumentTypeError(ConvaxError, TypeError):
    """An argument of a type (or arrays of dtypes) that cannot be used."""


class AlgorithmError(ConvaxError, ValueError):
    """An algorithm, asked for by name, that does not exist or cannot serve the convolution."""
