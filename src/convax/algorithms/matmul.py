"""matmul: matrix products over channels; one per tap, one per output, or one large one before or after shifting."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import Literal, Self

import jax.numpy as jnp
from jax import Array, lax

from convax.algorithms.fence import fenced
from convax.algorithms.interface import Algorithm, Axes
from convax.algorithms.pieces import signal_by_signal
from convax.algorithms.products import group_products
from convax.algorithms.windows import padded, padded_apart, strided_window
from convax.core.geometry import Geometry
from convax.core.spec import ConvSpec
from convax.core.work import Work, is_split

__all__ = ["Form", "Matmul"]

Form = Literal["taps", "unfold", "fold", "outputs"]

# Each product is an operation of the compiled program.
MOST_PRODUCTS = 256
# A loop over more signals than this spends its time on starting.
MOST_TURNS = 512
# Bytes that are unfolded: with fewer the signals gain nothing by taking turns; with more they do, or a program of
# several layers needs so much memory that the system hands it out anew at each call.
FEW, MANY = 2 << 20, 8 << 20


@dataclasses.dataclass(frozen=True)
class Matmul(Algorithm):
    """Matrix products that contract the channels of a group.

    Args:
        form: "taps": one product (positions x channels) @ (channels x features) per tap, summed;
            "unfold": the windows side by side, then one product over channels and taps;
            "fold": one product of the whole signal with all taps, then the shifted sum (overlap-add);
            "outputs": one product over channels and taps per output position, for few outputs of many taps, as
            in gradients with respect to a kernel.
        axes: The order in which data and result take part: "NHC" multiplies all positions of all signals by the
            kernel, "NCH" multiplies the kernel by each signal's positions.
        sequential: Whether the signals take turns, so that what is unfolded of one signal stays in the cache.
    """

    name = "matmul"
    idea = "matrix products over channels, per tap or unfolded"
    form: Form = "taps"
    axes: Axes = "NHC"
    sequential: bool = False

    @classmethod
    def candidates(cls, spec: ConvSpec, platform: str = "cpu") -> Iterator[Self]:
        axes: Axes
        form: Form
        for axes in ("NHC", "NCH"):
            yield cls("outputs", axes)
            if platform != "cpu" and spec.group_channels == spec.group_features == 1:
                continue  # XLA makes a loop of such products there, the one that shift_add is
            yield cls("taps", axes)
            for form in ("unfold", "fold") if spec.geometry.taps > 1 else ():  # of one tap they make the same product
                whole, in_turn = cls(form, axes), cls(form, axes, sequential=True)
                temporaries = whole._unfolded(spec) * spec.accumulator.bytes
                can_take_turns = in_turn.why_not(spec) is None and platform == "cpu"
                if temporaries <= MANY or not can_take_turns:
                    yield whole
                if temporaries > FEW and can_take_turns:
                    yield in_turn

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
        if self.sequential and not 1 < spec.group_batch <= MOST_TURNS:
            return f"{spec.group_batch} signals cannot take turns; 2 to {MOST_TURNS} can"
        return None

    def order(self, spec: ConvSpec) -> Axes:
        return self.axes

    def _unfolded(self, spec: ConvSpec) -> int:
        """Elements that "unfold" lays side by side, or that "fold" makes before it sums them."""
        geometry, rows = spec.geometry, spec.group_batch * spec.groups
        if self.form == "fold":
            return rows * spec.group_features * geometry.taps * geometry.padded
        return rows * spec.group_channels * geometry.output * geometry.taps

    def work(self, spec: ConvSpec) -> Work:
        data, kernel, output = spec.sizes
        taps, unfolded = spec.geometry.taps, self._unfolded(spec)
        amount, moved, products, steps, adds = spec.multiply_adds, data + output, 1, 1, 0
        counts: dict[str, float] = {}
        if self.form == "unfold":
            moved, steps = moved + 2 * unfolded, 3
            counts["joined"] = unfolded * math.log2(taps)
        elif self.form == "fold":
            moved, steps, adds = moved + 2 * unfolded, 3, output * taps
            amount = unfolded * spec.group_channels
        elif self.form == "outputs":
            products = spec.geometry.output
            moved, steps = moved + unfolded + kernel * products, products + 1
        elif spec.group_channels > 1 < taps:  # else one product, or what XLA fuses as if it were shift_add
            moved, products, steps, adds = moved + unfolded + 2 * output * taps, taps, 2 * taps - 1, output * taps
        turns = spec.group_batch if self.sequential else 1
        calls = products * spec.groups * turns
        if self.axes == "NCH" and not self.sequential:
            calls *= spec.group_channels if self.form == "outputs" else spec.group_batch
        if self.sequential:
            moved, steps, counts["turn"] = data + output, steps * turns, turns
        if self.axes == "NHC" and spec.groups > 1:
            counts["transpose"] = data + output  # groups come first in a product
        width = spec.accumulator.bytes
        counts["split"] = turns * is_split(2 * adds / turns, 2 * width * unfolded / turns)
        counts["gemm_call"] = calls
        counts[self._kind(spec)] = amount
        counts["loop"] = counts.get("loop", 0) + adds
        return Work(counts, moved * width, steps)

    def _kind(self, spec: ConvSpec) -> str:
        """Of the multiply-adds: a product with a side of one or two is no better than a loop."""
        taps = spec.geometry.taps
        summed = spec.group_channels * (taps if self.form in ("unfold", "outputs") else 1)
        features = spec.group_features * (taps if self.form == "fold" else 1)
        if summed == 1:
            return "loop"  # which is what XLA makes of a product that sums nothing
        # Products are made group by group.
        rows = spec.group_batch * (1 if self.form == "outputs" else spec.geometry.output)
        return "gemm" if min(summed, features, rows) >= 4 else "gemm_thin"

    def apply(self, x: Array, w: Array, spec: ConvSpec) -> Array:
        form = functools.partial(_FORMS[self.axes][self.form], spec=spec)
        # Channels last: (n, l, g, c), as they lie in memory there. The form takes (g, n, l, c).
        signals = x.transpose(0, 3, 1, 2) if self.axes == "NHC" else x
        if self.sequential:
            y = signal_by_signal(functools.partial(self._one, form), signals, w)
        else:
            y = self._one(form, signals, w)
        return y.transpose(0, 2, 3, 1) if self.axes == "NHC" else y

    def _one(self, form: functools.partial[Array], signals: Array, w: Array) -> Array:
        geometry = form.keywords["spec"].geometry
        if self.axes == "NHC":
            z = padded(signals, geometry, axis=1).transpose(2, 0, 1, 3)
            return form(z, w.transpose(0, 3, 2, 1)).transpose(1, 2, 0, 3)
        # A product is fused with nothing; slices are with what they are taken from.
        z = padded_apart(signals, geometry) if self.form == "fold" else padded(signals, geometry)
        return form(z, w)


def _times_kernel(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    """Channels last: (g, n, p, c) by (g, c, o) -> (g, n, p, o)."""
    groups, batch, positions, channels = z.shape
    y = group_products(z.reshape(groups, batch * positions, channels), kernel, (2, 1), spec.precision)
    return y.reshape(groups, batch, positions, -1)


def _kernel_times(kernel: Array, z: Array, spec: ConvSpec) -> Array:
    """Samples last: (g, o, c) by (n, g, c, p) -> (n, g, o, p)."""
    batch, groups, channels, positions = z.shape
    features = kernel.shape[1]
    kernels = jnp.broadcast_to(kernel, (batch, groups, features, channels))
    kernels = kernels.reshape(batch * groups, features, channels)
    y = group_products(kernels, z.reshape(batch * groups, channels, positions), (2, 1), spec.precision)
    return y.reshape(batch, groups, features, -1)


def _sum(parts: Iterator[Array]) -> Array:
    return sum(parts, start=next(parts))


# Channels last: z (g, n, l, c), kernel (g, k, c, o) -> (g, n, i, o).


def _taps(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    taps = range(spec.geometry.taps)
    return _sum(_times_kernel(strided_window(z, tap, spec.geometry, 2), kernel[:, tap], spec) for tap in taps)


def _unfold(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    groups, taps, channels, features = kernel.shape
    windows = jnp.concatenate([strided_window(z, tap, spec.geometry, 2) for tap in range(taps)], axis=3)
    return _times_kernel(windows, kernel.reshape(groups, taps * channels, features), spec)


def _fold(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    groups, taps, channels, features = kernel.shape
    flat = kernel.transpose(0, 2, 1, 3).reshape(groups, channels, taps * features)
    folded = _times_kernel(z, flat, spec)

    def shifted(folded: Array) -> Array:
        columns = (folded[..., tap * features : (tap + 1) * features] for tap in range(taps))
        return _sum(strided_window(column, tap, spec.geometry, 2) for tap, column in enumerate(columns))

    return fenced(shifted, folded)  # else every operation that follows would read all of `folded` again


def _outputs(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    groups, taps, channels, features = kernel.shape
    flat = kernel.reshape(groups, taps * channels, features)
    windows = (_met_by(output, z, spec.geometry, axis=2) for output in range(spec.geometry.output))
    rows = [_times_kernel(window.reshape(groups, z.shape[1], 1, taps * channels), flat, spec) for window in windows]
    return jnp.concatenate(rows, axis=2)


# Samples last: z (n, g, c, l), kernel (g, o, c, k) -> (n, g, o, i).


def _taps_of_samples(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    taps = range(spec.geometry.taps)
    return _sum(_kernel_times(kernel[..., tap], strided_window(z, tap, spec.geometry), spec) for tap in taps)


def _unfold_samples(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    windows = jnp.concatenate([strided_window(z, tap, spec.geometry) for tap in range(spec.geometry.taps)], axis=2)
    return _kernel_times(kernel.transpose(0, 1, 3, 2).reshape(*kernel.shape[:2], -1), windows, spec)


def _fold_samples(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    groups, features, channels, taps = kernel.shape
    folded = _kernel_times(kernel.transpose(0, 3, 1, 2).reshape(groups, taps * features, channels), z, spec)

    def shifted(folded: Array) -> Array:
        rows = (folded[:, :, tap * features : (tap + 1) * features] for tap in range(taps))
        return _sum(strided_window(row, tap, spec.geometry) for tap, row in enumerate(rows))

    return fenced(shifted, folded)


def _outputs_of_samples(z: Array, kernel: Array, spec: ConvSpec) -> Array:
    """Contracts the taps channel by channel, so that no operand is transposed, then sums over channels."""
    batch, groups, channels, _ = z.shape
    features, taps = kernel.shape[1], kernel.shape[3]
    left = z.transpose(1, 2, 0, 3).reshape(groups * channels, batch, -1)
    right = kernel.transpose(0, 2, 1, 3).reshape(groups * channels, features, taps)
    columns = []
    for output in range(spec.geometry.output):
        window = _met_by(output, left, spec.geometry, axis=2)
        product = lax.dot_general(window, right, (((2,), (2,)), ((0,), (0,))), precision=spec.precision)
        columns.append(product.reshape(groups, channels, batch, features).sum(1, dtype=z.dtype))
    return jnp.stack(columns, axis=3).transpose(1, 0, 2, 3)


def _met_by(output: int, z: Array, geometry: Geometry, axis: int) -> Array:
    """The samples that an output's window holds, one for each tap."""
    start = output * geometry.stride
    return lax.slice_in_dim(z, start, start + geometry.reach, geometry.dilation, axis=axis)


_FORMS = {
    "NHC": {"taps": _taps, "unfold": _unfold, "fold": _fold, "outputs": _outputs},
    "NCH": {
        "taps": _taps_of_samples,
        "unfold": _unfold_samples,
        "fold": _fold_samples,
        "outputs": _outputs_of_samples,
    },
}
