"""Channels, features and groups that do not fit together, explained in the words of the function that is called."""

from __future__ import annotations

import dataclasses

from convax.core import Layout
from convax.errors import ShapeError

__all__ = ["LAX_WORDS", "Words", "check_channels", "check_transposed_channels"]


@dataclasses.dataclass(frozen=True)
class Words:
    """What a function calls its operands and arguments.

    Args:
        data: The first operand.
        kernel: The second operand.
        groups: The number of groups.
        layout: The argument that names the axes, with places for the orders of data and kernel.
    """

    data: str = "x"
    kernel: str = "w"
    groups: str = "groups"
    layout: str = 'layout="{data},{kernel}"'


_WORDS = Words()
LAX_WORDS = Words("lhs", "rhs", "feature_group_count", 'dimension_numbers=("{data}", "{kernel}", "{data}")')


def check_channels(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    layout: Layout,
    groups: int,
    words: Words = _WORDS,
    three_axes: tuple[int, ...] | None = None,
) -> None:
    """Raise a ShapeError where channels, features and groups do not fit together.

    Args:
        x_shape: The data's shape, as the caller knows it.
        w_shape: The kernel's shape, three axes.
        layout: Order of the axes.
        groups: Number of groups.
        words: The caller's words.
        three_axes: The data's shape with three axes, where the caller's has others.
    """
    sizes = dict(zip(layout.data, three_axes or x_shape, strict=True))
    features, kernel_channels = (w_shape[layout.kernel.index(letter)] for letter in "OI")
    channels = sizes["C"]
    if channels == kernel_channels * groups and features % groups == 0:
        return
    if channels % groups == 0 and channels // groups == kernel_channels:
        raise ShapeError(
            f"{words.groups}={groups} does not divide the {features} output features of {words.kernel} "
            f"(shape {w_shape}, {layout.kernel})",
            f"{features} / {groups} = {features // groups} remainder {features % groups}",
            f"make as many features for each group: {features - features % groups + groups} features, for example",
        )
    data = f"{words.data} of shape {x_shape} has {channels} channels ({layout.data})"
    kernel = f"{words.kernel} of shape {w_shape} ({layout.kernel}) takes {kernel_channels} per group"
    repair = _swapped(layout, words) if sizes["H"] == kernel_channels * groups else ""
    if channels % groups:
        raise ShapeError(
            f"{words.groups}={groups} does not divide the channels: {data}",
            f"{channels} / {groups} = {channels // groups} remainder {channels % groups}",
            repair or _other_groups(channels, features, kernel_channels, groups, words),
        )
    raise ShapeError(
        f"{data}, and {kernel}",
        f"{channels} channels / {groups} group{'s' * (groups != 1)} = {channels // groups}, not {kernel_channels}",
        repair or _other_channels(channels, features, kernel_channels, groups, words),
    )


def check_transposed_channels(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    layout: Layout,
    groups: int,
    three_axes: tuple[int, ...],
) -> None:
    """Raise a ShapeError where the kernel of a transposed convolution does not take the data's channels.

    Args:
        x_shape: The data's shape, as the caller knows it.
        w_shape: The kernel's shape, three axes; I stands for all channels of the data, O for the features per group.
        layout: Order of the axes.
        groups: Number of groups.
        three_axes: The data's shape with three axes.
    """
    sizes = dict(zip(layout.data, three_axes, strict=True))
    group_features, kernel_channels = (w_shape[layout.kernel.index(letter)] for letter in "OI")
    channels = sizes["C"]
    if kernel_channels != channels:
        reordered = layout.kernel.translate(str.maketrans("IO", "OI"))
        if sizes["H"] == kernel_channels:
            repair = _swapped(layout, _WORDS)
        elif group_features == channels:
            repair = f'is the kernel ordered {reordered}? Then pass layout="{layout.data},{reordered}"'
        else:
            repair = f"pass a kernel whose axis I has size {channels}, or data with {kernel_channels} channels"
        raise ShapeError(
            f"x of shape {x_shape} has {channels} channels ({layout.data}), and the transposed kernel w of shape "
            f"{w_shape} ({layout.kernel}) takes {kernel_channels}",
            f"{channels} is not {kernel_channels}; a transposed kernel holds all channels, whatever the groups",
            repair,
        )
    if channels % groups:
        divisors = [divisor for divisor in range(1, channels + 1) if channels % divisor == 0]
        near = min(divisors, key=lambda divisor: abs(divisor - groups))
        raise ShapeError(
            f"groups={groups} does not divide the channels: x of shape {x_shape} has {channels} ({layout.data})",
            f"{channels} / {groups} = {channels // groups} remainder {channels % groups}",
            f"take a number that divides {channels}, for example groups={near}",
        )


def _swapped(layout: Layout, words: Words) -> str:
    """The suggestion where the axis that is read as space has the size that the channels should have."""
    other = "NHC" if layout.data == "NCH" else "NCH"
    kernel = "HIO" if other == "NHC" else "OIH"
    first = words.layout.format(data=other, kernel=layout.kernel)
    second = words.layout.format(data=other, kernel=kernel)
    return (
        f"the axis that {layout.data} reads as space has that size; is the data {other}? Then pass {first}"
        f"{'' if first == second else f', or {second} if the kernel is {kernel}'}"
    )


def _fits(channels: int, features: int, kernel_channels: int) -> int | None:
    """The number of groups with which the kernel as it is serves the data as it is."""
    if not kernel_channels or channels % kernel_channels:
        return None
    groups = channels // kernel_channels
    return groups if groups and features % groups == 0 else None


def _other_groups(channels: int, features: int, kernel_channels: int, groups: int, words: Words) -> str:
    fitting = _fits(channels, features, kernel_channels)
    if fitting is not None:
        return f"this kernel fits {words.groups}={fitting}"
    divisors = [divisor for divisor in range(1, channels + 1) if channels % divisor == 0 and features % divisor == 0]
    near = min(divisors, key=lambda divisor: abs(divisor - groups), default=1)
    return (
        f"take a number that divides the {channels} channels and the {features} features, for example "
        f"{words.groups}={near} with a kernel of {channels // near} input channels"
    )


def _other_channels(channels: int, features: int, kernel_channels: int, groups: int, words: Words) -> str:
    repair = f"pass a kernel with {channels // groups} input channels, or data with {kernel_channels * groups} channels"
    fitting = _fits(channels, features, kernel_channels)
    return repair if fitting is None else f"{repair}, or {words.groups}={fitting}"
