"""What a case computes, said by convax and by lax; both take the same operands."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import convax
from benchmarks.cases import SCALE_IN_SCAN, Case

__all__ = ["arranged", "canonical", "convax_function", "lax_function", "lax_operands", "whole"]

Function = Callable[..., Any]


def arranged(case: Case, operands: list[np.ndarray], layout: str) -> list[np.ndarray]:
    """The operands as they lie in memory in `layout`: a kernel (O, I, K) becomes (K, I, O) in "NHC"."""
    if layout == "NCH" or operands[0].ndim < 3:
        return operands
    data, *kernels = operands
    letters = (2, 0, 1) if case.operation == "transposed" else (2, 1, 0)
    return [_channels_last(data), *(np.ascontiguousarray(kernel.transpose(letters)) for kernel in kernels)]


def convax_function(case: Case) -> Function:
    """The case by convax's public functions, on operands `arranged` in the case's layout."""
    if case.operation == "signal":
        return whole(case, functools.partial(convax.correlate, mode=case.mode))
    if case.operation == "examples":
        return whole(case, jax.vmap(convax.correlate))
    steps = {"stride": case.stride, "dilation": case.dilation, "groups": case.groups}
    if case.operation == "transposed":
        layout = "NCH" if case.layout == "NCH" else "NHC,HIO"
        return whole(case, lambda x, w: convax.conv_transpose1d(x, w, layout=layout, **steps))

    def layer(x: Any, w: Any, **settings: Any) -> Any:
        return convax.conv1d(x, w, layout=case.layout, **settings)

    first = {"padding": case.padding, **steps}
    if case.operation == "separable":
        return whole(case, lambda x, w, mix: layer(layer(x, w, **first), mix))
    return whole(case, lambda x, w: layer(x, w, **first))


def lax_operands(case: Case, operands: list[np.ndarray], layout: str) -> list[np.ndarray]:
    """The operands as lax takes them in `layout`; whatever can be arranged before the call costs lax nothing."""
    if case.operation == "signal":
        x, w = operands
        return [x[None, :, None], w[:, None, None]] if layout == "NHC" else [x, w]
    if case.operation == "examples":
        x, w = operands
        return [x[:, None, :, None], w[:, :, None, None]] if layout == "NHC" else [x, w]
    if case.operation == "transposed":
        x, w = operands
        each = w.reshape(case.groups, -1, *w.shape[1:]).transpose(0, 2, 1, 3)
        w = np.ascontiguousarray(np.flip(each.reshape(case.features, -1, case.taps), -1))
        return [x, w] if layout == "NCH" else [_channels_last(x), np.ascontiguousarray(w.transpose(2, 1, 0))]
    return arranged(case, operands, layout)


def lax_function(case: Case, layout: str) -> Function:
    """The case by `lax.conv_general_dilated` on `lax_operands` in `layout`."""
    numbers = ("NCH", "OIH", "NCH") if layout == "NCH" else ("NHC", "HIO", "NHC")
    geometry = case.geometry

    def layer(x: Any, w: Any) -> Any:
        return lax.conv_general_dilated(
            x,
            w,
            (geometry.stride,),
            (geometry.padding,),
            lhs_dilation=(geometry.upsample,),
            rhs_dilation=(geometry.dilation,),
            dimension_numbers=numbers,
            feature_group_count=case.groups,
        )

    if case.operation == "signal" and layout == "NCH":
        valid = case.padding == "VALID"
        return whole(case, convax.conv1d_basic if valid else lambda x, w: layer(x[None, None], w[None, None])[0, 0])
    if case.operation == "signal":
        return whole(case, layer)
    if case.operation == "examples":
        return whole(case, jax.vmap(convax.conv1d_basic if layout == "NCH" else layer))
    if case.operation == "separable":
        mix = lambda x, w: lax.conv_general_dilated(x, w, (1,), "VALID", dimension_numbers=numbers)
        return whole(case, lambda x, w, pointwise: mix(layer(x, w), pointwise))
    return whole(case, layer)


def whole(case: Case, once: Function) -> Function:
    """`once` as often as the case says, and with its gradients where the case asks for them."""
    forward = _scanned(case, once) if case.scanned else once
    if not case.gradients:
        return forward

    def loss(*operands: Any) -> Any:
        y = forward(*operands)
        return jnp.sum(jnp.square(y.real) + jnp.square(y.imag)) if jnp.iscomplexobj(y) else jnp.sum(jnp.square(y))

    return jax.value_and_grad(loss, tuple(range(len(case.shapes))))


def _scanned(case: Case, once: Function) -> Function:
    def many(x: Any, *kernels: Any) -> Any:
        return lax.scan(lambda y, _: (once(y, *kernels) * SCALE_IN_SCAN, None), x, None, length=case.scanned)[0]

    return many


def canonical(case: Case, results: Any, layout: str, *, by_lax: bool = False) -> list[np.ndarray]:
    """What `convax_function` or `lax_function` returned, in the order and with the axes of `truth`.

    Args:
        case: What was computed.
        results: The result, or (value, gradients).
        layout: Of the operands.
        by_lax: Whether the operands were `lax_operands`.
    """
    loss, arrays = results if case.gradients else (None, [results])
    arrays = [np.asarray(array) for array in arrays]
    if case.operation in ("signal", "examples"):
        shapes = case.shapes if case.gradients else [(*case.shapes[0][:-1], case.geometry.output)]
        arrays = [array.reshape(shape) for array, shape in zip(arrays, shapes, strict=True)]
    elif layout == "NHC":
        data, *kernels = arrays
        letters = (1, 2, 0) if case.operation == "transposed" and not by_lax else (2, 1, 0)
        arrays = [data.transpose(0, 2, 1), *(kernel.transpose(letters) for kernel in kernels)]
    if case.operation == "transposed" and by_lax and case.gradients:
        each = np.flip(arrays[1], -1).reshape(case.groups, -1, *arrays[1].shape[1:]).transpose(0, 2, 1, 3)
        arrays[1] = each.reshape(case.shapes[1])
    return arrays if loss is None else [np.asarray(loss), *arrays]


def _channels_last(data: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(data.transpose(0, 2, 1))
