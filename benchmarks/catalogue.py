"""The named cases: signals over lengths and taps, and layers of every kind; used by tests, tuner and benchmarks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

from benchmarks.cases import Case, Operation

__all__ = ["LENGTHS", "TAPS", "all_tags", "layer", "layers", "padded_signals", "select", "signal", "signals"]

LENGTHS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TAPS = (3, 5, 9, 17, 31, 65, 127, 301, 1001, 4097, 16_385, 65_537)


def signal(length: int, taps: int, dtype: str = "float32", gradients: bool = False) -> Case:
    """One signal and one kernel, VALID."""
    return Case(operation="signal", length=length, taps=taps, dtype=dtype, gradients=gradients, tags=("signal", dtype))


def signals(gradients: Iterable[bool] = (False, True)) -> list[Case]:
    """All lengths and taps that fit, in float32 and float64, shortest first."""
    return [
        signal(length, taps, dtype, both)
        for both in gradients
        for length in LENGTHS
        for taps in TAPS
        for dtype in ("float32", "float64")
        if taps <= length
    ]


def padded_signals() -> list[Case]:
    """Some of them padded so that their length stays, which is what most callers ask for."""
    return [
        dataclasses.replace(signal(length, taps, dtype, both), padding="SAME", tags=("padded signal", dtype))
        for both in (False, True)
        for length in LENGTHS[:-1]
        for taps in (9, 65, 301)
        for dtype in ("float32", "float64")
    ]


def layers() -> list[Case]:
    """All layers: each forward, and forward and backward where the type can be differentiated."""
    return [
        dataclasses.replace(row, gradients=both)
        for row in _ROWS
        for both in ((False, True) if row.dtype != "int32" else (False,))
    ]


def select(cases: Iterable[Case], only: str = "", tags: Iterable[str] = ()) -> list[Case]:
    """The cases whose name holds a text and that carry all of some tags.

    Example:
        >>> [case.name for case in select(signals(), only="L1e3 K9 ", tags=["backward", "float64"])]
        ['signal L1e3 K9 float64 forward + backward']
    """
    wanted = set(tags)
    return [case for case in cases if only in case.name and wanted <= all_tags(case)]


def all_tags(case: Case) -> set[str]:
    """The case's own tags, its type, layout and direction."""
    return {*case.tags, case.dtype, case.layout, "backward" if case.gradients else "forward"}


def layer(
    kind: str,
    sizes: tuple[int, int, int],
    length: int,
    taps: int,
    *tags: str,
    operation: Operation = "layer",
    layout: Literal["NCH", "NHC"] = "NCH",
    **others: Any,
) -> Case:
    """A layer of `sizes` (batch, channels, features), called by its kind."""
    batch, channels, features = sizes
    return Case(
        operation=operation,
        length=length,
        taps=taps,
        batch=batch,
        channels=channels,
        features=features,
        layout=layout,
        tags=(kind, *tags),
        **others,
    )


def _dense(sizes: tuple[int, int, int], length: int, taps: int, *tags: str, **others: Any) -> Case:
    return layer("dense", sizes, length, taps, *tags, **{"padding": "SAME", **others})


def _depthwise(batch: int, channels: int, length: int, taps: int, *tags: str, **others: Any) -> Case:
    return layer("depthwise", (batch, channels, channels), length, taps, *tags, **{"groups": channels, **others})


def _transposed(sizes: tuple[int, int, int], length: int, taps: int, stride: int, *tags: str, **others: Any) -> Case:
    return layer("transposed", sizes, length, taps, *tags, operation="transposed", stride=stride, **others)


def _long(batch: int, channels: int, length: int, *tags: str, **others: Any) -> Case:
    """A causal kernel as long as the signal, one per channel, as in Hyena."""
    sizes = (batch, channels, channels)
    return layer("long-kernel", sizes, length, length, "causal", *tags, groups=channels, padding="CAUSAL", **others)


_ROWS: tuple[Case, ...] = (
    _dense((16, 64, 64), 1024, 3),
    _dense((16, 64, 64), 1024, 3, layout="NHC"),
    _dense((16, 64, 64), 1024, 3, dtype="float64"),
    _dense((16, 64, 64), 1024, 3, dtype="int32"),
    _dense((16, 64, 64), 1024, 3, dtype="bfloat16"),
    _dense((4, 32, 32), 1024, 3, dtype="complex64"),
    _dense((16, 64, 64), 1024, 5, layout="NHC"),
    _dense((8, 64, 64), 1024, 15),
    _dense((1, 512, 512), 256, 3, "batch 1"),
    _dense((1, 512, 512), 256, 3, "batch 1", layout="NHC"),
    _dense((1, 80, 384), 3000, 3, "batch 1"),
    _dense((256, 16, 16), 256, 5, "batch large"),
    _dense((256, 16, 16), 256, 5, "batch large", layout="NHC"),
    _dense((8, 1, 64), 16_000, 31, "first layer", padding="VALID"),
    _dense((8, 64, 1), 8000, 7, "last layer"),
    _dense((4, 64, 64), 2048, 3, "causal", padding="CAUSAL"),
    layer("strided", (16, 64, 64), 1024, 3, stride=2, padding="SAME"),
    layer("strided", (16, 64, 64), 1024, 3, stride=2, padding="SAME", layout="NHC"),
    layer("strided", (8, 32, 64), 4096, 8, stride=4),
    layer("strided", (8, 32, 64), 4096, 8, stride=4, dtype="float64"),
    layer("strided", (4, 1, 64), 16_000, 400, "first layer", stride=160),
    layer("strided", (8, 64, 64), 4096, 9, "depthwise", stride=2, groups=64),
    layer("dilated", (8, 64, 64), 2048, 3, dilation=2, padding="SAME"),
    layer("dilated", (8, 64, 64), 2048, 2, "causal", dilation=64, padding="CAUSAL"),
    layer("dilated", (8, 64, 64), 2048, 3, dilation=8, padding="SAME", layout="NHC"),
    layer("dilated", (4, 32, 32), 2048, 3, dilation=4, padding="SAME", dtype="float64"),
    layer("dilated", (8, 128, 128), 2048, 7, "depthwise", dilation=4, groups=128),
    layer("grouped", (8, 128, 128), 1024, 3, groups=4, padding="SAME"),
    layer("grouped", (8, 128, 128), 1024, 9, groups=32, padding="SAME"),
    layer("grouped", (8, 128, 128), 1024, 3, groups=8, padding="SAME", layout="NHC"),
    layer("grouped", (2, 64, 64), 512, 5, groups=8, padding="SAME", dtype="float64"),
    layer("grouped", (8, 64, 128), 1024, 5, "depthwise", groups=64, padding="SAME"),
    _depthwise(8, 512, 1024, 4),
    _depthwise(8, 512, 1024, 4, "causal", padding="CAUSAL", layout="NHC"),
    _depthwise(8, 256, 1024, 3, padding="SAME"),
    _depthwise(8, 256, 1024, 7, padding="SAME"),
    _depthwise(8, 256, 1024, 15, padding="SAME", layout="NHC"),
    _depthwise(8, 512, 1024, 31),
    _depthwise(4, 256, 2048, 63, padding="SAME"),
    _depthwise(1, 512, 4096, 9, "batch 1", padding="SAME"),
    _depthwise(4, 256, 1000, 7, dtype="float64"),
    _depthwise(8, 256, 1024, 7, padding="SAME", dtype="bfloat16"),
    _depthwise(2, 64, 1024, 5, padding="SAME", dtype="complex64"),
    _depthwise(2, 64, 1024, 5, padding="SAME", dtype="int32"),
    layer("separable", (8, 128, 128), 1024, 7, operation="separable", groups=128, padding="SAME"),
    layer("separable", (8, 128, 256), 1024, 7, operation="separable", groups=128, padding="SAME", layout="NHC"),
    layer("separable", (4, 64, 64), 1024, 31, operation="separable", groups=64, padding="SAME"),
    _transposed((8, 128, 64), 800, 5, 2),
    _transposed((8, 128, 64), 800, 5, 2, layout="NHC"),
    _transposed((1, 513, 1), 500, 1024, 256, "batch 1"),
    _transposed((8, 64, 32), 1000, 16, 8),
    _transposed((8, 64, 32), 1000, 4, 4),
    _transposed((4, 64, 32), 1000, 3, 1),
    _transposed((4, 32, 32), 1000, 7, 3, dtype="float64"),
    _transposed((4, 64, 64), 1000, 4, 2, "grouped", groups=8),
    _long(2, 64, 1024),
    _long(1, 256, 4096, "batch 1"),
    _long(4, 32, 8192),
    layer("per-example", (64, 1, 1), 10_000, 31, operation="examples"),
    layer("per-example", (256, 1, 1), 1000, 9, operation="examples"),
    layer("per-example", (16, 1, 1), 10_000, 501, operation="examples"),
    layer("per-example", (64, 1, 1), 10_000, 31, operation="examples", dtype="float64"),
    _dense((4, 64, 64), 512, 3, "scan", scanned=10),
    _dense((4, 64, 64), 512, 3, "scan", scanned=10, layout="NHC"),
    _depthwise(4, 64, 512, 5, "scan", scanned=10, padding="SAME"),
)
