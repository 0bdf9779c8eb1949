"""Random convolutions, to learn a device's prices from and to judge them by: signals, layers, gradients of layers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from convax.core import ConvSpec, DType, Geometry, Layout, resolve_padding
from convax.ops.planned import planned
from convax.tuning import convolutions_of

__all__ = ["model_specs", "random_specs", "scale_of"]

# Bounds on the products, so that also the slowest candidate (naive loops over all groups) takes seconds at most.
MOST_PRODUCTS = {"float32": 4e8, "float64": 1e8, "bfloat16": 1e8, "complex64": 3e7, "int32": 1e8}
MOST_ELEMENTS = 2e7
MOST_GROWTH = 8  # of what is held, where the work may grow more
DTYPES = ("float32", "float32", "float32", "float64", "bfloat16", "complex64", "int32")

# How much more work convolutions may be on other devices than a CPU: less is over before it has started.
SCALE_OF_GPU = 64

Random = np.random.Generator


def scale_of(platform: str) -> int:
    """The `scale` of the convolutions to time on a platform ("cpu", "cuda", ...).

    Example:
        >>> scale_of("cpu")
        1
    """
    return 1 if platform == "cpu" else SCALE_OF_GPU


def random_specs(seed: int, count: int, scale: int = 1) -> Iterator[tuple[str, ConvSpec]]:
    """Pairs of a tag and a convolution; the first ones of a seed do not depend on how many are asked for.

    Args:
        seed: Of the choice.
        count: Pairs.
        scale: How many times as much work they may be, for a device that is as many times as fast as a CPU.

    Example:
        >>> [tag for tag, _ in random_specs(0, 3)]
        ['signal', 'dense', 'signal']
    """
    kinds = tuple(_KINDS)
    for number in range(count):
        # Signals are a family of their own: every second one.
        tag = "signal" if number % 2 == 0 else kinds[1 + number // 2 % (len(kinds) - 1)]
        random = np.random.default_rng((seed, number))
        while True:
            spec = _KINDS[tag](random)
            if spec is not None and _is_bearable(spec):
                yield tag, _scaled(spec, scale, random)
                break


def model_specs(seed: int, count: int, scale: int = 1) -> Iterator[ConvSpec]:
    """Layers of the sizes that people choose, each followed by what its gradients ask of the planner.

    Args:
        seed: Of the choice.
        count: Layers.
        scale: As in `random_specs`.

    Example:
        >>> [spec.geometry.output for spec in model_specs(0, 1)][0] > 0
        True
    """
    for number in range(count):
        random = np.random.default_rng((seed, number))
        while True:
            layer = _model_layer(random)
            if layer is not None and _is_bearable(layer):
                break
        layer = _scaled(layer, scale, random)
        yield layer
        for by in () if layer.dtype.is_integer else (0, 1):
            gradient = _gradient_of(layer, by)
            if _is_bearable(gradient, scale):
                yield gradient


def _model_layer(random: Random) -> ConvSpec | None:
    def one_of(*values: Any) -> Any:
        return values[int(random.integers(len(values)))]

    length, taps = one_of(128, 256, 512, 1000, 1024, 2048, 4096), one_of(1, 3, 3, 5, 7, 9, 15, 31)
    channels, features = one_of(16, 32, 64, 128, 256), one_of(16, 32, 64, 128, 256)
    groups = one_of(1, 1, 1, 4, 8, channels, channels)
    stride, dilation, upsample = one_of((1, 1, 1), (1, 1, 1), (1, 1, 1), (2, 1, 1), (4, 1, 1), (1, 4, 1), (1, 1, 2))
    reach = (taps - 1) * dilation + 1
    if reach > length or (upsample > 1 and groups > 1):
        return None
    ends = (reach - 1, reach - 1) if upsample > 1 else resolve_padding(one_of("SAME", "CAUSAL"), length, reach, stride)
    return ConvSpec(
        Geometry(length, taps, stride, dilation, upsample, ends),
        batch=one_of(1, 4, 8, 16, 32),
        channels=channels,
        features=channels if groups > 1 else features,
        feature_groups=groups,
        layout=one_of(Layout(), Layout("NHC", "HIO", "NHC")),
        dtype=DType(one_of("float32", "float32", "float32", "float32", "float64", "bfloat16")),
    )


def _is_bearable(spec: ConvSpec, scale: int = 1) -> bool:
    if spec.is_empty or max(spec.sizes) > MOST_ELEMENTS * min(scale, MOST_GROWTH):
        return False
    naive = spec.groups if spec.dtype.name not in ("float32", "bfloat16") else min(spec.groups, 4)
    return spec.multiply_adds * naive <= MOST_PRODUCTS[spec.dtype.name] * scale


def _scaled(spec: ConvSpec, scale: int, random: Random) -> ConvSpec:
    """The convolution of a larger batch, as far as that is bearable; a kernel's gradient stays as it is."""
    if scale == 1 or spec.batch_groups > 1:
        return spec
    larger = dataclasses.replace(spec, batch=spec.batch * 2 ** int(random.integers(scale.bit_length())))
    return larger if _is_bearable(larger, scale) else spec


def _between(random: Random, low: float, high: float) -> int:
    """An integer, uniform by its logarithm."""
    return round(float(np.exp(random.uniform(np.log(low), np.log(high)))))


def _size(random: Random, low: int, high: int) -> int:
    """The same, every second one rounded to a power of two, as people choose the sizes of layers."""
    size = _between(random, low, high)
    return 2 ** round(math.log2(size)) if random.random() < 0.5 else size


def _channels(random: Random) -> int:
    """Of a dense layer; the first and the last of a network often have a single one on one side."""
    return 1 if random.random() < 0.1 else _size(random, 2, 256)


def _signal(random: Random) -> ConvSpec:
    dtype = str(random.choice(["float32", "float32", "float64"]))
    length = _between(random, 300, 4e6)
    taps = _between(random, 2, min(length, 20_000))
    return ConvSpec(Geometry(length, taps), dtype=DType(dtype))


def _layer(random: Random, **fixed: Any) -> ConvSpec | None:
    """A layer; `fixed` holds stride, dilation, upsample, taps, or how many groups."""
    length = _size(random, 128, 8000)
    taps = fixed.get("taps") or _between(random, 2, 24)
    steps = {name: fixed.get(name, 1) for name in ("stride", "dilation", "upsample")}
    reach = (taps - 1) * steps["dilation"] + 1
    padding = str(random.choice(["SAME", "VALID", "CAUSAL"]))
    if reach > length:
        return None
    ends = (reach - 1, reach - 1) if steps["upsample"] > 1 else resolve_padding(padding, length, reach, steps["stride"])
    per_group, features, groups = _channels(random), _channels(random), fixed.get("groups", 1)
    if groups == "depthwise":
        per_group, features, groups = 1, int(random.choice([1, 1, 1, 2])), _size(random, 8, 512)
    elif groups == "some":
        per_group, features, groups = _size(random, 2, 16), _size(random, 2, 16), _size(random, 2, 32)
    layout = Layout("NHC", "HIO", "NHC") if random.random() < 0.4 else Layout()
    return ConvSpec(
        Geometry(length, taps, **steps, padding=ends),
        batch=_size(random, 1, 32),
        channels=per_group * groups,
        features=features * groups,
        feature_groups=groups,
        layout=layout,
        dtype=DType(str(random.choice(DTYPES))),
    )


def _gradient(random: Random, by: int) -> ConvSpec | None:
    """What the gradient of a random layer asks of the planner: by the data (0) or by the kernel (1)."""
    groups = (1, "some", "depthwise")[int(random.integers(3))]
    layer = _layer(random, groups=groups, stride=int(random.choice([1, 1, 1, 2])))
    if layer is None or layer.dtype.is_integer or not _is_bearable(layer):
        return None
    return _gradient_of(layer, by)


def _gradient_of(layer: ConvSpec, by: int) -> ConvSpec:
    x, w = (jax.ShapeDtypeStruct(shape, layer.dtype.name) for shape in (layer.data_shape, layer.kernel_shape))

    def gradient(x: Any, w: Any) -> Any:
        forward = (lambda x: _planned(x, w, layer), lambda w: _planned(x, w, layer))[by]
        y, pull = jax.vjp(forward, (x, w)[by])
        return pull(jnp.ones_like(y))

    return list(convolutions_of(gradient, x, w))[1]  # behind the forward convolution


def _planned(x: Any, w: Any, spec: ConvSpec) -> Any:
    geometry = spec.geometry
    return planned(
        x,
        w,
        layout=spec.layout,
        stride=geometry.stride,
        padding=geometry.padding,
        upsample=geometry.upsample,
        dilation=geometry.dilation,
        feature_groups=spec.feature_groups,
    )


_KINDS: dict[str, Callable[[Random], ConvSpec | None]] = {
    "signal": _signal,
    "dense": _layer,
    "depthwise": lambda random: _layer(random, groups="depthwise", taps=_between(random, 2, 64)),
    "strided": lambda random: _layer(random, stride=_between(random, 2, 8)),
    "dilated": lambda random: _layer(random, dilation=_between(random, 2, 16), taps=_between(random, 2, 9)),
    "grouped": lambda random: _layer(random, groups="some"),
    "transposed": lambda random: _layer(random, upsample=_between(random, 2, 8)),
    "long kernel": lambda random: _layer(random, groups="depthwise", taps=_between(random, 100, 2000)),
    "data gradient": lambda random: _gradient(random, 0),
    "kernel gradient": lambda random: _gradient(random, 1),
}
