"""docs/benchmarks-gpu.md: what was recorded on a GPU."""

from __future__ import annotations

from benchmarks import tables
from benchmarks.figures import is_layer, is_signal
from benchmarks.reasons import reason_on_gpu
from benchmarks.recording import Recording

__all__ = ["gpu_page"]

_OF_SIGNALS = ("lax NCH", "lax NHC", "jax.scipy fftconvolve", "torch", "torch.fft")

_HOW = """\
All contenders run in one process, in turn, and each round begins with another one. Calls queue up, some milliseconds
of them at a time, and are waited for together, as in a program of many; a number is the median of such samples, and its
time starts with compiled programs and operands in place (for lax in both layouts, with operands laid out beforehand).
So what the host needs to start a program hides behind the device's work, or is all there is where the work is little:
an empty program of JAX took 26 us on this machine. Ratios are the other's time over convax's: above 1, convax is
faster. PyTorch runs with `cudnn.benchmark`, as XLA tries out cuDNN's algorithms too. A rival that would need more than
10 seconds on a CPU is left out.

*Of limit* is the time that the device needs at least, over ours: the larger of bytes over the rate of a donated scale
of like size and operations of the definition over the rate of a matrix product, both measured in the same process with
each call waited for. *Error* is the largest one relative to the largest output in float64, where the host can compute
that in a second. cuDNN and cuBLAS multiply float32 in TF32 unless `precision` asks for more, for convax as for its
rivals."""


def gpu_page(recording: Recording, name: str) -> str:
    """The page in Markdown.

    Args:
        recording: Rows of cases.
        name: The name of its file, for the reader who wants all the numbers.
    """
    rows = [row for row in recording.rows if "convax" in row.timings]
    parts = [
        *tables.heading("Benchmarks on a GPU", recording, name),
        "## Where a rival is faster",
        tables.losses(rows, reason_on_gpu),
        "## At a glance",
        tables.by_tag(rows),
        "## How it was measured",
        _HOW,
        tables.machine_limits(recording),
        "## Layers",
        tables.layers([row for row in rows if is_layer(row)], compiled=False),
        "## Signals",
    ]
    for dtype in ("float32", "bfloat16"):
        some = [row for row in rows if is_signal(row) and row.case["dtype"] == dtype]
        parts += [f"### {dtype}", tables.signals(some, _OF_SIGNALS, compiled=False)] if some else []
    return "\n\n".join(filter(None, parts)) + "\n"
