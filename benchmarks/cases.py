"""A case as a value: the sizes of one convolution that is measured, tested or tuned, and the operands that it draws."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

import numpy as np

from convax.core import DType, Geometry, resolve_padding

__all__ = ["SCALE_IN_SCAN", "Case", "Operation"]

Operation = Literal["signal", "examples", "layer", "separable", "transposed"]

# What the output of each step of a scan is multiplied by, so that ten steps neither vanish nor overflow.
SCALE_IN_SCAN = 0.05
_TYPES = {"float32": "float64", "float64": "float64", "bfloat16": "float64", "complex64": "complex128"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One convolution to compute, forward or forward and backward.

    Args:
        operation: "signal" (one signal, one kernel), "examples" (as many kernels as signals), "layer", "separable"
            (a depthwise layer, then a dense one of one tap), or "transposed" (as `convax.conv_transpose1d`).
        length: Samples of each signal.
        taps: Taps of each kernel.
        batch: Signals.
        channels: Channels of each signal.
        features: Output features.
        stride: Samples between two windows; for "transposed", samples between two windows of the output.
        dilation: Samples between two taps.
        groups: Groups of channels and features.
        padding: "VALID", "SAME" or "CAUSAL" (of signals one of the first two); of transposed cases nothing is cut off.
        layout: "NCH" or "NHC": how the caller's data lie in memory.
        dtype: Element type, by name.
        scanned: Steps of a `lax.scan` around the layer; 0 for none.
        gradients: Whether the sum of squares is differentiated, with respect to data and kernel.
        tags: What the case is an example of.
    """

    operation: Operation
    length: int
    taps: int
    batch: int = 1
    channels: int = 1
    features: int = 1
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    padding: str = "VALID"
    layout: Literal["NCH", "NHC"] = "NCH"
    dtype: str = "float32"
    scanned: int = 0
    gradients: bool = False
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The case in words, unique in the catalogue.

        Example:
            >>> Case(operation="signal", length=1000, taps=3, tags=("signal",)).name
            'signal L1e3 K3 float32 forward'
        """
        if self.operation in ("signal", "examples"):
            sizes = [f"N{self.batch}"] if self.batch > 1 else []
            what = "signal" if self.operation == "signal" else "per-example kernels"
            sizes += ["same"] * (self.padding == "SAME")
            words = [what, *sizes, _length(self.length), f"K{self.taps}"]
        else:
            features = f" O{self.features}" if self.features != self.channels or self.groups == 1 else ""
            words = [self.tags[0], f"N{self.batch} C{self.channels}{features}", f"L{self.length} K{self.taps}"]
        words += [f"s{self.stride}"] * (self.stride > 1) + [f"d{self.dilation}"] * (self.dilation > 1)
        words += [f"groups {self.groups}"] * (1 < self.groups < self.channels)
        words += ["causal"] * (self.padding == "CAUSAL" and "causal" not in self.tags[0])
        words += [f"x{self.scanned} in scan"] * (self.scanned > 0) + [self.layout] * (self.layout == "NHC")
        return " ".join([*words, self.dtype, "forward + backward" if self.gradients else "forward"])

    @property
    def mode(self) -> str:
        """Of a signal, as NumPy and SciPy call it: "valid" or "same"."""
        return self.padding.lower()

    @property
    def geometry(self) -> Geometry:
        """Lengths and steps, as the planner sees them."""
        reach = (self.taps - 1) * self.dilation + 1
        if self.operation == "transposed":
            ends, upsample, stride = (reach - 1, reach - 1), self.stride, 1
        else:
            ends, upsample, stride = resolve_padding(self.padding, self.length, reach, self.stride), 1, self.stride
        return Geometry(self.length, self.taps, stride, self.dilation, upsample, ends)

    @property
    def multiply_adds(self) -> int:
        """Products that the definition sums; a gradient with respect to each operand takes as many again."""
        group_channels = self.channels // self.groups
        if self.operation == "transposed":
            once = self.batch * self.channels * self.length * self.taps * (self.features // self.groups)
        else:
            once = self.batch * self.features * self.geometry.output * group_channels * self.taps
            if self.operation == "examples":
                once = self.batch * self.geometry.output * self.taps
            if self.operation == "separable":
                once = self.batch * self.geometry.output * self.channels * (self.taps + self.features)
        return once * max(1, self.scanned) * (3 if self.gradients else 1)

    @property
    def flops(self) -> int:
        """Floating-point operations of the definition: two for each product, eight where the numbers are complex."""
        return self.multiply_adds * (8 if self.dtype.startswith("complex") else 2)

    @property
    def bytes(self) -> int:
        """Bytes of operands and results, each moved once; gradients have their operands' sizes."""
        operands = sum(math.prod(shape) for shape in self.shapes)
        output = self.batch * (1 if self.operation in ("signal", "examples") else self.features) * self.geometry.output
        elements = operands * 2 if self.gradients else operands + output
        return elements * DType(self.dtype).bytes

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the operands: data (channels first), then the kernels, in PyTorch's order."""
        if self.operation == "signal":
            return (self.length,), (self.taps,)
        if self.operation == "examples":
            return (self.batch, self.length), (self.batch, self.taps)
        data = (self.batch, self.channels, self.length)
        if self.operation == "separable":
            return data, (self.channels, 1, self.taps), (self.features, self.channels, 1)
        if self.operation == "transposed":
            return data, (self.channels, self.features // self.groups, self.taps)
        return data, (self.features, self.channels // self.groups, self.taps)

    def draw(self, seed: int = 0) -> list[np.ndarray]:
        """Random operands of `shapes`, the same for each call."""
        random = np.random.default_rng(seed)
        kind = DType(self.dtype)
        operands: list[Any] = []
        for shape in self.shapes:
            values = random.standard_normal(shape)
            if kind.is_integer:
                values = np.round(values * 10)
            if kind.kind == "complex":
                values = values + 1j * random.standard_normal(shape)
            operands.append(values.astype(_numpy_type(self.dtype)))
        return operands

    def shrunk(self) -> Case:
        """The same kind of case, small enough for a loop, in the widest type of its kind; for tests."""
        channels = min(self.channels // self.groups, 3)
        features = min(self.features // self.groups, 2)
        groups = self.groups if self.groups == 1 else (4 if self.groups == self.channels else 2)
        features = channels if self.scanned else features
        taps = min(self.taps, 5 if self.taps < self.length else 24)
        return dataclasses.replace(
            self,
            length=min(self.length, 24),
            taps=taps,
            batch=min(self.batch, 2),
            channels=channels * groups,
            features=features * groups,
            stride=min(self.stride, 3),
            dilation=min(self.dilation, 3),
            groups=groups,
            scanned=min(self.scanned, 2),
            dtype=_TYPES.get(self.dtype, self.dtype),
        )


def _length(samples: int) -> str:
    """Powers of ten as such, other numbers in full."""
    power = round(math.log10(samples))
    return f"L1e{power}" if samples == 10**power else f"L{samples}"


def _numpy_type(name: str) -> Any:
    if name != "bfloat16":
        return np.dtype(name)
    import ml_dtypes  # comes with JAX

    return np.dtype(ml_dtypes.bfloat16)
