"""The named cases for a GPU: the same kinds as for a CPU, of sizes that fill one, in float32 and bfloat16."""

from __future__ import annotations

import dataclasses

from benchmarks.cases import Case
from benchmarks.catalogue import layer, signal

__all__ = ["of_gpu"]

LENGTHS = (1_000_000, 10_000_000)
TAPS = (3, 31, 127, 1001, 16_385)
TYPES = ("float32", "bfloat16")

_LAYERS: tuple[Case, ...] = (
    layer("dense", (64, 256, 256), 2048, 3, padding="SAME"),
    layer("dense", (64, 256, 256), 2048, 3, padding="SAME", layout="NHC"),
    layer("dense", (16, 64, 64), 1024, 3, padding="SAME"),
    layer("dense", (8, 1, 64), 160_000, 31, "first layer"),
    layer("dense", (1, 512, 512), 4096, 5, "batch 1", padding="SAME"),
    layer("strided", (32, 128, 256), 4096, 8, stride=4),
    layer("strided", (16, 1, 64), 160_000, 400, "first layer", stride=160),
    layer("dilated", (16, 128, 128), 8192, 3, dilation=8, padding="SAME"),
    layer("grouped", (32, 256, 256), 2048, 5, groups=32, padding="SAME"),
    layer("depthwise", (8, 1024, 1024), 4096, 4, "causal", groups=1024, padding="CAUSAL"),
    layer("depthwise", (8, 1024, 1024), 4096, 4, "causal", groups=1024, padding="CAUSAL", layout="NHC"),
    layer("depthwise", (16, 512, 512), 4096, 7, groups=512, padding="SAME"),
    layer("depthwise", (16, 512, 512), 4096, 31, groups=512, padding="SAME"),
    layer("depthwise", (16, 512, 512), 4096, 31, groups=512, padding="SAME", layout="NHC"),
    layer("separable", (32, 256, 256), 2048, 7, operation="separable", groups=256, padding="SAME"),
    layer("transposed", (16, 128, 64), 8000, 5, operation="transposed", stride=2),
    layer("transposed", (16, 64, 32), 8000, 16, operation="transposed", stride=8),
    layer("long-kernel", (8, 256, 256), 8192, 8192, "causal", groups=256, padding="CAUSAL"),
    layer("per-example", (256, 1, 1), 100_000, 31, operation="examples"),
)
# Types that cuDNN has no convolution for, or is slow at.
_OTHER_TYPES: tuple[Case, ...] = (
    layer("dense", (16, 64, 64), 1024, 3, padding="SAME", dtype="int32"),
    layer("dense", (16, 64, 64), 1024, 3, padding="SAME", dtype="float64"),
    layer("dense", (16, 64, 64), 1024, 3, padding="SAME", dtype="complex64"),
    layer("depthwise", (8, 256, 256), 4096, 7, groups=256, padding="SAME", dtype="int32"),
    layer("depthwise", (8, 256, 256), 4096, 7, groups=256, padding="SAME", dtype="float64"),
    layer("depthwise", (8, 256, 256), 4096, 7, groups=256, padding="SAME", dtype="complex64"),
)


def of_gpu() -> list[Case]:
    """Forward, then forward and backward; what matters most comes first."""
    signals = [signal(length, taps) for length in LENGTHS for taps in TAPS]
    narrow = [signal(LENGTHS[-1], taps, "bfloat16") for taps in TAPS]
    layers = [dataclasses.replace(each, dtype=dtype) for each in _LAYERS for dtype in TYPES]
    both = [dataclasses.replace(each, gradients=True) for each in (*layers, *signals[-len(TAPS) :])]
    return [*signals, *layers, *_OTHER_TYPES, *narrow, *both]
