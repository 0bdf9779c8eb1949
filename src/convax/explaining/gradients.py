"""The gradients of a convolution, which are convolutions of the same family."""

from __future__ import annotations

import dataclasses

from convax.core import ConvSpec, Geometry

__all__ = ["data_gradient", "gradients_of", "kernel_gradient"]


def data_gradient(geometry: Geometry) -> Geometry:
    """How the gradient of the result slides over the taps, to give the gradient of the data.

    Stride and upsampling change places, the kernel runs backwards, and the padding is what the reach leaves:
    before' = reach - 1 - before, and after' such that `length` samples come out.

    Example:
        >>> print(data_gradient(Geometry(10, 3, stride=2)))
        length 4, taps 3, upsample 2, padding (2, 3) -> 10
    """
    before = geometry.reach - 1 - geometry.padding[0]
    spread = (geometry.output - 1) * geometry.stride + 1 if geometry.output else 0
    after = geometry.spread + geometry.reach - 1 - spread - before
    return Geometry(
        geometry.output, geometry.taps, geometry.upsample, geometry.dilation, geometry.stride, (before, after)
    )


def kernel_gradient(geometry: Geometry) -> Geometry:
    """How the gradient of the result slides over the data, to give the gradient of the kernel.

    The gradient of the result is the kernel now: its samples are `stride` apart, and the windows `dilation`.

    Example:
        >>> print(kernel_gradient(Geometry(10, 3, stride=2)))
        length 10, taps 4, dilation 2, padding (0, -1) -> 3
    """
    before = geometry.padding[0]
    spread = (geometry.output - 1) * geometry.stride + 1 if geometry.output else 0
    after = spread - geometry.spread + geometry.reach - before - 1
    return Geometry(
        geometry.length, geometry.output, geometry.dilation, geometry.stride, geometry.upsample, (before, after)
    )


def gradients_of(spec: ConvSpec) -> tuple[ConvSpec, ConvSpec] | None:
    """Both gradients with their channels, features and groups; None for batch groups, whose axes are cut otherwise.

    Example:
        >>> both = gradients_of(ConvSpec(Geometry(10, 3), batch=2, channels=4, features=6))
        >>> [(each.batch, each.channels, each.features, each.geometry.output) for each in both]
        [(2, 6, 4, 10), (4, 2, 6, 3)]
    """
    if spec.batch_groups != 1:
        return None
    plain = dataclasses.replace(spec, out_dtype=None)
    data = dataclasses.replace(
        plain, geometry=data_gradient(spec.geometry), channels=spec.features, features=spec.channels
    )
    kernel = dataclasses.replace(
        plain,
        geometry=kernel_gradient(spec.geometry),
        batch=spec.channels,
        channels=spec.batch,
        features=spec.features,
        feature_groups=1,
        batch_groups=spec.feature_groups,
    )
    return data, kernel
