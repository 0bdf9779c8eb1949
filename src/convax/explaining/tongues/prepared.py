"""The caller's arrays brought to three axes each, and the result brought back, in any dialect."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from convax.core import Geometry, Layout
from convax.explaining.tongues.dialect import Dialect

if TYPE_CHECKING:
    from convax.explaining.explanation import Explanation

__all__ = ["Prepared", "added_by_mode", "arrays", "biased", "inner_window", "prepare", "wanted_dtype"]


@dataclasses.dataclass
class Prepared:
    """What stands around the convolution itself.

    Args:
        before: Lines that make x and w, with three axes each.
        layout: Order of these axes, and of the result's.
        geometry: The window, with zeros as its padding.
        groups: Groups of channels.
        batch_groups: Groups of the batch.
        sizes: Batch, channels, features.
        after: Lines that make the caller's result of y.
    """

    before: list[str]
    layout: Layout
    geometry: Geometry
    groups: int
    batch_groups: int
    sizes: tuple[int, int, int]
    after: list[str]

    def ordered(self, dialect: Dialect, data: str, kernel: str) -> None:
        """Bring the axes into the one order that a house knows."""
        for name, have, want in (("x", self.layout.data, data), ("w", self.layout.kernel, kernel)):
            if have != want:
                self.before.append(f"{name} = {dialect.transpose(name, [have.index(letter) for letter in want])}")
        if self.layout.out != data:
            order = [data.index(letter) for letter in self.layout.out]
            self.after.insert(0, f"y = {dialect.transpose('y', order)}")
        self.layout = Layout(data, kernel, data)

    def spread(self, dialect: Dialect) -> None:
        """Write the zeros between the samples, where a house has no word for them; axes are N, C, H."""
        geometry = self.geometry
        if geometry.upsample == 1:
            return
        batch, channels, _ = self.sizes
        columns = dialect.pad("x[:, :, :, None]", 3, 4, (0, geometry.upsample - 1))
        shape = (batch, channels, geometry.length * geometry.upsample)
        self.before.append(f"x = {dialect.reshape(columns, shape)}[:, :, :{geometry.spread}]")
        self.geometry = dataclasses.replace(geometry, length=geometry.spread, upsample=1)

    def trimmed(self) -> None:
        """Write negative padding as slices; axes are N, C, H."""
        before, after = self.geometry.padding
        if min(before, after) >= 0:
            return
        start, stop = max(0, -before), self.geometry.length - max(0, -after)
        self.before.append(f"x = x[:, :, {start}:{stop}]")
        ends = (max(0, before), max(0, after))
        self.geometry = dataclasses.replace(self.geometry, length=stop - start, padding=ends)

    def padded(self, dialect: Dialect) -> None:
        """Write the padding; axes are N, C, H."""
        self.trimmed()
        if self.geometry.padding != (0, 0):
            self.before.append(f"x = {dialect.pad('x', 2, 3, self.geometry.padding)}")
            self.geometry = dataclasses.replace(self.geometry, length=self.geometry.padded, padding=(0, 0))


def wanted_dtype(explanation: Explanation) -> str:
    """The element type that both operands are brought to."""
    assert explanation.spec is not None and explanation.dtype is not None
    preferred = explanation.spec.out_dtype
    return explanation.spec.dtype.name if preferred is None else explanation.dtype


def arrays(explanation: Explanation, dialect: Dialect, wanted: str) -> str:
    """The line that makes arrays of x and w."""
    known = {_narrowed(operand.dtype) for operand in explanation.call.operands[:2]}
    dtype = None if known == {wanted} else wanted
    return f"x, w = {dialect.array('x', dtype)}, {dialect.array('w', dtype)}"


def _narrowed(dtype: str) -> str:
    return jax.dtypes.canonicalize_dtype(jnp.dtype(dtype)).name


def biased(explanation: Explanation, dialect: Dialect, shape: tuple[int, ...]) -> list[str]:
    """The line that adds the bias, if there is one."""
    if len(explanation.call.operands) < 3:
        return []
    vector = dialect.array("bias", explanation.dtype)
    return [f"y = y + {dialect.reshape(vector, shape)}"]


def inner_window(explanation: Explanation) -> Geometry:
    """The window that is left once samples other than zeros have been added before it."""
    geometry = explanation.geometry
    assert geometry is not None
    if explanation.reading.mode is None:
        return geometry
    return dataclasses.replace(geometry, length=geometry.padded, padding=(0, 0))


def added_by_mode(explanation: Explanation, dialect: Dialect, axis: int, rank: int) -> list[str]:
    """Lines that pad x by other samples than zeros, and trim it where an end is negative."""
    geometry, mode = explanation.geometry, explanation.reading.mode
    assert geometry is not None
    if mode is None or geometry.padding == (0, 0):
        return []
    before, after = geometry.padding
    lines = []
    if max(before, after) > 0:
        lines.append(f"x = {dialect.pad('x', axis, rank, (max(0, before), max(0, after)), mode)}")
    if min(before, after) < 0:
        whole = max(0, before) + geometry.length + max(0, after)
        places = [":"] * rank
        places[axis] = f"{max(0, -before)}:{whole - max(0, -after)}"
        lines.append(f"x = x[{', '.join(places)}]")
    return lines


def prepare(
    explanation: Explanation, dialect: Dialect, wanted: str, adjoint: bool = True, pads: bool = True
) -> Prepared:
    """The lines around a convolution of three axes.

    Args:
        explanation: Of a call that works.
        dialect: Of the house.
        wanted: Element type of both operands.
        adjoint: Whether the kernel of a transposed convolution is turned into that of the sliding window.
        pads: Whether padding by other samples than zeros is written at once, on the caller's own axes.
    """
    lines = [arrays(explanation, dialect, wanted)]
    if explanation.call.function in ("convolve", "correlate"):
        return _of_numpy(explanation, dialect, lines)
    reading, call, spec = explanation.reading, explanation.call, explanation.spec
    assert reading.layout is not None and spec is not None and explanation.shape is not None
    layout, rank = reading.layout, len(call.operands[0].shape)
    geometry = inner_window(explanation) if pads else explanation.geometry
    assert geometry is not None
    after: list[str] = []
    if rank == 1:
        lines += added_by_mode(explanation, dialect, 0, 1) if pads else []
        lines.append("x, w = x[None, None, :], w[None, None, :]")
        layout = Layout("NCH", "IOH" if call.function == "conv_transpose1d" else "OIH")
        after.append("y = y[0, 0]")
    else:
        space = reading.data_axes.index("H")
        lines += added_by_mode(explanation, dialect, space, rank) if pads else []
        if rank == 2:
            lines.append("x = x[None]")
            after.append(f"y = y[{', '.join('0' if letter == 'N' else ':' for letter in layout.out)}]")
        elif rank > 3:
            sizes = {"H": geometry.length, "C": spec.channels}
            shape = [math.prod(call.operands[0].shape[:-2]), *(sizes[letter] for letter in layout.data[1:])]
            lines.append(f"x = {dialect.reshape('x', shape)}")
            after.append(f"y = {dialect.reshape('y', explanation.shape)}")
    if call.function == "conv_transpose1d" and adjoint:
        lines += _adjoint(dialect, layout, reading.groups, (spec.channels, spec.features, geometry.taps))
        layout = Layout(layout.data, "OIH", layout.out)
    bias = biased(explanation, dialect, tuple(-1 if letter == "C" else 1 for letter in layout.out))
    sizes3 = (spec.batch, spec.channels, spec.features)
    return Prepared(lines, layout, geometry, spec.feature_groups, spec.batch_groups, sizes3, bias + after)


def _adjoint(dialect: Dialect, layout: Layout, groups: int, sizes: tuple[int, int, int]) -> list[str]:
    channels, features, taps = sizes
    if groups == 1:
        order = [layout.kernel.index(letter) for letter in "OIH"]
        turned = "w" if order == [0, 1, 2] else dialect.transpose("w", order)
        return [f"w = {dialect.flip(turned)}"]
    lines = []
    if layout.kernel != "IOH":
        lines.append(f"w = {dialect.transpose('w', [layout.kernel.index(letter) for letter in 'IOH'])}")
    split = dialect.reshape("w", (groups, channels // groups, features // groups, taps))
    whole = dialect.reshape(dialect.transpose(split, (0, 2, 1, 3)), (features, channels // groups, taps))
    return [*lines, f"w = {dialect.flip(whole)}"]


def _of_numpy(explanation: Explanation, dialect: Dialect, lines: list[str]) -> Prepared:
    """NumPy's functions for one axis: both operands flat, or every pair of the broadcast axes a group of its own."""
    reading, spec, call, geometry = explanation.reading, explanation.spec, explanation.call, explanation.geometry
    assert spec is not None and geometry is not None and explanation.shape is not None
    axis = call.setting("axis")
    shapes = []
    for name, operand in zip("xw", call.operands, strict=False):
        shape = list(operand.shape)
        if not shape:
            lines.append(f"{name} = {dialect.reshape(name, (1,))}")
            shape = [1]
        elif len(shape) > 1 and axis % len(shape) != len(shape) - 1:
            lines.append(f"{name} = {dialect.move(name, axis, -1)}")
            shape.append(shape.pop(axis))
        shapes.append(shape)
    if reading.conjugated and spec.dtype.kind == "complex":
        lines.append(f"w = {dialect.conjugate('w')}")
    if reading.swapped:
        lines.append("x, w = w, x")
        shapes.reverse()
    if reading.flipped:
        lines.append(f"w = {dialect.flip('w')}")
    after = [f"y = {dialect.flip('y')}"] if reading.reversed else []
    batch = jnp.broadcast_shapes(*(tuple(shape[:-1]) for shape in shapes))
    count = math.prod(batch)
    sizes, groups = (1, 1, 1), 1
    if not batch:
        lines.append("x, w = x[None, None, :], w[None, None, :]")
        after.insert(0, "y = y[0, 0]")
    elif math.prod(shapes[1][:-1]) == 1:
        lines.append(f"x = {dialect.reshape('x', (count, 1, geometry.length))}")
        lines.append(f"w = {dialect.reshape('w', (1, 1, geometry.taps))}")
        sizes = (count, 1, 1)
    else:
        for name, length, lead in (("x", geometry.length, (1, count)), ("w", geometry.taps, (count, 1))):
            whole = dialect.broadcast(name, (*batch, length))
            lines.append(f"{name} = {dialect.reshape(whole, (*lead, length))}")
        sizes, groups = (1, count, count), count
    if batch:
        after.insert(0, f"y = {dialect.reshape('y', (*batch, geometry.output))}")
        if axis % len(explanation.shape) != len(batch):
            after.append(f"y = {dialect.move('y', -1, axis)}")
    return Prepared(lines, Layout(), geometry, groups, 1, sizes, after)
