"""The contenders of a case, in one process: convax, lax in both layouts, and what else JAX, SciPy and PyTorch offer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from benchmarks import host_rivals, jax_rivals, torch_rivals
from benchmarks.cases import Case

__all__ = ["RIVALS", "Rival", "prepare"]

# A rival that would take longer than this on a CPU is left out, and the reason noted. (A GPU is faster, but cuDNN runs
# all its algorithms before it chooses.)
LONGEST, LONGEST_ON_GPU = 20.0, 10.0


@dataclasses.dataclass(frozen=True)
class Rival:
    """One way to compute a case.

    Args:
        name: How tables call it.
        serves: Whether a case is of the kind that it is for.
        estimate: Rough seconds of one run, from operations counted; decides only whether to try.
        build: Takes a case and its operands and returns what to call.
        why_not: Why a case is not tried whatever its size, or None.
    """

    name: str
    serves: Callable[[Case], bool]
    estimate: Callable[[Case], float]
    build: Callable[[Case, list[np.ndarray]], Any]
    why_not: Callable[[Case], str | None] = lambda case: None


_UNLESS = jax_rivals.why_lax_does_not

RIVALS: tuple[Rival, ...] = (
    Rival("convax", jax_rivals.any_case, jax_rivals.no_time, jax_rivals.convax_program),
    Rival("lax NCH", jax_rivals.any_case, jax_rivals.lax_seconds, jax_rivals.lax_channels_first, _UNLESS),
    Rival("lax NHC", jax_rivals.any_case, jax_rivals.lax_seconds, jax_rivals.lax_channels_last, _UNLESS),
    Rival("jnp.correlate", jax_rivals.signal_only, jax_rivals.lax_seconds, jax_rivals.jnp_correlate, _UNLESS),
    Rival("jnp.convolve", jax_rivals.signal_only, jax_rivals.lax_seconds, jax_rivals.jnp_convolve, _UNLESS),
    Rival("jax.scipy convolve", jax_rivals.signal_only, jax_rivals.lax_seconds, jax_rivals.scipy_convolve, _UNLESS),
    Rival("jax.scipy fftconvolve", jax_rivals.signal_only, jax_rivals.no_time, jax_rivals.scipy_fftconvolve),
    Rival("NumPy", host_rivals.forward_signals, host_rivals.numpy_seconds, host_rivals.numpy_correlate),
    Rival("SciPy correlate", host_rivals.forward_signals, host_rivals.fourier_seconds, host_rivals.scipy_correlate),
    Rival("SciPy oaconvolve", host_rivals.forward_signals, host_rivals.fourier_seconds, host_rivals.scipy_oaconvolve),
    Rival("torch", jax_rivals.any_case, torch_rivals.direct_seconds, torch_rivals.direct),
    Rival("torch.fft", torch_rivals.long_kernels, torch_rivals.fourier_seconds, torch_rivals.by_fourier),
)


def prepare(case: Case, operands: list[np.ndarray], names: Iterable[str] | None = None) -> dict[str, Any]:
    """What to call for each rival that the case is for, or why there is nothing to call.

    Args:
        case: What to compute.
        operands: Of `Case.shapes`.
        names: Rivals to take part; None for all.

    Returns:
        By name, the program (`jax_rivals.Program` for JAX's), or a text: the reason for its absence.
    """
    chosen = [rival for rival in RIVALS if (names is None or rival.name in names) and rival.serves(case)]
    return {rival.name: _built(rival, case, operands) for rival in chosen}


def _built(rival: Rival, case: Case, operands: list[np.ndarray]) -> Any:
    refusal = rival.why_not(case)
    if refusal is not None:
        return refusal
    seconds = rival.estimate(case)
    if seconds > (LONGEST if jax.default_backend() == "cpu" else LONGEST_ON_GPU):
        return f"about {seconds:.0f} s for one run on a CPU"
    try:
        return rival.build(case, operands)
    except Exception as error:  # what a rival cannot do is part of the comparison
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120] if str(error) else ''}"
