"""What is probably a mistake in a model's convolutions, told from shapes alone; each with the numbers and the repair.

A warning has to be worth reading: what well-known architectures do on purpose raises none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from convax.core import ConvSpec
from convax.transform.census import Census, Found

__all__ = ["Mistake", "mistakes_in"]

# A channel axis so many times as long as the length is no channel axis, where the data come from outside.
TOO_MANY_CHANNELS = 8


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One warning.

    Args:
        kind: Its name, for programs.
        number: Of the convolution that it is about, counted from 0.
        text: What is odd, with the numbers, and what to do instead.
    """

    kind: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"#{self.number + 1} {self.kind}: {self.text}"


def mistakes_in(census: Census, narrow: bool) -> list[Mistake]:
    """The warnings about a function's convolutions, those of gradients apart: they follow from the others.

    Args:
        census: The convolutions.
        narrow: Whether an argument of the function has numbers of 32 bits or less.
    """
    found = []
    for number, each in enumerate(census.found):
        if each.backward or each.kernel_is_data:
            continue
        texts = {
            "layout": _layout(each),
            "long kernel": _long_kernel(each.spec),
            "empty output": _shrunk(each),
            "half-sample shift": _half_sample(each.spec),
            "wasted groups": _groups(each, census.found),
            "float64": _wide(each.spec) if narrow else None,
            "read past the end": None if each.planned else _past_the_end(each.spec),
        }
        found += [Mistake(kind, number, text) for kind, text in texts.items() if text is not None]
    return found + list(_trimmed(census))


def _layout(found: Found) -> str | None:
    spec = found.spec
    length = spec.geometry.length
    if not found.data.raw or spec.channels < TOO_MANY_CHANNELS * max(1, length):
        return None
    return (
        f"the data's channel axis has {spec.channels} entries and its length only {length}: it is probably laid out "
        f"{_other(spec.layout.data)} and declared {spec.layout.data}; transpose it, or declare dimension numbers of "
        f"{_other(spec.layout.data)} data"
    )


def _other(word: str) -> str:
    return word.translate(str.maketrans("CH", "HC"))


def _long_kernel(spec: ConvSpec) -> str | None:
    geometry = spec.geometry
    if geometry.upsample > 1 or geometry.reach <= geometry.length:
        return None
    return (
        f"the kernel reaches over {geometry.reach} samples and its input has {geometry.length}: "
        f"{geometry.reach - geometry.length} of them only ever meet padding; take fewer taps, less dilation or a "
        "longer input"
    )


def _shrunk(found: Found) -> str | None:
    geometry = found.spec.geometry
    if geometry.output == 0:
        return (
            f"the output is empty: {geometry.padded} samples with padding, and the kernel reaches over "
            f"{geometry.reach}; pad the input, or take fewer taps"
        )
    if geometry.output > 1 or geometry.length <= 1 or not found.data.convolved or geometry.stride > 1:
        return None
    return (
        f"the signal has shrunk from {geometry.length} samples to a single one; with padding SAME it keeps its length"
    )


def _half_sample(spec: ConvSpec) -> str | None:
    geometry = spec.geometry
    before, after = geometry.padding
    same = before + after == geometry.reach - 1 and after - before == 1
    if geometry.taps % 2 or not same or geometry.stride > 1 or geometry.upsample > 1:
        return None
    return (
        f"SAME with {geometry.taps} taps has no middle: it pads {before} before and {after} after, so the output is "
        f"shifted by half a sample; take {geometry.taps - 1} or {geometry.taps + 1} taps"
    )


def _groups(found: Found, others: list[Found]) -> str | None:
    spec = found.spec
    if spec.feature_groups == 1:
        return None
    if spec.geometry.taps == 1 and spec.group_channels == spec.group_features == 1:
        return f"{spec.groups} groups of one channel and one tap only scale each channel: multiply by a vector instead"
    before = None if found.data.made_by is None else others[found.data.made_by].spec
    if before is not None and before.feature_groups == spec.feature_groups:
        return (
            f"the {spec.groups} groups follow another convolution of as many groups with nothing in between that "
            "mixes them, so they are as many separate networks; put a convolution of one tap and one group between"
        )
    return None


def _wide(spec: ConvSpec) -> str | None:
    if spec.dtype.name not in ("float64", "complex128"):
        return None
    return (
        f"it computes in {spec.dtype} though arguments have 32 bits or less: a constant or parameter of 64 bits crept "
        "in, which costs twice the memory; convert it where it is made"
    )


def _past_the_end(spec: ConvSpec) -> str | None:
    before, after = spec.geometry.padding
    if not before < 0 < after or spec.accumulator.name != "float32":
        return None
    return (
        f"it trims {-before} before and pads {after} after; on a CPU, XLA then reads past the end of the data and "
        "returns what happens to lie there (openxla/xla issue 48713); slice the data instead, or call convax's function"
    )


def _trimmed(census: Census) -> Iterator[Mistake]:
    for cut in census.trimmed:
        found = census.found[cut.number]
        (before, after), upsample = found.spec.geometry.padding, found.spec.geometry.upsample
        if found.backward or upsample > 1 or cut.before > max(0, before) or cut.after > max(0, after):
            continue
        yield Mistake(
            "undone padding",
            cut.number,
            f"it pads ({before}, {after}) and {cut.before + cut.after} of its samples are cut off again; pad "
            f"({before - cut.before}, {after - cut.after}) instead",
        )
