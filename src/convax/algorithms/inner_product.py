"""inner_product: few outputs of very many taps, each an inner product; one pass reads the data for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Self

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.interface import Algorithm
from convax.algorithms.windows import padded
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["InnerProduct"]

MOST_OUTPUTS = 64


@dataclasses.dataclass(frozen=True)
class InnerProduct(Algorithm):
    """Output i = the inner product of the kernel with the window at i, all outputs in one variadic reduction.

    Gradients with respect to a depthwise (or single) kernel have this shape: the "kernel" is as long as the
    signal, and there are as many outputs as the layer has taps.

    Args:
        lanes: Partial sums that are kept apart until the end; short sums keep the rounding error small, and
            fill the vector registers.
    """

    name = "inner_product"
    idea = "one reduction per output, all in a single pass"
    lanes: int = 64

    @classmethod
    def candidates(cls, spec: ConvSpec) -> Iterator[Self]:
        yield cls()

    def why_not(self, spec: ConvSpec) -> str | None:
        if spec.accumulator.kind == "other":
            return f"{spec.dtype} has no arithmetic of its own"
        if spec.geometry.output > MOST_OUTPUTS:
            return f"{spec.geometry.output} outputs; a single reduction serves at most {MOST_OUTPUTS}"
        if spec.geometry.upsample > 1:
            return f"upsample {spec.geometry.upsample} would multiply by inserted zeros; polyphase skips them"
        return None

    def work(self, spec: ConvSpec) -> Work:
        passes = 1 if spec.geometry.padding == (0, 0) else 2
        extra = (passes - 1) * 2 * spec.sizes[0] * spec.accumulator.bytes
        kind = "reduce" if spec.geometry.dilation == 1 else "reduce_strided"
        return Work({kind: spec.multiply_adds}, spec.bytes + extra, passes + 1)

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        geometry = spec.geometry
        z = padded(x, geometry)[:, :, None]
        kernel = w[None]
        products = []
        for output in range(geometry.output):
            start = output * geometry.stride
            window = lax.slice_in_dim(z, start, start + geometry.reach, geometry.dilation, axis=4)
            products.append(window * kernel)
        whole = geometry.taps // self.lanes * self.lanes
        sums = []
        if whole:
            shape = (*products[0].shape[:-1], whole // self.lanes, self.lanes)
            lanes = _sum_each([p[..., :whole].reshape(shape) for p in products], axes=(3, 4))
            sums.append(lanes.sum(axis=-1, dtype=lanes.dtype))  # NumPy's sum of narrow integers would widen them
        if whole < geometry.taps:
            sums.append(_sum_each([p[..., whole:] for p in products], axes=(3, 4)))
        return sum(sums[1:], start=sums[0])


def _sum_each(arrays: list[Array], axes: tuple[int, ...]) -> Array:
    """Sums of equally shaped arrays over `axes` in one reduction, stacked along axis 3 (the output position)."""
    zero = jnp.zeros((), arrays[0].dtype)
    totals = lax.reduce(
        tuple(arrays),
        (zero,) * len(arrays),
        lambda left, right: tuple(a + b for a, b in zip(left, right, strict=True)),
        axes,
    )
    return jnp.stack(totals, axis=3)
