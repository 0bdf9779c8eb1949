"""Whole models, one training step as it is beside the same one accelerated: `python -m benchmarks.models`."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

# Read when an OpenMP runtime (torch's) is loaded: its threads sleep between calls. Threads that spin after a call
# would take a core from the contender that comes next.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")
# What this machine happens to remember is no property of the library.
os.environ.setdefault("CONVAX_WISDOM", "off")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from rich.console import Console
from rich.table import Table

import convax
from benchmarks.figures import geometric_mean
from benchmarks.machine import described
from benchmarks.measure import Timing, interleaved
from benchmarks.recording import default_path, write_whole
from benchmarks.torch_models import TORCH_MODELS, torch_step

__all__ = ["MODELS", "ModelRow", "measure_model", "tracing_cost"]

MODELS = (
    *("wavenet", "tcn", "conv_tasnet", "m5", "mamba", "hyena", "convnext1d", "unet1d"),
    *("keras_layers", "recurrent_stack", "depthwise_stack"),
)
PLAIN, ACCELERATED, TORCH = "plain", "accelerated", "torch"
# An array of so small a share of the largest one is what rounding left of terms that cancel.
NOTHING = 1e-3
DEEP = 100
WIDTH = 180


@dataclasses.dataclass(frozen=True)
class ModelRow:
    """What was found for one model.

    Args:
        name: Of the example.
        words: What it is.
        timings: Seconds of a training step by contender: plain, accelerated, torch.
        absent: Why a contender has none.
        compile_seconds: Of the first two, tracing included.
        differences: Largest relative difference of loss and gradients from the plain ones, by contender.
        algorithms: What convax takes for the convolutions of the step, and how often.
    """

    name: str
    words: str
    timings: dict[str, Timing]
    absent: dict[str, str]
    compile_seconds: dict[str, float]
    differences: dict[str, float]
    algorithms: dict[str, int]

    def ratio(self, contender: str = PLAIN) -> float | None:
        """A contender's time over the accelerated one; above 1, convax is faster."""
        if contender not in self.timings or ACCELERATED not in self.timings:
            return None
        return self.timings[contender].median / self.timings[ACCELERATED].median


def measure_model(
    name: str, size: Literal["small", "large"] = "large", *, seconds: float = 3.0, with_torch: bool = True
) -> ModelRow:
    """Compile, compare and time one example's training step.

    Args:
        name: A module of `examples`.
        size: Of the model.
        seconds: Time for each contender.
        with_torch: Whether torch takes part, where it is installed and has this model.

    Raises:
        ImportError: The example's framework is not installed.
    """
    module = importlib.import_module(f"examples.{name}")
    model = module.make(size)
    given = model.parameters, model.x
    jax.eval_shape(model.step, *given)  # what JAX traces once in a process counts for neither
    # A function that JAX has not met, so that its trace is in no cache.
    steps = {
        PLAIN: lambda *given: model.step(*given),
        ACCELERATED: convax.accelerate(lambda *given: model.step(*given)),
    }
    compiled, compile_seconds = {}, {}
    for contender, step in steps.items():
        start = time.perf_counter()
        compiled[contender] = jax.jit(step).lower(*given).compile()
        compile_seconds[contender] = time.perf_counter() - start
    runs: dict[str, Callable[[], Any]] = {key: lambda step=step: step(*given) for key, step in compiled.items()}
    absent: dict[str, str] = {}
    if with_torch and name in TORCH_MODELS:
        try:
            runs[TORCH] = torch_step(name, model, module.SIZES[size])
        except ImportError as error:
            absent[TORCH] = str(error)
    results = {contender: run() for contender, run in runs.items()}
    timings = interleaved(runs, seconds=seconds)
    return ModelRow(
        name,
        model.name,
        {contender: found for contender, found in timings.items() if isinstance(found, Timing)},
        absent | {contender: found for contender, found in timings.items() if isinstance(found, str)},
        compile_seconds,
        {key: difference(result, results[PLAIN]) for key, result in results.items() if key != PLAIN},
        _algorithms(model.step, given),
    )


def difference(found: Any, expected: Any) -> float:
    """The largest one of all arrays, each relative to its own largest entry; NaN where one of them holds a NaN."""
    pairs = [
        (np.asarray(one, np.float64), np.asarray(other, np.float64))
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)
    ]
    sizes = [np.max(np.abs(other), initial=0) for _, other in pairs]
    least = NOTHING * max(sizes)
    relative = [
        np.max(np.abs(one - other), initial=0) / max(size, least, np.finfo(float).tiny)
        for (one, other), size in zip(pairs, sizes, strict=True)
    ]
    return float(np.max(relative))


def tracing_cost(layers: int = DEEP, rounds: int = 11) -> dict[str, float]:
    """Median seconds to trace a network of many layers, by name: its step, and the same accelerated."""
    kernels = [jnp.ones((8, 8, 3), jnp.float32) for _ in range(layers)]
    x = jnp.ones((1, 8, 64), jnp.float32)

    def loss(kernels: list[jax.Array], x: jax.Array) -> jax.Array:
        for kernel in kernels:
            x = jax.nn.relu(lax.conv_general_dilated(x, kernel, (1,), "SAME"))
        return jnp.mean(x)

    functions = {"forward": loss, "step": jax.value_and_grad(loss)}
    times: dict[str, list[float]] = {f"{kind} {words}": [] for kind in functions for words in (PLAIN, ACCELERATED)}
    for number in range(rounds + 1):
        for kind, function in functions.items():
            # New functions each time: no cache knows them. The first round pays for what is loaded on first use.
            fresh = {PLAIN: lambda *given, function=function: function(*given)}
            fresh[ACCELERATED] = convax.accelerate(lambda *given, function=function: function(*given))
            for words in (PLAIN, ACCELERATED) if number % 2 else (ACCELERATED, PLAIN):
                start = time.perf_counter()
                jax.make_jaxpr(fresh[words])(kernels, x)
                times[f"{kind} {words}"] += [time.perf_counter() - start] if number else []
    return {name: float(np.median(runs)) for name, runs in times.items()}


def _algorithms(step: Callable[..., Any], given: tuple[Any, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in convax.inspect(step)(*given).convolutions:
        counts[each.algorithm] = counts.get(each.algorithm, 0) + 1
    return counts


def _table(rows: Sequence[ModelRow]) -> Table:
    table = Table(
        *("model", "plain ms", "accelerated ms", "ratio", "torch ms", "torch / accelerated"),
        *("difference", "torch's", "compile s", "accelerated's"),
        caption="one training step (loss and gradients), medians of interleaved runs; ratios above 1: accelerated is "
        "faster; differences relative to the largest entry of each gradient",
        caption_justify="left",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        ratio = row.ratio()
        table.add_row(
            row.words,
            *(_milliseconds(row, PLAIN), _milliseconds(row, ACCELERATED), _times(ratio)),
            *(_milliseconds(row, TORCH), _times(row.ratio(TORCH))),
            *(f"{row.differences[key]:.0e}" if key in row.differences else "" for key in (ACCELERATED, TORCH)),
            *(f"{row.compile_seconds[key]:.1f}" for key in (PLAIN, ACCELERATED)),
            style="red" if ratio is None or ratio < 1 else None,
        )
    return table


def _milliseconds(row: ModelRow, name: str) -> str:
    return f"{row.timings[name].median * 1e3:.4g}" if name in row.timings else row.absent.get(name, "")


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _record(path: pathlib.Path, rows: Sequence[ModelRow], tracing: dict[str, float]) -> None:
    """Write the file whole; rows of other models that it holds from this machine are kept."""
    machine, measured = described(), {row.name for row in rows}
    known = json.loads(path.read_text("utf-8")) if path.exists() else {"machine": machine, "rows": []}
    kept = [row for row in known["rows"] if known["machine"] == machine and row["name"] not in measured]
    plain = sorted([*kept, *map(dataclasses.asdict, rows)], key=lambda row: MODELS.index(row["name"]))
    write_whole(path, {"machine": machine, "tracing": tracing, "rows": plain})


def main() -> None:
    """Measure the chosen models, print the table, and record it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("--only", action="append", choices=MODELS, metavar="NAME", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each contender of a model")
    parser.add_argument("--no-torch", action="store_true", help="leave torch out, even if it is installed")
    given = parser.parse_args()
    console, rows, path = Console(width=WIDTH), [], default_path("models")
    tracing = tracing_cost()
    for name in given.only or MODELS:
        try:
            row = measure_model(name, seconds=given.seconds, with_torch=not given.no_torch)
        except ImportError as error:
            console.print(f"{name}: left out, {error}")
            continue
        rows.append(row)
        _record(path, rows, tracing)
        console.print(f"{name}: ratio {_times(row.ratio())}, {row.algorithms}", highlight=False)
    console.print(_table(rows))
    mean = geometric_mean(row.ratio() for row in rows)
    console.print(f"plain / accelerated, geometric mean of {len(rows)} models: {_times(mean)}")
    for kind in ("forward", "step"):
        plain, accelerated = (tracing[f"{kind} {words}"] for words in (PLAIN, ACCELERATED))
        console.print(
            f"tracing {kind} of {DEEP} layers: {plain * 1e3:.0f} ms, accelerated {accelerated * 1e3:.0f} ms, "
            f"{accelerated / plain:.2f} times"
        )
    console.print(f"recorded in {path}" if rows else "nothing was recorded")


if __name__ == "__main__":
    main()
