"""matmul: matrix products over channels; one per tap, one per output, or one large one before or after shifting."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal, Self

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.interface import Algorithm
from convax.algorithms.windows import padded
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["Matmul"]

Form = Literal["taps", "unfold", "fold", "outputs"]

# Each product is an operation of the compiled program.
MOST_PRODUCTS = 256


@dataclasses.dataclass(frozen=True)
class Matmul(Algorithm):
    """Matrix products that contract the channels of a group.

    Args:
        form: "taps": one product (positions x channels) @ (channels x features) per tap, summed;
            "unfold": the windows side by side, then one product over channels and taps;
            "fold": one product of the whole signal with all taps, then the shifted sum (overlap-add);
            "outputs": one product over channels and taps per output position, for few outputs of many taps, as
            in gradients with respect to a kernel.
    """

    name = "matmul"
    idea = "matrix products over channels, per tap or unfolded"
    form: Form = "taps"

    @classmethod
    def candidates(cls, spec: ConvSpec) -> Iterator[Self]:
        yield from (cls("taps"), cls("unfold"), cls("fold"), cls("outputs"))

    def why_not(self, spec: ConvSpec) -> str | None:
        if spec.accumulator.kind == "other":
            return f"{spec.dtype} has no arithmetic of its own"
        if spec.geometry.upsample > 1:
            return f"upsample {spec.geometry.upsample} would multiply by inserted zeros; polyphase skips them"
        if self.form in ("taps", "fold") and spec.group_channels == spec.group_features == 1:
            return "one channel and one feature leave no product to form; shift_add is the same sum"
        products = spec.geometry.output if self.form == "outputs" else spec.geometry.taps
        counted = "outputs" if self.form == "outputs" else "taps"
        if products > MOST_PRODUCTS:
            return f"{products} {counted} would need as many products; at most {MOST_PRODUCTS} are unrolled"
        return None

    def work(self, spec: ConvSpec) -> Work:
        geometry, width = spec.geometry, spec.accumulator.bytes
        data, kernel, output = spec.sizes
        rows = spec.group_batch * spec.groups
        windows = rows * spec.group_channels * geometry.output * geometry.taps
        moved, products, adds, amount = data + output, geometry.taps, 0, spec.multiply_adds
        if self.form == "taps":
            moved += windows + 2 * output * geometry.taps
            adds = output * geometry.taps
        elif self.form == "unfold":
            moved, products = moved + 2 * windows, 1
        elif self.form == "fold":
            folded = rows * spec.group_features * geometry.taps * geometry.padded
            moved, products, adds = moved + 2 * folded, 1, output * geometry.taps
            amount = folded * spec.group_channels
        else:
            moved, products = moved + windows + kernel * geometry.output, geometry.output
        # Products are made group by group; a product with a side of one or two is no better than a loop.
        sides = (
            spec.group_channels * (geometry.taps if self.form in ("unfold", "outputs") else 1),
            spec.group_features,
        )
        rows_of_product = spec.group_batch * (1 if self.form == "outputs" else geometry.output)
        kind = "gemm" if min(*sides, rows_of_product) >= 4 else "gemm_thin"
        return Work({kind: amount, "loop": adds, "gemm_call": products * spec.groups}, moved * width, products)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        # Channels last, so that a window is (positions, channels): the left side of a product as it stands.
        z = padded(x, spec.geometry).transpose(1, 0, 3, 2)
        kernel = w.transpose(0, 3, 2, 1)
        y = {"taps": _taps, "unfold": _unfold, "fold": _fold, "outputs": _outputs}[self.form](z, kernel, spec)
        return y.transpose(1, 0, 3, 2)


def _product(left: Array, right: Array, spec: ConvSpec) -> Array:
    """(g, n, p, c) @ (g, c, o) -> (g, n, p, o); without a batched product where there is one group."""
    if left.shape[0] == 1:
        product = lax.dot_general(left[0], right[0], (((2,), (0,)), ((), ())), precision=spec.precision)
        return product[None]
    return lax.dot_general(left, right, (((3,), (1,)), ((0,), (0,))), precision=spec.precision)


def _window(z: Array, tap: int, geometry: Geometry) -> Array:
    """The samples of (g, n, l, c) that a tap meets."""
    start = tap * geometry.dilation
    return lax.slice_in_dim(z, start, start + (geometry.output - 1) * geometry.stride + 1, geometry.stride, axis=2)


def _taps(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    products = (_product(_window(z, tap, spec.geometry), kernel[:, tap], spec) for tap in range(kernel.shape[1]))
    return sum(products, start=next(products))


def _unfold(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    groups, taps, channels, features = kernel.shape
    windows = jnp.concatenate([_window(z, tap, spec.geometry) for tap in range(taps)], axis=3)
    return _product(windows, kernel.reshape(groups, taps * channels, features), spec)


def _fold(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    groups, taps, channels, features = kernel.shape
    flat = kernel.transpose(0, 2, 1, 3).reshape(groups, channels, taps * features)
    folded = _product(z, flat, spec)
    columns = (folded[..., tap * features : (tap + 1) * features] for tap in range(taps))
    parts = (_window(column, tap, spec.geometry) for tap, column in enumerate(columns))
    return sum(parts, start=next(parts))


def _outputs(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    groups, batch = z.shape[:2]
    taps, channels, features = kernel.shape[1:]
    geometry = spec.geometry
    flat = kernel.reshape(groups, taps * channels, features)
    rows = []
    for output in range(geometry.output):
        start = output * geometry.stride
        window = lax.slice_in_dim(z, start, start + geometry.reach, geometry.dilation, axis=2)
        rows.append(_product(window.reshape(groups, batch, 1, taps * channels), flat, spec))
    return jnp.concatenate(rows, axis=2)
