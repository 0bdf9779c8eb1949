"""A wrong call of lax.conv_general_dilated, changed step by step until it works: each step repairs one mistake.

The checks are those of `convax.conv_general_dilated`; nothing is decided here that is not decided there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from convax.core.padding import PADDING_WORDS, nearest
from convax.errors import ConvaxError
from convax.explaining.call import Call, Operand
from convax.explaining.reading import read

__all__ = ["LAX_PADDING_WORDS", "Draft", "repaired"]

LAX_PADDING_WORDS = ("VALID", "SAME", "SAME_LOWER")


@dataclasses.dataclass(frozen=True)
class Draft:
    """A call of lax's convolution that may still be wrong.

    Args:
        call: The call.
        written: How its operands are written, from lhs and rhs.
        remarks: Lines to stand beside the code: what else could be meant.
    """

    call: Call
    written: tuple[str, str] = ("lhs", "rhs")
    remarks: tuple[str, ...] = ()

    @property
    def problem(self) -> ConvaxError | None:
        """The error that convax raises for it, or None."""
        try:
            self.call.trace()
        except ConvaxError as error:
            return error.with_traceback(None)
        return None

    @property
    def works(self) -> bool:
        """Whether lax takes it too, with the result that was meant."""
        padding = self.call.setting("padding")
        knows = not isinstance(padding, str) or padding.upper() in LAX_PADDING_WORDS
        return knows and self.problem is None

    def change(self, **settings: Any) -> Draft:
        """With other settings."""
        kept = {**dict(self.call.settings), **settings}
        return dataclasses.replace(self, call=dataclasses.replace(self.call, settings=tuple(kept.items())))

    def reshaped(self, which: int, shape: tuple[int, ...], dtype: str, written: str) -> Draft:
        """With another operand."""
        operands, words = list(self.call.operands), list(self.written)
        operands[which] = Operand(operands[which].name, shape, dtype)
        words[which] = written
        call = dataclasses.replace(self.call, operands=tuple(operands))
        return dataclasses.replace(self, call=call, written=(words[0], words[1]))

    @property
    def code(self) -> str:
        """The call, ready to be copied; lhs and rhs stand for the caller's arrays."""
        given = dict(self.call.settings)
        parts = [*self.written, repr(given.pop("window_strides")), repr(given.pop("padding"))]
        parts += [f"{name}={value!r}" for name, value in given.items()]
        call = f"y = lax.conv_general_dilated({', '.join(parts)})".replace("'", '"')
        imports = ["from jax import lax"]
        if any("jnp." in word for word in self.written):
            imports.append("import jax.numpy as jnp")
        return "\n".join([*imports, "", *(f"# {remark}" for remark in self.remarks), call, ""])


def repaired(draft: Draft) -> Draft | None:
    """The nearest call that works; None where none is found."""
    for step in STEPS:
        if draft.works:
            return draft
        draft = step(draft)
    return draft if draft.works else None


def _ranks(draft: Draft) -> Draft:
    """Axes of size 1 where both operands lack the same ones."""
    ranks = [len(operand.shape) for operand in draft.call.operands]
    missing = {(1, 1): ("[None, None, :]", (1, 1)), (2, 2): ("[:, None, :]", (1,))}.get((ranks[0], ranks[1]))
    if missing is None:
        return _one_kernel(draft) if ranks == [3, 1] else draft
    index, _ = missing
    for which, operand in enumerate(draft.call.operands):
        shape = (1, 1, *operand.shape) if ranks[0] == 1 else (operand.shape[0], 1, operand.shape[1])
        draft = draft.reshaped(which, shape, operand.dtype, draft.written[which] + index)
    return draft


def _one_kernel(draft: Draft) -> Draft:
    rhs = draft.call.operands[1]
    return draft.reshaped(1, (1, 1, *rhs.shape), rhs.dtype, draft.written[1] + "[None, None, :]")


def _types(draft: Draft) -> Draft:
    """The type that loses less is the type of both."""
    lhs, rhs = draft.call.operands
    if lhs.struct.dtype == rhs.struct.dtype:
        return draft

    def width(operand: Operand) -> tuple[bool, int]:
        return jnp.issubdtype(operand.struct.dtype, jnp.inexact), operand.struct.dtype.itemsize

    which, other = (1, 0) if width(lhs) >= width(rhs) else (0, 1)
    narrow, wide = draft.call.operands[which], draft.call.operands[other]
    written = f"{draft.written[which]}.astype({wide.name}.dtype)"
    return draft.reshaped(which, narrow.shape, wide.dtype, written)


def _numbers(draft: Draft) -> Draft:
    """Dimension numbers of three words of three letters; the first spatial letter of four is left out."""
    numbers = draft.call.setting("dimension_numbers")
    if numbers is None or _reads(draft):
        return draft
    words = tuple(numbers) if isinstance(numbers, (tuple, list)) else ()
    if len(words) == 3 and all(isinstance(word, str) and len(word) == 4 for word in words):
        fewer = tuple(word.replace("H", "") for word in words)
        if all(len(word) == 3 for word in fewer):
            return draft.change(dimension_numbers=fewer)
    return draft.change(dimension_numbers=("NCH", "OIH", "NCH"))


def _reads(draft: Draft) -> bool:
    problem = draft.problem
    return problem is None or not problem.what.startswith("dimension_numbers=")


def _steps(draft: Draft) -> Draft:
    """One positive number per spatial dimension."""
    for name in ("window_strides", "lhs_dilation", "rhs_dilation"):
        value = draft.call.setting(name)
        if value is None:
            continue
        entries = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        first = entries[0] if entries else 1
        if isinstance(first, float):
            first = round(first)
        if not isinstance(first, int) or first < 1:
            first = 1
        if value != (first,) or type(value[0]) is not int:
            draft = draft.change(**{name: (first,)})
    return draft


def _padding(draft: Draft) -> Draft:
    """A word that lax knows, or one pair."""
    padding = draft.call.setting("padding")
    geometry = read(draft.call).geometry
    if isinstance(padding, str):
        word = padding.upper()
        if word not in PADDING_WORDS:
            suggestion = nearest(padding, PADDING_WORDS)
            word = suggestion.split("'")[1] if suggestion.startswith("did") else "VALID"
            draft = draft.change(padding=word)
            geometry = read(draft.call).geometry
        plain = geometry is not None and geometry.upsample == 1
        if geometry is None or (word in LAX_PADDING_WORDS and (plain or word == "VALID")):
            return draft
        return draft.change(padding=[geometry.padding])
    if isinstance(padding, int):
        return draft.change(padding=[(padding, padding)])
    if isinstance(padding, (tuple, list)) and padding:
        first = padding[0]
        if isinstance(first, (tuple, list)):
            return draft.change(padding=[tuple(first)])
        if len(padding) == 2:
            return draft.change(padding=[tuple(padding)])
        return draft.change(padding=[(first, first)])
    return draft.change(padding="VALID")


def _layout(draft: Draft) -> Draft:
    """Other orders of the axes, where the channels do not fit: the data's other order first."""
    if draft.works or len(draft.call.operands[0].shape) != 3:
        return draft
    if not _is_about_channels(draft):
        return draft
    layout = read(draft.call).layout
    orders = [("NHC", "OIH"), ("NHC", "HIO"), ("NCH", "OIH"), ("NCH", "HIO")]
    if layout is not None and layout.data == "NHC":
        orders = [("NCH", "OIH"), ("NCH", layout.kernel), ("NHC", "OIH"), ("NHC", "HIO")]
    fitting = []
    for data, kernel in dict.fromkeys(orders):
        other = draft.change(dimension_numbers=(data, kernel, data))
        if other.works:
            fitting.append(other)
    if not fitting:
        return draft
    numbers = [each.call.setting("dimension_numbers") for each in fitting]
    remarks = tuple(
        f"if the kernel is {other[1]}: dimension_numbers={other!r}".replace("'", '"')
        for other in numbers[1:]
        if other[0] == numbers[0][0]
    )
    return dataclasses.replace(fitting[0], remarks=remarks)


def _is_about_channels(draft: Draft) -> bool:
    problem = draft.problem
    return problem is not None and ("channels" in problem.what or "features" in problem.what)


def _groups(draft: Draft) -> Draft:
    """The number of groups that the kernel is made for."""
    problem, reading = draft.problem, read(draft.call)
    if problem is None or reading.layout is None:
        return draft
    data, kernel = draft.call.operands
    channels = data.shape[reading.layout.data.index("C")]
    per_group = kernel.shape[reading.layout.kernel.index("I")]
    candidates = [draft.change(feature_group_count=channels // per_group)] if per_group else []
    candidates += [draft.change(feature_group_count=1), draft.change(batch_group_count=1)]
    candidates += [draft.change(feature_group_count=1, batch_group_count=1)]
    batch, features = data.shape[reading.layout.data.index("N")], kernel.shape[reading.layout.kernel.index("O")]
    asked = draft.call.setting("batch_group_count")
    if isinstance(asked, int) and asked > 1:
        fewer = [count for count in range(min(asked, batch), 1, -1) if batch % count == 0 and features % count == 0]
        candidates = [draft.change(batch_group_count=count) for count in fewer] + candidates
    return next((each for each in candidates if each.works), draft)


def _empty(draft: Draft) -> Draft:
    """A kernel of one tap for one of none."""
    problem, rhs, reading = draft.problem, draft.call.operands[1], read(draft.call)
    if problem is None or reading.geometry is None or reading.geometry.taps or reading.layout is None:
        return draft
    shape = tuple(1 if letter == "H" else size for letter, size in zip(reading.layout.kernel, rhs.shape, strict=True))
    return draft.reshaped(1, shape, rhs.dtype, f"jnp.ones({shape}, lhs.dtype)")


def _length(draft: Draft) -> Draft:
    """Padding for a kernel that reaches too far."""
    geometry = read(draft.call).geometry
    if geometry is None or geometry.output or not geometry.taps or draft.works:
        return draft
    if geometry.stride == geometry.upsample == 1 and geometry.padding == (0, 0) and geometry.length:
        return draft.change(padding="SAME")
    before, after = geometry.padding
    return draft.change(padding=[(before, after + geometry.reach - geometry.padded)])


STEPS: tuple[Callable[[Draft], Draft], ...] = (
    _ranks,
    _types,
    _numbers,
    _steps,
    _padding,
    _layout,
    _groups,
    _empty,
    _length,
)
