"""What kind of device a formulation is being compiled for: a CPU, whose cache and loops it minds, or another one."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator

import jax

__all__ = ["compiling_for", "is_for_cpu", "multiplies"]

AMPERE = 8.0

_platform: contextvars.ContextVar[str | None] = contextvars.ContextVar("platform", default=None)


@contextlib.contextmanager
def compiling_for(platform: str) -> Iterator[None]:
    """Within the block, formulations are traced for a platform ("cpu", "cuda", ...), whatever this machine has.

    A program for a CPU is cut into pieces that stay in the cache, and fenced against fusions that harm there. On a
    GPU each piece is a launch, each turn of a loop and each branch a question to the host (9 and 70 us on an H100),
    and whole arrays are what it is fast at.

    Example:
        >>> with compiling_for("cuda"):
        ...     is_for_cpu()
        False
    """
    token = _platform.set(platform)
    try:
        yield
    finally:
        _platform.reset(token)


def is_for_cpu() -> bool:
    """Whether what is traced now is for a CPU; outside of `compiling_for`, for JAX's default backend."""
    return (_platform.get() or jax.default_backend()) == "cpu"


def multiplies(dtype: str) -> bool:
    """Whether the device's convolution reads a half-precision type as it is, and sums its products in float32.

    cuDNN does on each GPU since Ampere; on older ones it has no convolution of bfloat16 (jax-ml/jax issue 37922).
    """
    return dtype in ("float16", "bfloat16") and not is_for_cpu() and _capability(_platform.get() or "cuda") >= AMPERE


@functools.cache
def _capability(platform: str) -> float:
    """CUDA's compute capability; 0 for other devices, and for those that this machine does not have."""
    try:
        return float(jax.devices(platform)[0].compute_capability)
    except (RuntimeError, AttributeError, ValueError):
        return 0.0
