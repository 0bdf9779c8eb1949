"""The full set: every case with every rival, recorded row by row."""

from __future__ import annotations

import concurrent.futures
import functools
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator

import jax
import jax.numpy as jnp
from rich.console import Console

import convax
from benchmarks import tuned
from benchmarks.cases import Case
from benchmarks.catalogue import layers, padded_signals, select, signals
from benchmarks.gpu_catalogue import of_gpu
from benchmarks.machine import measure_limits
from benchmarks.overheads import measure_overheads
from benchmarks.recording import Recording, default_path
from benchmarks.rivals import RIVALS
from benchmarks.rows import Prepared, Row, measure_case

__all__ = ["run_full"]

# Cases that are compiled side by side for a GPU: XLA tries out kernels for seconds, most of them on one thread. With
# more of them the kernels disturb each other, and all wait for the slowest.
TOGETHER = 6
RIVALS_ON_GPU = ("convax", "lax NCH", "lax NHC", "jax.scipy fftconvolve", "torch", "torch.fft")


def run_full(
    path: pathlib.Path | None = None,
    only: str = "",
    tags: tuple[str, ...] = (),
    *,
    with_torch: bool = True,
    seconds: float = 1.0,
    after_tuning: bool = False,
) -> pathlib.Path:
    """Measure the chosen cases that the file does not hold yet, and add them one by one; returns the file.

    Args:
        path: The file to take up again; None for the one named after device and date.
        only: Text that the names of cases hold.
        tags: Tags that they carry.
        with_torch: Whether torch takes part.
        seconds: Time for each contender of each case.
        after_tuning: Whether to measure the convolutions of each case before, and plan it by that; only cases that
            are for it.

    Raises:
        SystemExit: The file is another machine's.
    """
    recording = Recording.open(path or default_path())
    on_gpu = jax.default_backend() != "cpu"
    cases: Iterable[Case] = of_gpu() if on_gpu else [*layers(), *signals(), *padded_signals()]
    if after_tuning:
        cases = tuned.cases()
    chosen = [case for case in select(cases, only, tags) if case.name not in recording.names]
    console = Console(stderr=True)
    if recording.rows:
        console.print(f"the file holds {len(recording.rows)} rows, which stay as they are; delete it to begin anew")
    if not chosen:
        console.print("nothing left to measure")
        return recording.path or default_path()
    _warm_up()
    session = recording.begin(measure_limits(), measure_overheads())
    limits = recording.sessions[session].limits
    rivals = [rival.name for rival in RIVALS if with_torch or not rival.name.startswith("torch")]
    if on_gpu:  # NumPy and SciPy compute elsewhere, and the others of JAX call lax
        rivals = [name for name in rivals if name in RIVALS_ON_GPU]
    wisdom = convax.Wisdom()  # empty but for what is tuned: whatever this machine remembers does not count
    ready = functools.partial(_ready, rivals=rivals, wisdom=wisdom, after_tuning=after_tuning)
    for number, prepared in enumerate(_prepared(chosen, ready, TOGETHER if on_gpu else 1), 1):
        with convax.use_wisdom(wisdom):  # part of what JAX finds a program by
            row = measure_case(prepared, limits, seconds=seconds, session=session)
        recording.add(row)
        console.print(f"{number}/{len(chosen)} {row.name} {_summary(row)}", highlight=False, soft_wrap=True)
    return recording.path or default_path()


def _prepared(cases: list[Case], ready: Callable[[Case], Prepared], together: int) -> Iterator[Prepared]:
    """The cases ready to be timed, some at a time; nothing is compiled while the caller holds one of them."""
    with concurrent.futures.ThreadPoolExecutor(together) as pool:
        for start in range(0, len(cases), together):
            yield from list(pool.map(ready, cases[start : start + together]))


def _ready(case: Case, rivals: list[str], wisdom: convax.Wisdom, after_tuning: bool) -> Prepared:
    with convax.use_wisdom(wisdom):  # of this thread
        if after_tuning:
            tuned.tune_case(case)
        return Prepared.of(case, rivals)


def _summary(row: Row) -> str:
    best = row.best()
    if best is None:
        return str(row.absent)
    name, ratio = best
    lax = row.ratio("lax NCH")
    load = f", load {os.getloadavg()[0]:.1f}" if sys.platform != "win32" else ""
    against = f"{lax:.2f}x lax, " if lax is not None else ""
    return f"{row.timings['convax'].median * 1e3:.4g} ms, {against}{ratio:.2f}x {name}{load}"


def _warm_up() -> None:
    """One small convolution: the first of a process pays for what is loaded on first use."""
    x, w = jnp.ones(64), jnp.ones(3)
    jax.block_until_ready([jax.jit(call)(x, w) for call in (convax.correlate, convax.conv1d_basic)])
