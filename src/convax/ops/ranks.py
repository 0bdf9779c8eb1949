"""How many axes the operands have: one signal and one kernel, no batch, or many leading batch axes."""

from __future__ import annotations

import dataclasses
import math

from jax import Array

from convax.core import Layout
from convax.errors import ShapeError

__all__ = ["Ranks", "check_channels"]


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
    def of(cls, x: Array, w: Array, layout: Layout, kernel_letters: str) -> Ranks:
        """Read the ranks of `x` and `w`.

        Raises:
            ShapeError: Ranks that have no meaning together.
        """
        if x.ndim == w.ndim == 1:
            return cls(layout, None)
        kernel = layout.kernel
        if w.ndim != 3:
            raise ShapeError(
                f"w has shape {w.shape}, and a kernel has the three axes {kernel}",
                f"{w.ndim} axes where there must be 3 ({', '.join(_WHAT[letter] for letter in kernel)})",
                _kernel_repair(x, w, kernel),
            )
        if x.ndim < 2:
            raise ShapeError(
                f"x has shape {x.shape}, and with a kernel of shape {w.shape} it needs the axes {layout.data[-2:]}",
                f"{x.ndim} axes where there must be at least 2 (channels and space)",
                f"give it a channel axis: x[{'None, :' if layout.data[-1] == 'H' else ':, None'}], or pass a "
                "one-dimensional kernel too",
            )
        if layout.data[0] != "N" and x.ndim != 3:
            raise ShapeError(
                f"x has shape {x.shape}, and layout {layout} names three axes",
                f"{x.ndim} axes where there must be 3; batch axes may be left out or added only where N stands first",
                'use layout="NCH" or "NHC", or give x exactly three axes',
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
        """The result with the caller's batch axes."""
        if self.lead is None:
            return y.reshape(-1)
        if len(self.lead) == 1 or self.layout.out[0] != "N":
            return y.reshape(y.shape[1:]) if self.lead == () else y
        return y.reshape(*self.lead, *y.shape[1:])


_WHAT = {"O": "output features", "I": "input channels", "H": "taps"}


def _kernel_repair(x: Array, w: Array, kernel: str) -> str:
    if w.ndim == 1 and x.ndim >= 2:
        picks = ", ".join(":" if letter == "H" else "None" for letter in kernel)
        return (
            f"to filter each channel with this one kernel call convax.correlate(x, w); for one input and one output "
            f"channel pass w[{picks}]"
        )
    if w.ndim == 2:
        return (
            f"shape {w.shape} leaves out one axis of {kernel}; add it, for example w[None] of shape {(1, *w.shape)}; a "
            "depthwise kernel (C, K) is w[:, None, :] with groups=C"
        )
    if w.ndim > 3:
        return "convax is one-dimensional: 2-D and 3-D convolutions are lax.conv_general_dilated's"
    return f"pass a kernel with the axes {kernel}"


def check_channels(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    layout: Layout,
    channels: int,
    kernel_channels: int,
    groups: int,
) -> None:
    """Raise a ShapeError where the kernel's input channels are not the data's channels per group."""
    if channels % groups == 0 and channels // groups == kernel_channels:
        return
    if channels % groups:
        near = min((d for d in range(1, channels + 1) if channels % d == 0), key=lambda d: abs(d - groups), default=1)
        raise ShapeError(
            f"groups={groups} does not divide the {channels} channels of x (shape {x_shape}, layout {layout.data})",
            f"{channels} / {groups} = {channels // groups} remainder {channels % groups}",
            f"take a number of groups that divides {channels}, for example {near}",
        )
    wanted = kernel_channels * groups
    repair = f"pass a kernel with {channels // groups} input channels, or data with {wanted} channels"
    if channels % kernel_channels == 0 if kernel_channels else False:
        repair += f", or groups={channels // kernel_channels}"
    if x_shape[layout.data.index("H")] == wanted:
        other = "NHC" if layout.data == "NCH" else "NCH"
        repair = (
            f"the axis that {layout.data} reads as space has size {wanted}: is the data laid out {other}? Then pass "
            f'layout="{other},{layout.kernel}" (or "{other}" with a kernel of the order '
            f"{'HIO' if other == 'NHC' else 'OIH'})"
        )
    raise ShapeError(
        f"x of shape {x_shape} has {channels} channels ({layout.data}), and the kernel of shape {w_shape} "
        f"({layout.kernel}) takes {kernel_channels} per group",
        f"{channels} channels / {groups} group{'s' * (groups > 1)} = {channels // groups}, not {kernel_channels}",
        repair,
    )
