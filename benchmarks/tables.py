"""The tables of the pages, in Markdown: rows that are lost, means, limits, every layer and every signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks import regret
from benchmarks.figures import LOSING, geometric_mean, is_signal, lax_ratio, losing, products, rival_that_counts
from benchmarks.recording import Recording
from benchmarks.regret import Outcome
from benchmarks.rows import Row

__all__ = ["by_tag", "layers", "losses", "machine_limits", "regret_tables", "signals", "table"]


# Columns of rivals.
_OF_LAYERS = ("lax NCH", "lax NHC", "torch")
OF_SIGNALS = ("lax NCH", "NumPy", "SciPy oaconvolve", "torch")


def losses(rows: Sequence[Row], reason: Callable[[Row, str], str]) -> str:
    """Where a rival is faster, and why, as `reason` says of a row and its rival."""
    lost = losing(rows)
    small = [row for row in rows if is_signal(row) and (best := row.best()) is not None and best[1] < LOSING]
    hidden = len([row for row in small if (best := rival_that_counts(row)) is None or best[1] >= LOSING])
    text = f"In {len(lost)} of {len(rows)} rows a rival needs less than {LOSING:g} of convax's time."
    if hidden:
        text += (
            f" (Not counted: {hidden} signals with fewer than 10^6 products where a call without JAX is over sooner "
            "than any compiled program of JAX starts.)"
        )
    if not lost:
        return text
    header = ("case", "convax ms", "fastest rival", "its ms", "ratio", "algorithm", "of limit", "what limits it")
    return (
        text
        + "\n\n"
        + table(
            header,
            [
                (
                    *(row.name, _ms(row, "convax"), rival, _ms(row, rival), f"{ratio:.2f}", _algorithms(row)),
                    *(_share(row.reached), reason(row, rival)),
                )
                for row, rival, ratio in lost
            ],
        )
    )


def by_tag(rows: Sequence[Row]) -> str:
    """Geometric means by kind."""
    header = ("kind", "rows", "lax / convax", "best rival / convax", "least of these", "rows lost")
    groups: dict[str, list[Row]] = {}
    for row in rows:
        words = [row.case["tags"][0], "forward + backward" if row.case["gradients"] else "forward"]
        words[1:1] = [row.case["dtype"]] if is_signal(row) else []
        groups.setdefault(" ".join(words), []).append(row)
        if not is_signal(row):
            groups.setdefault(f"all layers {words[-1]}", []).append(row)
    lines = []
    for kind, some in sorted(groups.items(), key=lambda item: (item[0].split()[0] not in ("signal", "all"), item[0])):
        best = [ratio[1] for row in some if (ratio := rival_that_counts(row)) is not None]
        means = (
            _times(geometric_mean(map(lax_ratio, some))),
            _times(geometric_mean(best)),
            _times(min(best, default=None)),
        )
        lines.append((kind, str(len(some)), *means, str(len(losing(some)))))
    return "Geometric means of ratios.\n\n" + table(header, lines)


def machine_limits(recording: Recording) -> str:
    """The machine's rates, as each session measured them."""
    lines = []
    for session in recording.sessions:
        copy = ", ".join(f"{rate / 1e9:.0f} ({size / 1e6:.2g} MB)" for size, rate in session.limits.copy.items())
        gemm = ", ".join(f"{rate / 1e9:.0f} ({dtype})" for dtype, rate in session.limits.gemm.items())
        lines.append((session.started.replace("T", " "), copy, gemm))
    return table(("session", "copy in GB/s, read and written", "GEMM in GFLOP/s"), lines)


def regret_tables(outcomes: Sequence[Outcome]) -> list[str]:
    """What the planner's choices lost, by kind, and the worst of them."""
    if not outcomes:
        return []
    lines = []
    tags = sorted({outcome.tag for outcome in outcomes})
    for tag, some in [("all", outcomes), *((tag, [o for o in outcomes if o.tag == tag]) for tag in tags)]:
        numbers = regret.quantiles(outcome.regret for outcome in some)
        wise = [outcome.wise_regret for outcome in some if outcome.wise_regret is not None]
        with_wisdom = [f"{value:.2f}" for value in regret.quantiles(wise)] if wise else ["", "", ""]
        lines.append((tag, str(len(some)), *(f"{value:.2f}" for value in numbers), with_wisdom[1], with_wisdom[2]))
    header = ("kind", "specs", "median", "95 %", "worst", "with wisdom, 95 %", "with wisdom, worst")
    worst = sorted(outcomes, key=lambda outcome: -outcome.regret)[: regret.WORST]
    detail = [
        (f"{o.regret:.2f}", f"{o.tag}: {o.spec}", *(f"{n} {o.times[n] * 1e3:.3g} ms" for n in (o.chosen, o.best)))
        for o in worst
    ]
    return [
        "## Regret",
        "Time of what the planner chose over the time of the best of its candidates, on random convolutions.",
        table(header, lines),
        "The worst choices of the estimate:",
        table(("regret", "convolution", "chosen", "best"), detail),
    ]


def layers(rows: Sequence[Row], *, compiled: bool = True) -> str:
    """Each layer; `compiled` says whether with the time that compiling took."""
    header = ("case", "convax ms", *_OF_LAYERS, "best rival", *_common_header(compiled))
    lines = []
    for row in rows:
        fixed = (_cell(row, name) for name in _OF_LAYERS)
        lines.append((row.name, _ms(row, "convax"), *fixed, _best(row), *_common(row, compiled)))
    return "Columns of rivals are ratios, their time over convax's.\n\n" + table(header, lines) if rows else ""


def signals(rows: Sequence[Row], rivals: Sequence[str] = OF_SIGNALS, *, compiled: bool = True) -> str:
    """Each signal, with columns for some rivals; `compiled` says whether with the time that compiling took."""
    header = ("L", "K", "convax ms", *rivals, "best rival", *_common_header(compiled))
    lines = []
    for row in sorted(rows, key=lambda row: (row.case["length"], products(row))):
        fixed = (_cell(row, name) for name in rivals)
        sizes = (f"{row.case['length']:.0e}".replace("e+0", "e"), str(row.case["taps"]))
        lines.append((*sizes, _ms(row, "convax"), *fixed, _best(row), *_common(row, compiled)))
    return table(header, lines)


def _common_header(compiled: bool) -> tuple[str, ...]:
    return ("algorithm", "of limit", *(["compile s (lax)"] * compiled), "temporaries (lax)", "error (lax)")


def _common(row: Row, compiled: bool) -> tuple[str, ...]:
    lax = f"lax {row.case['layout']}"
    seconds = f"{row.compile_seconds['convax']:.2f}" + _behind(row.compile_seconds.get(lax), ".2f")
    temporaries = f"{row.temporaries['convax'] / row.held:.1f}"
    temporaries += _behind(row.temporaries[lax] / row.held if lax in row.temporaries else None, ".1f")
    error = f"{row.errors['convax']:.0e}" if "convax" in row.errors else ""
    return (
        _algorithms(row),
        _share(row.reached),
        *([seconds] * compiled),
        temporaries,
        error + _behind(row.errors.get("lax NCH"), ".0e"),
    )


def _behind(value: float | None, form: str) -> str:
    return "" if value is None else f" ({value:{form}})"


def _best(row: Row) -> str:
    best = row.best()
    return "" if best is None else f"{best[0]} {best[1]:.2f}"


def _cell(row: Row, name: str) -> str:
    return _times(row.ratio(name)) or ("-" if name in row.absent else "")


def _algorithms(row: Row) -> str:
    return "; ".join(f"`{name}`" for name in row.algorithms)


def _ms(row: Row, name: str) -> str:
    return f"{row.timings[name].median * 1e3:.3g}"


def _share(reached: float) -> str:
    return f"{reached:.0%}" if reached <= 1 else "> 100%"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
