"""The library's own errors: each says what does not fit, shows the arithmetic, and names the repair."""

from __future__ import annotations

__all__ = ["AlgorithmError", "ArgumentError", "ArgumentTypeError", "ConvaxError", "ShapeError"]


class ConvaxError(Exception):
    """Base of all errors that convax raises; its text has up to three lines.

    Args:
        what: What does not fit, in the caller's words.
        arithmetic: The rule with the caller's numbers put in.
        repair: What to write instead.

    Example:
        >>> print(ConvaxError("the kernel is longer than the signal", "3 - 5 + 1 = -1", "pad the signal"))
        the kernel is longer than the signal
          because: 3 - 5 + 1 = -1
          repair:  pad the signal
    """

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


class ShapeError(ConvaxError, ValueError):
    """Shapes, lengths, channels or groups that do not fit together."""


class ArgumentError(ConvaxError, ValueError):
    """An argument of the right type whose value cannot be used."""


class ArgumentTypeError(ConvaxError, TypeError):
    """An argument of a type (or arrays of dtypes) that cannot be used."""


class AlgorithmError(ConvaxError, ValueError):
    """An algorithm, asked for by name, that does not exist or cannot serve the convolution."""
