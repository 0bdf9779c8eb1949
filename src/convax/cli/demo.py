"""The command `convax demo`: the worked example, a real recording, values and times, a picture."""

from __future__ import annotations

from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

from convax.cli.comparison import compare
from convax.cli.console import Report
from convax.cli.failure import CommandError
from convax.cli.filter import FilterRequest, filter_recording
from convax.cli.kernels import KernelChoice

__all__ = ["CUTOFF", "RECORDING", "demonstrate"]

RECORDING = "loop_mika.flac"
CUTOFF = 1000.0  # Hz
SIGNAL, KERNEL = [1, 2, 3, 4, 5], [1, 1, 1]


def demonstrate(folder: Path, report: Report) -> None:
    """Runs the whole demonstration and writes its recording and its picture into `folder`.

    Raises:
        CommandError: If the folder cannot be used, or what reads audio or draws is not installed.
    """
    # Found out first, so that nobody waits for a minute to be told at the end.
    for package, extra, purpose in (
        ("soundfile", "audio", "reads the recording"),
        ("matplotlib", "plots", "draws the picture"),
    ):
        if find_spec(package) is None:
            raise CommandError(f'{package} is missing, which {purpose}: pip install "convax[{extra}]"')
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file: give a folder by -o FOLDER")
    if not folder.absolute().parent.is_dir():
        raise CommandError(f"the folder {folder.absolute().parent} does not exist: make it first")
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        _worked_example(report)
        _real_recording(folder, report)
    finally:
        # A run that failed before it wrote anything leaves no empty folder behind.
        if is_new and not any(folder.iterdir()):
            folder.rmdir()


def _worked_example(report: Report) -> None:
    report.heading(f"1. A worked example: conv1d_basic({SIGNAL}, {KERNEL})")
    with report.stage("starting JAX"):
        import numpy as np

        import convax

        outputs = np.asarray(convax.conv1d_basic(np.array(SIGNAL), np.array(KERNEL))).tolist()
    report.block(explain_steps(SIGNAL, KERNEL, outputs))


def explain_steps(signal: list[int], kernel: list[int], outputs: list[int]) -> str:
    """Shows the kernel under every window of the signal, and what the sum of the products is.

    >>> print(explain_steps([1, 2, 3], [1, 4], [9, 14]))
      signal  1  2  3
      kernel  1  4       1·1 + 2·4 = 9
                 1  4    2·1 + 3·4 = 14
      length  3 - 2 + 1 = 2: the kernel is not flipped, and no window reaches past the ends
    """
    lines = [f"  signal{''.join(f'{value:3}' for value in signal)}"]
    for start, output in enumerate(outputs):
        label = "kernel" if start == 0 else ""
        row = "   " * start + "".join(f"{value:3}" for value in kernel)
        products = " + ".join(f"{x}·{w}" for x, w in zip(signal[start:], kernel, strict=False))
        lines.append(f"  {label:<6}{row:<{3 * len(signal)}}    {products} = {output}")
    length = f"{len(signal)} - {len(kernel)} + 1 = {len(outputs)}"
    lines.append(f"  length  {length}: the kernel is not flipped, and no window reaches past the ends")
    return "\n".join(lines)


def _real_recording(folder: Path, report: Report) -> None:
    report.heading(f"2. A real recording, low-pass filtered at {CUTOFF:,.0f} Hz")
    output = folder / f"{Path(RECORDING).stem}-lowpass.flac"
    picture = folder / "demo.png"
    with as_file(files("convax.cli") / "recordings" / RECORDING) as source:
        request = FilterRequest(source, output, KernelChoice(lowpass=CUTOFF), force=True)
        filtered = filter_recording(request, report)

    report.heading("3. The same outputs three ways, in turns: median time, largest error")
    table = compare(filtered.before.samples, filtered.kernel.taps, report)
    report.console.print(table)

    with report.stage("drawing"):
        from convax.cli.picture import draw

        draw(picture, filtered.before, output, CUTOFF, filtered.kernel.length)
    report.line("wrote", f"{picture}: signal and spectrum, before and after")
