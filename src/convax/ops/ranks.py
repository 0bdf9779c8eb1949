"""How many axes the operands have: one signal and one kernel, no batch, or many leading batch axes."""

from __future__ import annotations

import dataclasses
import math

from jax import Array

from convax.core import Layout
from convax.errors import ShapeError

__all__ = ["Ranks"]


@dataclasses.dataclass(frozen=True)
class Ranks:
    """The way from the caller's axes to three axes each, and back.

    Args:
        layout: Order of the three axes.
        lead: Shape of the leading batch axes, or None where the operands are one signal and one kernel.
    """

    layout: Layout
    lead: tuple[int, ...] | None

    @classmethod
    def of(cls, x: Array, w: Array, layout: Layout, per_group: str) -> Ranks:
        """Read the ranks of `x` and `w`.

        Args:
            x: Data.
            w: Kernel.
            layout: Order of the axes.
            per_group: The letter of the kernel's axis that counts within a group: I, or O for transposed kernels.

        Raises:
            ShapeError: Ranks that have no meaning together.
        """
        if x.ndim == w.ndim == 1:
            return cls(layout, None)
        if w.ndim != 3:
            raise ShapeError(
                f"w has shape {w.shape}, and a kernel has the three axes {layout.kernel}",
                f"{_axes(w)}, and there must be 3 ({', '.join(_WHAT[letter] for letter in layout.kernel)})",
                _kernel_repair(x, w, layout.kernel, per_group),
            )
        if x.ndim < 2:
            alone = layout.data.replace("N", "")
            added = f"x[{', '.join(':' if letter == 'H' else 'None' for letter in alone)}]"
            raise ShapeError(
                f"x has shape {x.shape}, and with a kernel of shape {w.shape} it needs the axes {alone}",
                f"{_axes(x)}, and there must be at least 2 (channels and space)",
                f"give it a channel axis, {added}, or pass a one-dimensional kernel too"
                if x.ndim
                else "pass a signal: an array with channels and samples",
            )
        if layout.data[0] != "N" and x.ndim != 3:
            raise ShapeError(
                f"x has shape {x.shape}, and layout {layout.data} names three axes",
                f"{_axes(x)}, and there must be 3: batch axes may be left out or added only where N stands first",
                'give x exactly three axes, or order them as layout="NCH" or "NHC" does',
            )
        lead = x.shape[:-2] if layout.data[0] == "N" else (x.shape[layout.data.index("N")],)
        return cls(layout, tuple(lead))

    def data(self, x: Array) -> Array:
        """The data with three axes."""
        if self.lead is None:
            return x.reshape([x.shape[0] if letter == "H" else 1 for letter in self.layout.data])
        return x if x.ndim == 3 else x.reshape(math.prod(self.lead), *x.shape[-2:])

    def kernel(self, w: Array) -> Array:
        """The kernel with three axes."""
        return w.reshape([w.shape[0] if letter == "H" else 1 for letter in self.layout.kernel]) if w.ndim == 1 else w

    def result(self, y: Array) -> Array:
        """The result with the caller's batch axes, where the output's layout has its N."""
        if self.lead is None:
            return y.reshape(-1)
        if len(self.lead) == 1:
            return y
        batch = self.layout.out.index("N")
        return y.reshape(*y.shape[:batch], *self.lead, *y.shape[batch + 1 :])


_WHAT = {"O": "output features", "I": "input channels", "H": "taps"}


def _axes(array: Array) -> str:
    return f"{array.ndim} {'axis' if array.ndim == 1 else 'axes'}"


def _kernel_repair(x: Array, w: Array, kernel: str, per_group: str) -> str:
    def added(letters: str) -> str:
        return f"w[{', '.join('None' if axis in letters else ':' for axis in kernel)}]"

    if w.ndim == 1 and x.ndim >= 2:
        return (
            f"for one input and one output channel pass {added('OI')}; for the same taps in each channel use jax.vmap"
        )
    if w.ndim == 2:
        return (
            f"add the missing axis: {added('O')} where it is the features, {added('I')} where it is the channels "
            f"(for a depthwise kernel {added(per_group)}, with groups=C)"
        )
    if w.ndim > 3:
        return "for 2-D and 3-D convolutions call convax.conv_general_dilated, which hands them to lax"
    return f"pass a kernel with the axes {kernel}, or two one-dimensional arrays"
