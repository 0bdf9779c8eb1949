"""Contenders that run in JAX, compiled before they are timed: convax itself, lax, jax.numpy and jax.scipy."""

from __future__ import annotations

import dataclasses
import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.signal
import numpy as np

from benchmarks.cases import Case
from benchmarks.operations import arranged, convax_function, lax_function, lax_operands, whole

__all__ = [
    "Program",
    "any_case",
    "convax_program",
    "jnp_convolve",
    "jnp_correlate",
    "lax_channels_first",
    "lax_channels_last",
    "lax_seconds",
    "no_time",
    "scipy_convolve",
    "scipy_fftconvolve",
    "signal_only",
    "why_lax_does_not",
]

# Compilations whose median counts, unless the first took so many seconds: one may meet a slow moment. On a GPU, where
# cuDNN's algorithms are tried out meanwhile, nobody asks.
COMPILATIONS, REPEATED = 3, 2.0
# From this length on lax's gradients of a float64 signal end the process, if its kernel has more than so many taps.
DEADLY_LENGTH, HARMLESS_TAPS = 1_000_000, 9


@dataclasses.dataclass(frozen=True)
class Program:
    """A compiled function with its operands.

    Args:
        call: Runs it.
        compile_seconds: What tracing, planning, lowering and compiling took; the median of several compilations.
        temporaries: Bytes beyond operands and results at their peak, as the compiler says.
        held: Bytes of operands and results.
    """

    call: Callable[[], Any]
    compile_seconds: float
    temporaries: int
    held: int

    def __call__(self) -> Any:
        return self.call()


def convax_program(case: Case, operands: list[np.ndarray]) -> Program:
    """convax, in the case's layout."""
    return _compiled(convax_function(case), arranged(case, operands, case.layout))


def lax_channels_first(case: Case, operands: list[np.ndarray]) -> Program:
    """lax with NCH data, for signals as `conv1d_basic`."""
    return _compiled(lax_function(case, "NCH"), lax_operands(case, operands, "NCH"))


def lax_channels_last(case: Case, operands: list[np.ndarray]) -> Program:
    """lax with NHC data, laid out so before the clock starts."""
    return _compiled(lax_function(case, "NHC"), lax_operands(case, operands, "NHC"))


def jnp_correlate(case: Case, operands: list[np.ndarray]) -> Program:
    """jnp.correlate."""
    return _compiled(whole(case, functools.partial(jnp.correlate, mode=case.mode)), operands)


def jnp_convolve(case: Case, operands: list[np.ndarray]) -> Program:
    """jnp.convolve with the flipped kernel."""
    return _compiled(whole(case, functools.partial(jnp.convolve, mode=case.mode)), _flipped(operands))


def scipy_convolve(case: Case, operands: list[np.ndarray]) -> Program:
    """jax.scipy.signal.convolve, method "auto"."""
    return _compiled(whole(case, functools.partial(jax.scipy.signal.convolve, mode=case.mode)), _flipped(operands))


def scipy_fftconvolve(case: Case, operands: list[np.ndarray]) -> Program:
    """jax.scipy.signal.fftconvolve."""
    return _compiled(whole(case, functools.partial(jax.scipy.signal.fftconvolve, mode=case.mode)), _flipped(operands))


def any_case(case: Case) -> bool:
    """Every case."""
    return True


def signal_only(case: Case) -> bool:
    """One signal and one kernel."""
    return case.operation == "signal"


def no_time(case: Case) -> float:
    """Always tried."""
    return 0.0


def lax_seconds(case: Case) -> float:
    """Rough: the fast path of float32 at 10^10 products a second, naive loops (over all groups) at 3 * 10^9."""
    groups = case.batch if case.operation == "examples" else case.groups
    if case.dtype in ("float32", "bfloat16", "float16"):
        return case.multiply_adds * (2e-9 if groups > 1 else 1e-10)
    return case.multiply_adds * groups * 3e-10


def why_lax_does_not(case: Case) -> str | None:
    """Why lax's own program is not even tried; None where it is."""
    if case.operation != "signal" or not case.gradients:
        return None
    if jax.default_backend() != "cpu":
        return "the kernel's gradient has one thread for each tap, and XLA tries it out for minutes"
    if case.dtype == "float64" and case.length >= DEADLY_LENGTH and case.taps > HARMLESS_TAPS:
        return "XLA's CPU loads what lies beside a padded signal of float64, where nothing is mapped the process dies"
    return None


def _compiled(function: Callable[..., Any], operands: list[np.ndarray]) -> Program:
    arrays = [jnp.asarray(operand) for operand in operands]
    jitted, compiled, seconds = _timed_compilation(function, arrays)
    if seconds < REPEATED and jax.default_backend() == "cpu":
        others = [_timed_compilation(function, arrays)[-1] for _ in range(COMPILATIONS - 1)]
        seconds = statistics.median([seconds, *others])
    memory = compiled.memory_analysis()
    held = memory.argument_size_in_bytes + memory.output_size_in_bytes
    # The jitted function finds this program in JAX's cache and calls it the way that callers do.
    return Program(functools.partial(jitted, *arrays), seconds, memory.temp_size_in_bytes, held)


def _timed_compilation(
    function: Callable[..., Any], arrays: list[jax.Array]
) -> tuple[Callable[..., Any], jax.stages.Compiled, float]:
    """The jitted function, its program, and what that took."""
    jitted = jax.jit(functools.partial(function))  # one of its own: JAX may have compiled the function before
    start = time.perf_counter()
    compiled = jitted.lower(*arrays).compile()
    return jitted, compiled, time.perf_counter() - start


def _flipped(operands: list[np.ndarray]) -> list[np.ndarray]:
    x, w = operands
    return [x, np.ascontiguousarray(w[::-1])]
