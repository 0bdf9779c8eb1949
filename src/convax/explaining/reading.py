"""A call read as a window over a signal: axes by name, lengths and steps, which way the taps run.

The reading never fails. What a wrong call does not say stays None, so that the rest can be drawn.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

from convax.core import Geometry, Layout, resolve_padding
from convax.core.arguments import as_integer, as_positive
from convax.core.padding import PADDING_WORDS, resolve_padding_mode
from convax.errors import ConvaxError
from convax.explaining.call import Call
from convax.ops.numpy_names import mode_of
from convax.ops.transposed import arrangement_of, cut_of

__all__ = ["Reading", "read"]

MEANING = {
    "N": "batch",
    "C": "channels",
    "H": "length",
    "O": "features",
    "I": "channels",
    "K": "taps",
    "?": "another axis",
}


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a call says about its window.

    Args:
        data_axes: Letters of the data's axes, "NCH"; "?" for one that has no name.
        kernel_axes: Letters of the kernel's axes, with K for the taps.
        out_axes: Letters of the result's axes.
        layout: Order of the three axes, where the call names one.
        geometry: The window, as it slides: for a transposed convolution over the spread signal.
        flipped: Whether the last tap meets the first sample of the window.
        swapped: Whether the second operand is the signal, being the longer one.
        conjugated: Whether the kernel is conjugated.
        reversed: Whether the result is written backwards.
        groups: Groups of channels.
        batch_groups: Groups of the batch.
        mode: What stands in the padding: None for zeros, else jax.numpy.pad's word.
        cut: For a transposed convolution: samples cut off (before, after), and the appended ones.
    """

    data_axes: str = ""
    kernel_axes: str = ""
    out_axes: str = ""
    layout: Layout | None = None
    geometry: Geometry | None = None
    flipped: bool = False
    swapped: bool = False
    conjugated: bool = False
    reversed: bool = False
    groups: int = 1
    batch_groups: int = 1
    mode: str | None = None
    cut: tuple[int, int, int] | None = None


def read(call: Call) -> Reading:
    """The reading of any call."""
    return _READERS[call.function](call)


def _basic(call: Call) -> Reading:
    x, w = call.operands[:2]
    geometry = Geometry(x.shape[0], w.shape[0]) if len(x.shape) == len(w.shape) == 1 else None
    return Reading(_axes("H", len(x.shape)), _axes("K", len(w.shape)), "H", Layout() if geometry else None, geometry)


def _layer(call: Call) -> Reading:
    layout = _tried(lambda: Layout.parse(call.setting("layout")))
    reading = _three_axes(call, layout)
    stride, dilation, groups = (_positive(call, name) for name in ("stride", "dilation", "groups"))
    mode = _tried(lambda: resolve_padding_mode(call.setting("padding_mode")))
    geometry = _window(call, reading, stride, dilation, 1, call.setting("padding"))
    return dataclasses.replace(reading, geometry=geometry, groups=groups or 1, mode=mode)


def _transposed(call: Call) -> Reading:
    layout = _tried(lambda: arrangement_of(call.setting("layout")))
    reading = dataclasses.replace(_three_axes(call, layout), flipped=True)
    stride, dilation, groups = (_positive(call, name) for name in ("stride", "dilation", "groups"))
    extra = _tried(lambda: as_integer("output_padding", call.setting("output_padding")))
    length, taps = _size(call, reading, 0, "H"), _size(call, reading, 1, "K")
    reading = dataclasses.replace(reading, groups=groups or 1)
    if stride is None or dilation is None or extra is None or length is None or taps is None:
        return reading
    reach = (taps - 1) * dilation + 1
    cut = _tried(lambda: cut_of(call.setting("padding"), length, reach, stride))
    if cut is None:
        return reading
    ends = (reach - 1 - cut[0], reach - 1 - cut[1] + extra)
    geometry = Geometry(length, taps, dilation=dilation, upsample=stride, padding=ends)
    return dataclasses.replace(reading, geometry=geometry, cut=(*cut, extra))


def _lax(call: Call) -> Reading:
    shapes = [operand.shape for operand in call.operands[:2]]
    layout = _tried(lambda: _lax_layout(call.setting("dimension_numbers")))
    if len(shapes[0]) == len(shapes[1]) == 3 and layout is not None:
        reading = Reading(layout.data, layout.kernel.replace("H", "K"), _out(layout), layout)
    else:
        reading = Reading("?" * len(shapes[0]), "?" * len(shapes[1]), "")
    stride, upsample, dilation, groups, batch_groups = (
        _positive(call, name)
        for name in ("window_strides", "lhs_dilation", "rhs_dilation", "feature_group_count", "batch_group_count")
    )
    padding = call.setting("padding")
    geometry = _window(call, reading, stride, dilation, upsample, padding)
    return dataclasses.replace(reading, geometry=geometry, groups=groups or 1, batch_groups=batch_groups or 1)


def _numpy(call: Call) -> Reading:
    ranks = [len(operand.shape) for operand in call.operands[:2]]
    axis = _tried(lambda: as_integer("axis", call.setting("axis")))
    mode = _tried(lambda: mode_of(call.setting("mode")))
    correlates = call.function == "correlate"
    flipped = not correlates
    axes: list[str] = []
    known: list[int | None] = []
    for operand, letter in zip(call.operands, "HK", strict=False):
        rank = len(operand.shape)
        place = -1 if rank == 1 else axis
        if rank == 0 and not correlates:  # NumPy's convolve takes a number for one sample
            axes.append("")
            known.append(1)
        elif rank == 0 or place is None or not -rank <= place < rank:
            axes.append("?" * rank)
            known.append(None)
        else:
            axes.append("".join(letter if each == place % rank else "N" for each in range(rank)))
            known.append(operand.shape[place])
    rank = max(ranks)
    out = "".join("H" if each == (axis or 0) % max(rank, 1) else "N" for each in range(rank)) or "H"
    reading = Reading(axes[0], axes[1], out if rank > 1 else "H", Layout() if rank <= 1 else None, flipped=flipped)
    reading = dataclasses.replace(reading, conjugated=correlates)
    sizes = [size for size in known if size is not None]
    if mode is None or len(sizes) < 2:
        return reading
    length, taps = max(sizes), min(sizes)
    ends = {"valid": (0, 0), "full": (taps - 1, taps - 1), "same": (taps // 2, taps - taps // 2 - 1)}[mode]
    swapped = sizes[1] > sizes[0]
    return dataclasses.replace(
        reading,
        geometry=Geometry(length, taps, padding=ends if taps else (0, 0)),
        swapped=swapped,
        reversed=swapped and correlates,
    )


_READERS: dict[str, Callable[[Call], Reading]] = {
    "conv1d_basic": _basic,
    "conv1d": _layer,
    "conv_transpose1d": _transposed,
    "conv_general_dilated": _lax,
    "convolve": _numpy,
    "correlate": _numpy,
}


def _three_axes(call: Call, layout: Layout | None) -> Reading:
    """The axes of a function that takes one signal and one kernel, or any number of batch axes."""
    ranks = [len(operand.shape) for operand in call.operands[:2]]
    if ranks == [1, 1]:
        return Reading("H", "K", "H", layout)
    if layout is None or ranks[1] != 3 or ranks[0] < 2 or (layout.data[0] != "N" and ranks[0] != 3):
        return Reading("?" * ranks[0], "?" * ranks[1], "", layout)
    data = "N" * (ranks[0] - 2) + layout.data.replace("N", "") if layout.data[0] == "N" else layout.data
    out = _out(layout).replace("N", "N" * (ranks[0] - 2))
    return Reading(data, layout.kernel.replace("H", "K"), out, layout)


def _out(layout: Layout) -> str:
    return layout.out.replace("C", "O")


def _window(
    call: Call, reading: Reading, stride: int | None, dilation: int | None, upsample: int | None, padding: Any
) -> Geometry | None:
    length, taps = _size(call, reading, 0, "H"), _size(call, reading, 1, "K")
    if length is None or taps is None or stride is None or dilation is None or upsample is None:
        return None
    plain = Geometry(length, taps, stride, dilation, upsample)
    ends = _tried(lambda: resolve_padding(padding, plain.spread, plain.reach, stride))
    return None if ends is None else dataclasses.replace(plain, padding=ends)


def _size(call: Call, reading: Reading, operand: int, letter: str) -> int | None:
    axes = (reading.data_axes, reading.kernel_axes)[operand]
    return call.operands[operand].shape[axes.index(letter)] if letter in axes else None


def _lax_layout(numbers: Any) -> Layout | None:
    if numbers is None:
        return Layout()
    words = tuple(numbers)
    if len(words) == 3 and all(isinstance(word, str) and len(word) == 3 for word in words):
        spatial = next(letter for letter in words[0] if letter not in "NC")
        return Layout.parse(f"{words[0]},{words[1]}->{words[2]}".replace(spatial, "H"))
    return Layout.from_dimension_numbers(words) if len(words) == 3 else None


def _axes(letter: str, rank: int) -> str:
    return letter if rank == 1 else "?" * rank


def _positive(call: Call, name: str) -> int | None:
    value = call.setting(name)
    number: int | None = _tried(lambda: as_positive(name, 1 if value is None else value))
    return number


def _tried(ask: Callable[[], Any]) -> Any:
    """What `ask` answers, or None where the call does not say it in a way that can be used."""
    with contextlib.suppress(ConvaxError, TypeError, ValueError, AttributeError, IndexError, StopIteration):
        return ask()
    return None


def is_word(padding: Any) -> bool:
    """Whether padding is written as one of the words."""
    return isinstance(padding, str) and padding.upper() in PADDING_WORDS
