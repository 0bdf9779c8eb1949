"""The pictures of the lessons: a kernel that slides, its products and sums, with the numbers that convax computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import convax
from convax.core import Geometry
from pages.drawing import DATA, FAINT, INK, KERNEL, OTHER, PAD, PRODUCT, RESULT, Canvas, Colour

__all__ = ["PICTURES"]

LEFT = 2.6  # room for the names of rows


def step(signal: Sequence[int], kernel: Sequence[int], output: int) -> Canvas:
    """One step of the worked example: signal, kernel below its window, products, and the sum among the outputs."""
    taps, outputs = len(kernel), convax.conv1d_basic(list(signal), list(kernel)).tolist()
    canvas = Canvas(LEFT + len(signal) + 1.9, 6.4)
    for y, name in ((5.2, "signal x"), (3.9, "kernel w"), (2.6, "products"), (0.2, "output y")):
        canvas.words(0.1, y + 0.5, name)
    for place, value in enumerate(signal):
        inside = output <= place < output + taps
        canvas.cell(LEFT + place, 5.2, value, DATA if inside else (PAD[0], FAINT), strong=inside)
    for tap, weight in enumerate(kernel):
        x = LEFT + output + tap
        canvas.cell(x, 3.9, weight, KERNEL)
        canvas.cell(x, 2.6, signal[output + tap] * weight, PRODUCT)
        canvas.words(x + 0.5, 5.05, "×", ha="center", color=FAINT)  # noqa: RUF001
        canvas.words(x + 0.5, 3.74, "=", ha="center", color=FAINT)
    for place, value in enumerate(outputs):
        known = place <= output
        canvas.cell(LEFT + place, 0.2, value if known else None, RESULT if known else PAD, strong=place == output)
    middle = LEFT + output + taps / 2
    canvas.arrow((middle, 2.55), (LEFT + output + 0.5, 1.25))
    products = [signal[output + tap] * weight for tap, weight in enumerate(kernel)]
    terms = " + ".join(map(str, products))
    canvas.words(middle + 0.25, 1.95, f"{terms} = {outputs[output]}", size=10)
    return canvas


def sliding(
    signal: Sequence[float],
    kernel: Sequence[float],
    *,
    title: str = "",
    stride: int = 1,
    dilation: int = 1,
    padding: str | tuple[int, int] = "VALID",
    names: str = "kernel w",
    onto: tuple[Canvas, float] | None = None,
) -> Canvas:
    """The signal, the kernel below it once for each output, and each output at the end of its line."""
    result = convax.conv1d(
        np.asarray(signal), np.asarray(kernel), stride=stride, dilation=dilation, padding=padding
    ).tolist()
    before, after = _padding(len(signal), len(kernel), stride, dilation, padding)
    canvas, top = onto or (Canvas(*_size(signal, kernel, stride, dilation, padding)), 0.0)
    y = canvas.height - 1.1 - top
    if title:
        canvas.words(0.1, y + 0.55, title, weight="bold")
        y -= 1.05
    start = LEFT + before
    canvas.words(0.1, y + 0.5, "signal x")
    canvas.row(LEFT, y, [0] * before, PAD)
    canvas.row(start, y, signal, DATA)
    canvas.row(start + len(signal), y, [0] * after, PAD)
    end = LEFT + before + len(signal) + after + 0.3
    for output, value in enumerate(result):
        y -= 1
        if output == 0:
            canvas.words(0.1, y + 0.5, names)
        first = LEFT + output * stride
        reach = (len(kernel) - 1) * dilation
        canvas.line((first + 0.5, y + 0.5), (first + reach + 0.5, y + 0.5), KERNEL[1], 1.0)
        for tap, weight in enumerate(kernel):
            canvas.cell(first + tap * dilation, y, weight, KERNEL)
        canvas.arrow((first + reach + 1.0, y + 0.5), (end, y + 0.5))
        canvas.cell(end + 0.1, y, value, RESULT)
    return canvas


def _padding(length: int, taps: int, stride: int, dilation: int, padding: Any) -> tuple[int, int]:
    from convax.core import resolve_padding

    return resolve_padding(padding, length, (taps - 1) * dilation + 1, stride)


def _size(signal: Any, kernel: Any, stride: int, dilation: int, padding: Any) -> tuple[float, float]:
    before, after = _padding(len(signal), len(kernel), stride, dilation, padding)
    geometry = Geometry(len(signal), len(kernel), stride=stride, dilation=dilation, padding=(before, after))
    return LEFT + len(signal) + before + after + 1.7, geometry.output + 2.35


def stacked(*parts: dict[str, Any]) -> Canvas:
    """Several sliding kernels below each other."""
    sizes = [
        _size(p["signal"], p["kernel"], p.get("stride", 1), p.get("dilation", 1), p.get("padding", "VALID"))
        for p in parts
    ]
    canvas = Canvas(max(width for width, _ in sizes), sum(height for _, height in sizes))
    top = 0.0
    for part, (_, height) in zip(parts, sizes, strict=True):
        sliding(**part, onto=(canvas, top))
        top += height
    return canvas


def axes_of_one() -> Canvas:
    """A one-dimensional signal and kernel, and what lax takes: three axes each, two of them of size one."""
    canvas = Canvas(15.4, 6.5)
    for y, name, values, colour, letters in (
        (4.4, "x", (1, 2, 3, 4, 5), DATA, "N C H"),
        (1.2, "w", (1, 1, 1), KERNEL, "O I H"),
    ):
        count = len(values)
        canvas.words(0.1, y + 0.5, name, weight="bold")
        canvas.row(0.8, y, values, colour)
        canvas.words(0.8, y - 0.35, f"shape ({count},)", size=10)
        canvas.arrow((6.2, y + 0.5), (7.9, y + 0.5))
        canvas.words(7.05, y + 0.95, f"{name}[None, None, :]", size=8.5, ha="center")
        outer, inner, last = letters.split()
        for margin in (0.15, 0.45):
            _frame(canvas, 8.9 - margin, y - margin, count + 2 * margin, 1 + 2 * margin, colour[1])
        canvas.row(8.9, y, values, colour)
        canvas.words(8.9, y - 0.85, f"shape (1, 1, {count}):  {outer} = 1, {inner} = 1, {last} = {count}", size=10)
    return canvas


def _frame(canvas: Canvas, x: float, y: float, width: float, height: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    canvas.axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=1.0))


def groups() -> Canvas:
    """Which channels a feature sees: all, those of its group, its own."""
    canvas = Canvas(14.6, 6.4)
    for column, (title, parts) in enumerate((("groups=1 (dense)", 1), ("groups=2", 2), ("groups=4 (depthwise)", 4))):
        x = 0.4 + column * 4.9
        canvas.words(x, 5.9, title, weight="bold", size=10.5)
        size = 4 // parts
        for row in range(4):
            y = 4.2 - row * 1.25
            group = row // size
            colour: Colour = (DATA, OTHER, RESULT, PRODUCT)[group]
            canvas.cell(x, y, f"c{row}", colour)
            canvas.cell(x + 3, y, f"o{row}", colour)
            for other in range(group * size, (group + 1) * size):
                canvas.line((x + 1.0, 4.7 - other * 1.25), (x + 3.0, y + 0.5), colour[1], 1.0)
    return canvas


def transposed() -> Canvas:
    """Each sample stamps a copy of the kernel, two outputs further; where copies overlap they add up."""
    signal, kernel, stride = [1, 2, 3], [1, 10, 100], 2
    result = convax.conv_transpose1d(np.asarray(signal), np.asarray(kernel), stride=stride).tolist()
    canvas = Canvas(LEFT + 1.9 + len(result) + 0.6, 7.4)
    canvas.words(0.1, 6.6, "signal x")
    canvas.words(LEFT + 1.9, 6.6, "sample i times the kernel 1 10 100, at 2 · i", size=10)
    for place, value in enumerate(signal):
        y = 5.0 - place * 1.2
        canvas.cell(LEFT, y, value, DATA)
        canvas.arrow((LEFT + 1.1, y + 0.5), (LEFT + 1.9 + place * stride - 0.05, y + 0.5))
        canvas.row(LEFT + 1.9 + place * stride, y, [value * weight for weight in kernel], KERNEL)
    canvas.line((LEFT + 1.9, 1.9), (canvas.width - 0.3, 1.9), INK, 1.0)
    canvas.words(0.1, 1.1, "output y (sum)")
    canvas.row(LEFT + 1.9, 0.6, result, RESULT)
    return canvas


def gradients() -> Canvas:
    """Forward, sample 2 goes into three outputs; backward, its gradient comes from the same three, taps reversed."""
    canvas = Canvas(LEFT + 8.8, 5.6)
    canvas.words(0.1, 4.9, "signal x")
    canvas.words(0.1, 1.5, "output y")
    for place in range(5):
        canvas.cell(LEFT + 1.5 * place, 4.4, f"x{place}", DATA, strong=place == 2)
    for output in range(3):
        x = LEFT + 1.5 * (output + 1)
        canvas.cell(x, 1.0, f"y{output}", RESULT)
        start, end = (LEFT + 3.5, 4.35), (x + 0.5, 2.05)
        canvas.arrow(start, end, KERNEL[1])
        middle = (start[0] + end[0]) / 2 + (-0.65, 0.15, 0.25)[output]
        canvas.words(middle, 3.2, f"w{2 - output}", size=10.5, color=KERNEL[1])
    canvas.words(0.1, 0.4, "dx2  =  w2 · dy0 + w1 · dy1 + w0 · dy2:  the taps in reverse order")
    return canvas


PICTURES: Mapping[str, Callable[[], Canvas]] = {
    **{f"step-{output}": lambda output=output: step([1, 2, 3, 4, 5], [1, 1, 1], output) for output in range(3)},
    "axes": axes_of_one,
    "same": lambda: stacked(
        {"signal": [1, 2, 3, 4, 5], "kernel": [1, 1, 1], "title": "VALID: the window inside the signal"},
        {"signal": [1, 2, 3, 4, 5], "kernel": [1, 1, 1], "title": "SAME: a zero at each end", "padding": "SAME"},
    ),
    "flip": lambda: stacked(
        {"signal": [0, 0, 1, 0, 0], "kernel": [1, 2, 3], "title": "cross-correlation: the kernel as it is"},
        {"signal": [0, 0, 1, 0, 0], "kernel": [3, 2, 1], "title": "convolution: flipped first", "names": "flipped w"},
    ),
    "strides": lambda: stacked(
        {"signal": [1, 2, 3, 4, 5, 6, 7], "kernel": [1, 1, 1], "title": "stride 1"},
        {"signal": [1, 2, 3, 4, 5, 6, 7], "kernel": [1, 1, 1], "title": "stride 2", "stride": 2},
    ),
    "dilation": lambda: stacked(
        {"signal": [1, 2, 3, 4, 5, 6, 7], "kernel": [1, 1, 1], "title": "dilation 1: reach 3"},
        {"signal": [1, 2, 3, 4, 5, 6, 7], "kernel": [1, 1, 1], "title": "dilation 2: reach 5", "dilation": 2},
    ),
    "causal": lambda: stacked(
        {"signal": [1, 2, 3, 4], "kernel": [1, 1, 1], "title": "SAME: output 0 sees sample 1", "padding": "SAME"},
        {"signal": [1, 2, 3, 4], "kernel": [1, 1, 1], "title": "CAUSAL: output i ends at i", "padding": "CAUSAL"},
    ),
    "groups": groups,
    "transposed": transposed,
    "gradients": gradients,
}
