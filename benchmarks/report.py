"""The pages of benchmarks and their pictures, from recorded results: `python -m benchmarks.report`."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Sequence

from benchmarks import large_pages, readme, regret, tables, tuned
from benchmarks.figures import is_layer, is_padded, is_signal, targets
from benchmarks.gpu_page import gpu_page
from benchmarks.reasons import reason
from benchmarks.recording import FOLDER, Recording
from benchmarks.regret import Outcome

__all__ = ["GPU_PAGE", "ONCE_MORE", "PAGE", "latest", "latest_of_gpu", "latest_of_kind", "page", "regret_before"]

# First words of the files with rows that were measured once more, in the order of `page`.
ONCE_MORE = (large_pages.KIND, tuned.KIND)
PAGE = pathlib.Path(__file__).parent.parent / "docs" / "benchmarks.md"
GPU_PAGE = PAGE.with_name("benchmarks-gpu.md")

_HOW = """\
All contenders run in one process, in turn, and each round has another order; a number is the median of a
contender's samples, and its time starts with compiled programs and operands in place (for lax in both layouts, with
operands laid out beforehand). Ratios are the other's time over convax's: above 1, convax is faster. A rival that would
need more than 20 seconds for one run is left out. PyTorch runs with a thread on each core and with
`OMP_WAIT_POLICY=PASSIVE`: its threads would otherwise spin for a while after each call, on the core of the contender
that comes next.

*Of limit* is the time that the machine needs at least, over ours: the larger of bytes over the rate of a donated scale
and operations of the definition over the rate of a matrix product, both measured in the same process, and the median
like all else. Formulations that need fewer operations than the definition can pass 100 %. *Error* is the largest one
relative to the largest output in float64. *Compile s* is what tracing, planning and compiling take, the median of
three. *Temporaries* are what the program holds at its peak, over the bytes of operands and results."""

_PICTURES = (
    ("bench-taps.png", "Time over the number of taps, for one signal of a million samples"),
    ("bench-signals.png", "The fastest rival's time over convax's, for each length and number of taps"),
    ("bench-layers.png", "Layers: time of lax and of PyTorch over convax's"),
    ("bench-regret.png", "Regret of the planner's estimate"),
)


def page(
    recording: Recording,
    outcomes: Sequence[Outcome] = (),
    name: str = "",
    earlier: Sequence[Outcome] = (),
    with_large_pages: Recording | None = None,
    with_tuning: Recording | None = None,
) -> str:
    """The page in Markdown.

    Args:
        recording: Rows of cases.
        outcomes: Rows of regret.
        name: The name of the file of `recording`, for the reader who wants all the numbers.
        earlier: Rows of an earlier recording of regret.
        with_large_pages: Rows that were measured once more.
        with_tuning: The same, their convolutions tuned before.
    """
    rows = [row for row in recording.rows if "convax" in row.timings]
    parts = [
        *tables.heading("Benchmarks", recording, name),
        "## Where a rival is faster",
        tables.losses(rows, reason),
        "## Targets",
        tables.table(
            ("", "target", "required", "found"),
            [
                ("met" if target.is_met else "**missed**", target.words, target.required, target.found)
                for target in targets(recording, outcomes)
            ],
        ),
        "## At a glance",
        tables.by_tag(rows),
        tuned.tuned(with_tuning, rows),
        large_pages.large_pages(with_large_pages, rows),
        *(f"![{words}](images/{picture})" for picture, words in _PICTURES if outcomes or "regret" not in picture),
        "## How it was measured",
        _HOW,
        tables.machine_limits(recording),
        *tables.regret_tables(outcomes, earlier),
        "## Layers",
        tables.layers([row for row in rows if is_layer(row)]),
    ]
    for title, belongs in (("Signals", is_signal), ('Signals with mode="same"', is_padded)):
        for gradients in (False, True):
            for dtype in ("float32", "float64"):
                those = [row for row in rows if row.case["dtype"] == dtype and row.case["gradients"] is gradients]
                some = [row for row in those if belongs(row)]
                if some:
                    direction = "forward and backward" if gradients else "forward"
                    parts += [f"## {title}, {dtype}, {direction}", tables.signals(some)]
    return "\n\n".join(filter(None, parts)) + "\n"


def latest() -> tuple[pathlib.Path, pathlib.Path | None] | None:
    """The newest results of a CPU and its newest regret, by the dates in their names; None where there are none."""
    regrets = [file for file in _by_date() if file.name.startswith("regret-")]
    results = [file for file in _results() if not Recording.read(file).is_of_gpu]
    return (results[-1], regrets[-1] if regrets else None) if results else None


def regret_before(file: pathlib.Path) -> list[Outcome]:
    """The rows of the recording of regret before this one, on the same machine with the same versions."""
    machine, _ = regret.read(file)
    older = [other for other in _by_date() if other.name.startswith("regret-") and other.stem[-10:] < file.stem[-10:]]
    recordings = map(regret.read, reversed(older))
    return next((outcomes for known, outcomes in recordings if known == machine), [])


def latest_of_gpu() -> pathlib.Path | None:
    """The newest results of a GPU."""
    return next((file for file in reversed(_results()) if Recording.read(file).is_of_gpu), None)


def latest_of_kind(kind: str) -> Recording | None:
    """The newest results that were measured once more, in some way."""
    files = [file for file in _by_date() if file.name.startswith(kind)]
    return Recording.read(files[-1]) if files else None


def _by_date() -> list[pathlib.Path]:
    return sorted(FOLDER.glob("*.json"), key=lambda file: (file.stem[-10:], file.name))


def _results() -> list[pathlib.Path]:
    return [file for file in _by_date() if not file.name.startswith(("regret-", "models-", *ONCE_MORE))]


def main() -> None:
    """Write the page and its pictures; of the newest results also the README's table, and the page of a GPU."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("results", nargs="?", type=pathlib.Path, help="a recording (default: the newest)")
    parser.add_argument("--regret", type=pathlib.Path, help="a recording of regret (default: the newest)")
    parser.add_argument(
        "--page", type=pathlib.Path, default=PAGE, help="where to write (pictures go to images/ beside)"
    )
    given = parser.parse_args()
    newest = latest()
    if newest is None and given.results is None:
        raise SystemExit("nothing recorded yet: python -m benchmarks --full")
    results, outcomes_path = (given.results, given.regret) if given.results or newest is None else newest
    recording = Recording.read(results)
    regret_path = given.regret or outcomes_path
    outcomes, earlier = (regret.read(regret_path)[1], regret_before(regret_path)) if regret_path else ([], [])
    from benchmarks.plots import draw

    (given.page.parent / "images").mkdir(parents=True, exist_ok=True)
    given.page.write_text(page(recording, outcomes, results.name, earlier, *map(latest_of_kind, ONCE_MORE)), "utf-8")
    draw(recording, outcomes, given.page.parent / "images")
    print(f"{given.page.name}: {len(recording.rows)} rows, {len(outcomes)} random specs")
    if given.results is None:
        readme.README.write_text(readme.updated(readme.README.read_text("utf-8"), recording), "utf-8")
    of_gpu = latest_of_gpu()
    if given.results is None and of_gpu is not None:
        recording = Recording.read(of_gpu)
        GPU_PAGE.write_text(gpu_page(recording, of_gpu.name), "utf-8")
        print(f"{GPU_PAGE.name}: {len(recording.rows)} rows")


if __name__ == "__main__":
    main()
