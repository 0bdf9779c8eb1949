"""PyTorch: torch.nn.functional's conv1d and conv_transpose1d; data N, C, L and kernel O, C / groups, K."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convax.explaining.tongues.dialect import TORCH
from convax.explaining.tongues.prepared import Prepared, added_by_mode, inner_window, prepare

if TYPE_CHECKING:
    from convax.explaining.explanation import Explanation

__all__ = ["torch"]


def torch(explanation: Explanation, wanted: str) -> list[str]:
    """The functional form; a layer's weight is w."""
    counted = "int" in wanted and wanted != "int64"
    transposes = explanation.call.function == "conv_transpose1d"
    # PyTorch convolves integers of 64 bits alone; cut to fewer bits they are the same integers.
    prepared = prepare(explanation, TORCH, "int64" if counted else wanted, adjoint=not transposes, pads=False)
    core = _transposed(prepared, explanation) if transposes else _plain(prepared, explanation)
    narrowed = [f"y = {TORCH.cast('y', wanted)}"] if counted else []
    return [*TORCH.imports, *prepared.before, *core, *narrowed, *prepared.after]


def _plain(prepared: Prepared, explanation: Explanation) -> list[str]:
    prepared.ordered(TORCH, "NCH", "OIH")
    if explanation.reading.mode is not None:  # PyTorch reflects and repeats the last axis of three
        prepared.before += added_by_mode(explanation, TORCH, 2, 3)
        prepared.geometry = inner_window(explanation)
    prepared.spread(TORCH)
    before, after = prepared.geometry.padding
    if before != after or before < 0:
        prepared.padded(TORCH)
    geometry = prepared.geometry
    parts = ["x", "w"]
    for name, value, plain in (
        ("stride", geometry.stride, 1),
        ("padding", geometry.padding[0], 0),
        ("dilation", geometry.dilation, 1),
        ("groups", prepared.groups, 1),
    ):
        if value != plain:
            parts.append(f"{name}={value}")
    return [f"y = F.conv1d({', '.join(parts)})"]


def _transposed(prepared: Prepared, explanation: Explanation) -> list[str]:
    prepared.ordered(TORCH, "NCH", "IOH")
    cut, geometry = explanation.reading.cut, prepared.geometry
    assert cut is not None
    before, after, extra = cut
    parts = ["x", "w"]
    native = before == after >= 0 and geometry.output > 0
    for name, value, plain in (
        ("stride", geometry.upsample, 1),
        ("padding", before if native else 0, 0),
        ("output_padding", extra if native else 0, 0),
        ("groups", prepared.groups, 1),
        ("dilation", geometry.dilation, 1),
    ):
        if value != plain:
            parts.append(f"{name}={value}")
    lines = [f"y = F.conv_transpose1d({', '.join(parts)})"]
    if not native:  # F.pad cuts where a number is negative
        ends = (-before, extra - after)
        if ends != (0, 0):
            lines.append(f"y = {TORCH.pad('y', 2, 3, ends)}")
    return lines
