"""The one-dimensional window: how long the output is, and which samples an output sees."""

from __future__ import annotations

import dataclasses
import functools

from convax.errors import ShapeError

__all__ = ["Geometry"]


@dataclasses.dataclass(frozen=True)  # no slots: what follows from the numbers is kept beside them
class Geometry:
    """Lengths and steps of a one-dimensional convolution.

    Output i is the sum over taps k of `w[k] * z[i * stride + k * dilation]`, where z is the signal with
    `upsample - 1` zeros between its samples, then padded (or, with negative padding, trimmed) at both ends.

    Args:
        length: Samples in the signal.
        taps: Taps in the kernel.
        stride: Samples between two windows (lax: window_strides).
        dilation: Samples between two taps (lax: rhs_dilation).
        upsample: Distance that the signal's samples are spread to (lax: lhs_dilation).
        padding: Samples added (before, after); negative numbers trim.

    Example:
        >>> Geometry(length=10, taps=3, stride=2).output
        4
        >>> print(Geometry(length=10, taps=3, stride=2))
        length 10, taps 3, stride 2 -> 4
    """

    length: int
    taps: int
    stride: int = 1
    dilation: int = 1
    upsample: int = 1
    padding: tuple[int, int] = (0, 0)

    @functools.cached_property
    def reach(self) -> int:
        """Samples from the first to the last tap: (taps - 1) * dilation + 1."""
        return (self.taps - 1) * self.dilation + 1 if self.taps else 0

    @property
    def spread(self) -> int:
        """Samples of the signal after upsampling: (length - 1) * upsample + 1."""
        return (self.length - 1) * self.upsample + 1 if self.length else 0

    @functools.cached_property
    def padded(self) -> int:
        """Samples that the window slides over: upsampled signal and padding."""
        return self.padding[0] + self.spread + self.padding[1]

    @functools.cached_property
    def output(self) -> int:
        """Number of outputs: floor((padded - reach) / stride) + 1, or 0 where no window fits."""
        return max(0, (self.padded - self.reach) // self.stride + 1)

    @property
    def over_padded(self) -> Geometry:
        """The same windows, over a signal that is upsampled and padded already."""
        return Geometry(self.padded, self.taps, self.stride, self.dilation)

    @property
    def is_plain(self) -> bool:
        """True where the windows touch: stride, dilation and upsample are all 1."""
        return self.stride == self.dilation == self.upsample == 1

    def formula(self) -> str:
        """The output-length formula with this geometry's numbers put in.

        Example:
            >>> Geometry(length=3, taps=5).formula()
            'floor((0 + 3 + 0 - 5) / 1) + 1 = -1'
        """
        before, after = self.padding
        spread = (
            f"(({self.length} - 1) * {self.upsample} + 1)" if self.length and self.upsample > 1 else f"{self.length}"
        )
        reach = f"(({self.taps} - 1) * {self.dilation} + 1)" if self.dilation > 1 else f"{self.taps}"
        result = (self.padded - self.reach) // self.stride + 1
        return f"floor(({before} + {spread} + {after} - {reach}) / {self.stride}) + 1 = {result}"

    def check_output(self) -> None:
        """Raise a ShapeError where no window fits into the signal."""
        if self.output > 0:
            return
        short = self.reach - self.padded
        what = (
            f"the kernel is longer than the input: it reaches over {self.reach} samples, and the input has "
            f"{self.padded}{' with its padding' if self.padding != (0, 0) else ''}, so there is no output"
        )
        if self.padded < 1 and min(self.padding) < 0:
            what = f"the padding {self.padding} trims off all {self.spread} samples of the input"
        word = ' (padding="SAME" keeps the length)' if self.upsample == self.stride == 1 else ""
        raise ShapeError(
            what,
            f"output length = {self.formula()}",
            f"add {short} or more samples of padding{word}, or shorten the kernel"
            + (" or its dilation" if self.dilation > 1 else ""),
        )

    def __str__(self) -> str:
        parts = [f"length {self.length}", f"taps {self.taps}"]
        parts += [f"{name} {value}" for name, value in self._steps() if value != 1]
        if self.padding != (0, 0):
            parts.append(f"padding {self.padding}")
        return ", ".join(parts) + f" -> {self.output}"

    def _steps(self) -> tuple[tuple[str, int], ...]:
        return ("stride", self.stride), ("dilation", self.dilation), ("upsample", self.upsample)
