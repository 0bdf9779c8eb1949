"""The command `convax filter`: a recording in, a kernel, a recording out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convax.cli.console import Report, Stopwatch, duration
from convax.cli.files import ARRAYS, container_of, read_recording, write_recording
from convax.cli.filtering import Filtering, working_dtype
from convax.cli.kernels import Kernel, KernelChoice
from convax.cli.output import check_output
from convax.cli.recording import Recording, Written
from convax.files import replacing

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FilterRequest", "Filtered", "filter_recording", "wide_if_needed"]


@dataclass(frozen=True)
class FilterRequest:
    """All that the command line says.

    Attributes:
        source: The recording to read.
        output: The file to write.
        kernel: Which kernel.
        sample_rate: Rate in Hz for a recording that states none.
        mode: "full", "same" or "valid".
        algorithm: The way to convolve, or None to leave it to the planner.
        force: Whether an existing output may be replaced.
    """

    source: Path
    output: Path
    kernel: KernelChoice
    sample_rate: float | None = None
    mode: str = "same"
    algorithm: str | None = None
    force: bool = False


@dataclass(frozen=True, eq=False)
class Filtered:
    """What came of it, for callers that go on from there (the demonstration)."""

    before: Recording
    after: Recording
    kernel: Kernel
    written: Written


def filter_recording(request: FilterRequest, report: Report) -> Filtered:
    """Filters one recording and reports what was done.

    Raises:
        CommandError: If anything about the request does not fit; no output is written then.
        ConvaxError: If the library refuses the convolution.
    """
    container = container_of(request.output)
    request.kernel.check()
    sources = [request.source] + ([request.kernel.file] if request.kernel.file else [])
    check_output(request.output, sources, force=request.force)

    recording = _read(request, report)
    if container not in ARRAYS:
        from convax.cli.audio import whole_rate

        whole_rate(recording.rate)  # found out now, not after the work
    with report.stage("making the kernel"):
        kernel = request.kernel.make(recording.rate, recording.channels)
    report.line("kernel", _describe(kernel, recording.rate))

    dtype = working_dtype(recording.samples, kernel.taps, designed=request.kernel.file is None)
    filtering = Filtering(recording.samples, kernel.taps, request.mode, dtype, request.algorithm)
    frames = filtering.frames_out  # refuses before JAX is started

    with report.stage("starting JAX"):
        clock = Stopwatch()
        import jax

        jax.devices()
        starting = clock.seconds()
    with wide_if_needed(dtype):
        with report.stage("planning and compiling"):
            clock = Stopwatch()
            plan = filtering.plan()
            compiled = filtering.compile()
            compiling = clock.seconds()
        report.heading(f"plan for {_blocks(filtering)}")
        report.block(str(plan))
        report.console.print()
        with report.stage("filtering", frames) as bar:
            clock = Stopwatch()
            filtered = recording.with_samples(filtering.run(compiled, bar))
            running = clock.seconds()

    with report.stage("writing", frames) as bar, replacing(request.output, request.output.suffix) as temporary:
        clock = Stopwatch()
        written = write_recording(temporary, container, filtered, bar)
        writing = clock.seconds()
    report.line("time", _times(starting, compiling, running, writing, recording))
    report.line("wrote", f"{request.output}: {frames:,} frames, {written.description}")
    _warn_about_losses(written, report)
    return Filtered(recording, filtered, kernel, written)


def wide_if_needed(dtype: np.dtype[Any]) -> AbstractContextManager[object]:
    """Lets JAX keep 64 bits for a dtype that has them; its own default would narrow them to 32."""
    import jax

    wide = dtype.itemsize == (16 if dtype.kind == "c" else 8)
    context: AbstractContextManager[object] = jax.enable_x64(True) if wide else nullcontext()
    return context


def _read(request: FilterRequest, report: Report) -> Recording:
    import numpy as np

    with report.stage(f"reading {request.source.name}") as bar:
        recording = read_recording(request.source, bar, request.sample_rate)
    samples = recording.samples
    finite = np.isfinite(samples)
    # In float64, because the most negative integer has no absolute value among its own kind.
    sizes = np.abs(samples if samples.dtype.kind in "fc" else samples.astype(np.float64))
    peak = sizes.max(where=finite, initial=0.0) / recording.full_scale
    report.line("read", f"{request.source.name}: {recording}, peak {peak:.3g}")
    if not finite.all():
        spoiled = finite.size - int(finite.sum())
        report.warning(f"{spoiled:,} samples are not finite (NaN or infinite), and neither is what they touch")
    if recording.channels > recording.frames:
        report.warning(f"{recording.channels:,} channels of {recording.frames:,} frames: is the array transposed?")
    return recording


def _describe(kernel: Kernel, rate: float | None) -> str:
    length = f"{kernel.length:,} taps" + (f" ({duration(kernel.length / rate)})" if rate else "")
    return f"{kernel.description}; {length}"


def _blocks(filtering: Filtering) -> str:
    count = -(-filtering.frames_out // filtering.block)
    return "the whole recording" if count == 1 else f"each of {count:,} blocks of {filtering.block:,} frames"


def _times(starting: float, compiling: float, running: float, writing: float, recording: Recording) -> str:
    text = f"filtering, copies in and out included, {duration(running)}"
    if recording.rate is not None and running > 0:
        text += f" ({recording.frames / recording.rate / running:,.0f} times real time)"
    once = f"starting JAX {duration(starting)}, planning and compiling {duration(compiling)}"
    return f"{text}; before it, once: {once}; writing {duration(writing)}"


def _warn_about_losses(written: Written, report: Report) -> None:
    if written.beyond:
        fate = (
            " and were clipped; an output of floats (.npy) keeps them"
            if written.clipped
            else "; the file keeps them, a player may clip them"
        )
        report.warning(f"{written.beyond:,} samples are beyond full scale (peak {written.peak:.3g}){fate}")
    if written.silenced:
        report.warning(f"{written.silenced:,} samples that are not finite were written as silence")
