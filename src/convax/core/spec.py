"""A convolution as a value: everything that a formulation may depend on, checked once, here."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from convax.core.dtypes import DType
from convax.core.geometry import Geometry
from convax.core.layout import Layout
from convax.errors import ShapeError

__all__ = ["ConvSpec"]


@dataclasses.dataclass(frozen=True)  # no slots: what follows from the numbers is kept beside them
class ConvSpec:
    """One member of the family of one-dimensional convolutions that lax computes.

    Data of shape (batch, channels, length) meet a kernel of shape (features, channels / feature_groups, taps).
    Feature groups split channels and features; batch groups split the batch and the features (they arise as
    gradients of grouped convolutions). Both are one thing to an algorithm, which sees the normal form

        y[n, g, o, i] = sum over c, k of w[g, o, c, k] * z[n, g, c, i * stride + k * dilation]

    with n < group_batch, g < groups, o < group_features, c < group_channels.

    Args:
        geometry: Lengths and steps.
        batch: Signals in the data.
        channels: Channels of each signal.
        features: Output features of the kernel.
        feature_groups: Groups that channels and features are split into.
        batch_groups: Groups that batch and features are split into.
        layout: Order of the axes in memory.
        dtype: Element type of data and kernel.
        out_dtype: Element type of the result; None for the same.
        precision: lax's precision of matrix products, kept as it came.

    Raises:
        ShapeError: Groups that do not divide what they split.

    Example:
        >>> spec = ConvSpec(Geometry(1024, 4), batch=8, channels=512, features=512, feature_groups=512)
        >>> spec.groups, spec.group_channels, spec.group_features
        (512, 1, 1)
        >>> print(spec)
        float32 depthwise N8 C512 O512 groups 512: length 1024, taps 4 -> 1021
    """

    geometry: Geometry
    batch: int = 1
    channels: int = 1
    features: int = 1
    feature_groups: int = 1
    batch_groups: int = 1
    layout: Layout = Layout()
    dtype: DType = DType("float32")
    out_dtype: DType | None = None
    precision: Any = None

    def __post_init__(self) -> None:
        for whole, groups, what in (
            (self.channels, self.feature_groups, "channels"),
            (self.features, self.feature_groups, "output features"),
            (self.batch, self.batch_groups, "signals of the batch"),
            (self.features, self.batch_groups, "output features"),
        ):
            if whole % groups:
                near = sorted(
                    {divisor for divisor in range(1, whole + 1) if whole % divisor == 0},
                    key=lambda d: abs(d - groups),
                )
                raise ShapeError(
                    f"groups={groups} does not divide the {whole} {what}",
                    f"{whole} / {groups} = {whole // groups} remainder {whole % groups}",
                    f"take a number of groups that divides {whole}, for example {near[0]}" if near else "",
                )

    @property
    def groups(self) -> int:
        """Independent convolutions, however they are written: feature groups or batch groups."""
        return self.feature_groups * self.batch_groups

    @property
    def group_batch(self) -> int:
        """Signals that each group sees."""
        return self.batch // self.batch_groups

    @property
    def group_channels(self) -> int:
        """Channels that each group sums over."""
        return self.channels // self.feature_groups

    @property
    def group_features(self) -> int:
        """Features that each group makes."""
        return self.features // self.groups

    @property
    def result(self) -> DType:
        """Element type of the result."""
        return self.out_dtype or self.dtype

    @functools.cached_property
    def accumulator(self) -> DType:
        """Element type in which sums are kept."""
        return self.dtype.accumulator(self.result)

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to compute: no outputs, or no terms to sum."""
        sizes = (self.batch, self.channels, self.features, self.geometry.length, self.geometry.taps)
        return 0 in sizes or self.geometry.output == 0

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of the data in memory."""
        return self._arranged(self.layout.data, N=self.batch, C=self.channels, H=self.geometry.length)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """Shape of the kernel in memory."""
        return self._arranged(self.layout.kernel, O=self.features, I=self.group_channels, H=self.geometry.taps)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the result in memory."""
        return self._arranged(self.layout.out, N=self.group_batch, C=self.features, H=self.geometry.output)

    @property
    def normal_order(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Axes of data (n, g, c, l) and kernel (g, o, c, k) in the normal form, in the order of memory.

        Example:
            >>> ConvSpec(Geometry(8, 3), layout=Layout.parse("NHC")).normal_order
            ((0, 3, 1, 2), (3, 2, 0, 1))
        """
        batch, channels = ((0,), (1, 2)) if self.batch_groups == 1 else ((1, 0), (2,))
        of_data, of_kernel = {"N": batch, "C": channels, "H": (3,)}, {"O": (0, 1), "I": (2,), "H": (3,)}
        return (
            tuple(axis for letter in self.layout.data for axis in of_data[letter]),
            tuple(axis for letter in self.layout.kernel for axis in of_kernel[letter]),
        )

    @functools.cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Elements of (data, kernel, output)."""
        data = self.batch * self.channels * self.geometry.length
        kernel = self.features * self.group_channels * self.geometry.taps
        return data, kernel, self.group_batch * self.features * self.geometry.output

    @property
    def multiply_adds(self) -> int:
        """Products that the definition sums: outputs times channels of a group times taps."""
        return self.sizes[2] * self.group_channels * self.geometry.taps

    @property
    def bytes(self) -> int:
        """Bytes of data, kernel and result: what any formulation must at least move."""
        data, kernel, output = self.sizes
        return (data + kernel) * self.dtype.bytes + output * self.result.bytes

    def normal(self, **changes: object) -> ConvSpec:
        """The same work in the normal form (feature groups only, channels first), with `changes` to its fields.

        Used by algorithms that hand a changed problem to another algorithm.
        """
        plain = dataclasses.replace(
            self,
            batch=self.group_batch,
            channels=self.groups * self.group_channels,
            feature_groups=self.groups,
            batch_groups=1,
            layout=Layout(),
        )
        return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]

    @staticmethod
    def _arranged(word: str, **sizes: int) -> tuple[int, ...]:
        return tuple(sizes[letter] for letter in word)

    def __str__(self) -> str:
        if self.groups > 1:
            kind = "depthwise " if self.group_channels == self.group_features == 1 else "grouped "
        else:
            kind = ""
        sizes = f"N{self.group_batch} C{self.groups * self.group_channels} O{self.features}"
        groups = f" groups {self.groups}" if self.groups > 1 else ""
        return f"{self.dtype} {kind}{sizes}{groups}: {self.geometry}"
