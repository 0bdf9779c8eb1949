"""Contenders in PyTorch: its convolutions, and its FFT where kernels are long. Where torch is absent, load() fails."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from benchmarks.cases import SCALE_IN_SCAN, Case
from benchmarks.machine import cores
from convax.core import DType

__all__ = ["by_fourier", "direct", "direct_seconds", "fourier_seconds", "load", "long_kernels"]

# From here on a person who knows about FFTs would take them.
LONG = 127
# In other types than float32 torch lays all windows side by side: no more bytes of them than machines have.
UNFOLDED = 12e9


@functools.cache
def load() -> Any:
    """torch, with a thread on each core; its threads sleep between calls, for a spinning one slows its neighbours."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    import torch

    torch.set_num_threads(cores())
    torch.backends.cudnn.benchmark = True  # on a GPU it measures its algorithms once, as XLA does
    return torch


@functools.cache
def _device() -> str:
    """Where JAX computes, as far as torch can compute there too."""
    if jax.default_backend() == "cpu":
        return "cpu"
    if not load().cuda.is_available():
        raise RuntimeError("this torch has no CUDA")
    return "cuda"


def direct(case: Case, operands: list[np.ndarray]) -> Callable[[], Any]:
    """torch.nn.functional.conv1d or conv_transpose1d, on data with channels first, as torch has it."""
    functional = load().nn.functional
    settings = {"stride": case.stride, "dilation": case.dilation}
    before, after = case.geometry.padding

    def layer(x: Any, w: Any) -> Any:
        if case.operation == "transposed":
            return functional.conv_transpose1d(x, w, groups=case.groups, **settings)
        if before == after:
            return functional.conv1d(x, w, padding=before, groups=_groups(case), **settings)
        return functional.conv1d(functional.pad(x, (before, after)), w, groups=_groups(case), **settings)

    if case.operation == "separable":
        return _run(case, operands, lambda x, w, mix: functional.conv1d(layer(x, w), mix))
    return _run(case, operands, layer)


def by_fourier(case: Case, operands: list[np.ndarray]) -> Callable[[], Any]:
    """One real FFT of the signal and one of the kernel, of the next length that transforms fast."""
    from scipy.fft import next_fast_len

    torch, geometry = load(), case.geometry
    before, after = geometry.padding
    # Outputs whose window is whole do not see the wrap-around.
    points = next_fast_len(case.length + before + after, real=True)

    def layer(x: Any, w: Any) -> Any:
        padded = torch.nn.functional.pad(x, (before, after)) if before or after else x
        spectrum = torch.fft.rfft(padded, points) * torch.fft.rfft(w[:, 0], points).conj()
        return torch.fft.irfft(spectrum, points)[..., : geometry.output]

    return _run(case, operands, layer)


def long_kernels(case: Case) -> bool:
    """Many taps and no sum over channels."""
    alone = case.operation in ("signal", "examples") or case.groups == case.channels == case.features
    plain = case.stride == case.dilation == 1 and case.operation not in ("transposed", "separable")
    return case.taps >= LONG and alone and plain


def direct_seconds(case: Case) -> float:
    """Rough; alone or in groups torch computes slowly, and slower still in other types than float32."""
    alone = _groups(case) > 1 or case.channels == 1
    slow = case.dtype not in ("float32", "bfloat16")
    if slow and case.length * case.taps * DType(case.dtype).bytes > UNFOLDED:
        return math.inf
    return case.multiply_adds * (5e-10 if alone else 1e-10) * ((100 if _groups(case) > 1 else 3) if slow else 1)


def fourier_seconds(case: Case) -> float:
    """Rough."""
    return case.batch * case.channels * case.length * math.log2(case.length + 1) * 1e-8


def _groups(case: Case) -> int:
    return case.batch if case.operation == "examples" else case.groups


def _run(case: Case, operands: list[np.ndarray], layer: Callable[..., Any]) -> Callable[[], Any]:
    """`layer` on three-axis tensors, as often as the case says, with gradients where it asks for them."""
    torch = load()
    tensors = [_tensor(operand).requires_grad_(case.gradients) for operand in _three_axes(case, operands)]

    def forward() -> Any:
        y, *kernels = tensors
        for _ in range(max(1, case.scanned)):
            y = layer(y, *kernels)
            y = y * SCALE_IN_SCAN if case.scanned else y
        return y

    def both() -> Any:
        y = forward()
        loss = (torch.view_as_real(y) if y.is_complex() else y).square().sum()
        return loss, *torch.autograd.grad(loss, tensors)

    def without_record() -> Any:
        with torch.inference_mode():
            return forward()

    return both if case.gradients else without_record


def _three_axes(case: Case, operands: list[np.ndarray]) -> list[np.ndarray]:
    if case.operation == "signal":
        return [operand[None, None] for operand in operands]
    if case.operation == "examples":
        return [operands[0][None], operands[1][:, None]]
    return operands


def _tensor(array: np.ndarray) -> Any:
    torch = load()
    if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
        return torch.from_numpy(array.astype(np.float32)).to(_device(), torch.bfloat16)
    return torch.from_numpy(array).to(_device())
