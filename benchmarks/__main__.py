"""`make bench`: convax beside lax and NumPy in one process, as ratios, with the largest error beside the speed."""

from __future__ import annotations

import argparse
import os
import pathlib
import platform
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

import convax
from benchmarks.cases import Case, layer_cases, signal_cases
from benchmarks.measure import interleaved, medians


def main() -> None:
    """Run the quick set, or with --full all lengths and taps."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all lengths and taps (an hour on two cores)")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    full, only = vars(parser.parse_args()).values()
    jax.config.update("jax_enable_x64", True)
    console = Console(width=150)
    console.print(f"{_machine()}, JAX {jax.__version__}, NumPy {np.__version__}; medians of interleaved runs")
    table = Table("case", "lax ms", "convax ms", "lax / convax", "bar", "numpy / convax", "algorithm", "max error")
    ratios, missed = [], []
    for case in [*layer_cases(), *signal_cases(full)]:
        if only not in case.name:
            continue
        row, ratio = _compare(case)
        table.add_row(*row)
        ratios.append(ratio)
        if case.bar and ratio < case.bar:
            missed.append(f"{case.name}: {ratio:.2f} of {case.bar:g}")
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    console.print(table)
    console.print(f"geometric mean of lax / convax: {np.exp(np.mean(np.log(ratios))):.1f} over {len(ratios)} cases")
    if not only:
        _overheads(console)
    console.print("below their bar: " + ("; ".join(missed) if missed else "none"))


def _compare(case: Case) -> tuple[list[str], float]:
    runs = {name: lambda run=run: run(*case.operands) for name, run in case.contenders.items()}
    times = medians(interleaved(runs))
    ratio = times["lax"] / times["convax"]
    numpy_ratio = f"{times['numpy'] / times['convax']:.1f}" if "numpy" in times else ""
    error = ""
    if case.truth is not None:
        truth = case.truth(*case.operands)
        error = f"{np.abs(np.asarray(runs['convax']()) - truth).max() / np.abs(truth).max():.0e}"
    row = [case.name, f"{times['lax'] * 1e3:.3f}", f"{times['convax'] * 1e3:.3f}", f"{ratio:.2f}"]
    return [*row, f"{case.bar:g}" if case.bar else "", numpy_ratio, _algorithms(case), error], ratio


def _algorithms(case: Case) -> str:
    """The formulations of the convolutions that the case's jaxpr holds, as the planner chooses them."""
    from convax.planner import choose
    from convax.primitive import spec_of

    found: list[str] = []

    def walk(jaxpr: Any) -> None:
        for equation in jaxpr.eqns:
            if equation.primitive.name == "conv1d":
                params = {k: v for k, v in equation.params.items() if k != "algorithm"}
                spec = spec_of(*(atom.aval for atom in equation.invars), params)
                found.append(str(choose(spec, "cpu")))
            for value in equation.params.values():
                inner = getattr(value, "jaxpr", None)
                if inner is not None:
                    walk(inner)

    walk(jax.make_jaxpr(case.contenders["convax"])(*case.operands).jaxpr)
    return ", ".join(found)


def _overheads(console: Console) -> None:
    """What a call costs when the work is small, and what the import adds."""
    x, w = jnp.ones(1000, jnp.float32), jnp.ones(5, jnp.float32)
    lax_call = jax.jit(convax.conv1d_basic)

    def many(function: Any) -> Any:
        for _ in range(500):
            result = function(x, w)
        return result

    times = medians(interleaved({"lax": lambda: many(lax_call), "convax": lambda: many(convax.correlate)}, rounds=21))
    console.print(
        f"warm eager correlate of 1,000 samples: {times['convax'] / 500 * 1e6:.1f} us, jitted lax "
        f"{times['lax'] / 500 * 1e6:.1f} us, ratio {times['convax'] / times['lax']:.2f} (bar 1.5)"
    )
    probe = (
        "import time, jax; start = time.perf_counter(); import convax; convax.correlate; "
        "print(time.perf_counter() - start)"
    )
    seconds = [float(subprocess.check_output([sys.executable, "-c", probe])) for _ in range(7)]
    console.print(f"import convax after import jax: {np.median(seconds) * 1e3:.0f} ms (bar 150)")


def _machine() -> str:
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.machine()
    return f"{name}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
