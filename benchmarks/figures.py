"""What recorded rows amount to: who counts as a rival where, means by tag, and the targets with what was reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from benchmarks.overheads import BARS
from benchmarks.recording import Recording
from benchmarks.regret import Outcome, quantiles
from benchmarks.rows import Row

__all__ = [
    "LOSING",
    "Target",
    "geometric_mean",
    "is_layer",
    "is_padded",
    "is_signal",
    "large_signals",
    "lax_ratio",
    "losing",
    "products",
    "ratios",
    "rival_that_counts",
    "targets",
]

# A rival's time over ours from which on it counts as faster; above, it is noise.
LOSING = 0.95
# Below this many products NumPy's call is over before any program of JAX has started.
SMALL = 1e6
_OF_JAX = ("lax NCH", "lax NHC", "jnp.correlate", "jnp.convolve", "jax.scipy convolve", "jax.scipy fftconvolve")
_FOURIER = ("overlap_save", "fft")


@dataclasses.dataclass(frozen=True)
class Target:
    """One target.

    Args:
        words: What is asked.
        required: The number to reach.
        found: What was reached.
        is_met: Whether that is enough.
    """

    words: str
    required: str
    found: str
    is_met: bool


def is_signal(row: Row) -> bool:
    """One signal and one kernel, VALID."""
    return row.case["operation"] == "signal" and not is_padded(row)


def is_padded(row: Row) -> bool:
    """One signal, padded so that its length stays."""
    return row.case["operation"] == "signal" and row.case["padding"] == "SAME"


def is_layer(row: Row) -> bool:
    """Everything else."""
    return row.case["operation"] != "signal"


def products(row: Row) -> int:
    """L * K."""
    return row.case["length"] * row.case["taps"]


def lax_ratio(row: Row) -> float | None:
    """lax's time, on data in the caller's layout, over ours."""
    return row.ratio(f"lax {row.case['layout']}")


def rival_that_counts(row: Row) -> tuple[str, float] | None:
    """The fastest rival and its time over ours; for small signals only those that run in JAX count."""
    return row.best(_OF_JAX if not is_layer(row) and products(row) < SMALL else None)


def large_signals(rows: Iterable[Row]) -> list[Row]:
    """Signals, forward, with products enough for a program of JAX to pay."""
    return [row for row in rows if is_signal(row) and not row.case["gradients"] and products(row) >= SMALL]


def ratios(rows: Iterable[Row]) -> list[float]:
    """The time of the fastest rival that counts over ours, where there is one."""
    return [best[1] for row in rows if (best := rival_that_counts(row)) is not None]


def losing(rows: Iterable[Row]) -> list[tuple[Row, str, float]]:
    """Rows where a rival that counts is faster, the worst first."""
    found = [(row, *best) for row in rows if (best := rival_that_counts(row)) is not None and best[1] < LOSING]
    return sorted(found, key=lambda entry: entry[2])


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """Of the values that are there."""
    known = [value for value in values if value is not None]
    return float(np.exp(np.mean(np.log(known)))) if known else None


def targets(recording: Recording, outcomes: Sequence[Outcome] = ()) -> list[Target]:
    """The targets for which something was recorded."""
    rows = [row for row in recording.rows if "convax" in row.timings]
    signals = [row for row in rows if is_signal(row) and not row.case["gradients"]]
    large = large_signals(rows)
    small = [row for row in signals if products(row) < SMALL]
    layers = [row for row in rows if is_layer(row)]
    found: list[Target | None] = [
        *(
            _at_least(f"{dtype} signals, lax / convax, geometric mean", bar, [geometric_mean(map(lax_ratio, some))])
            for dtype, bar in (("float32", 10.0), ("float64", 2.5))
            if (some := [row for row in signals if row.case["dtype"] == dtype])
        ),
        _at_least("signals with L K >= 1e6, best rival / convax, least", LOSING, ratios(large)),
        _at_least("the same, geometric mean", 2.0, [geometric_mean(ratios(large))]),
        _at_least("smaller signals, best rival in JAX / convax, least", LOSING, ratios(small)),
        _at_least("layers, best rival / convax, least", LOSING, ratios(layers)),
        _at_least("layers, lax / convax, geometric mean", 3.0, [geometric_mean(map(lax_ratio, layers))]),
        _at_least("share of the machine's limit at L = 1e6, K <= 31, least", 0.4, _reached(signals)),
        _at_most("compile time, convax / lax, worst", 2.0, _compile_ratios(rows)),
        _at_most("compile time for K <= 128, s, worst", 1.0, _compile_seconds(rows)),
        _at_most("temporaries / (operands + results), L >= 1e5, direct family, worst", 3.0, _temporaries(rows, False)),
        _at_most("the same, FFT family, worst", 8.0, _temporaries(rows, True)),
    ]
    if recording.sessions:
        last = recording.sessions[-1].overheads
        found += [_at_most(f"{bar.words}, {bar.unit}", bar.most, [bar.of(last)]) for bar in BARS]
    return [*filter(None, found), *_regret_targets(outcomes)]


def _regret_targets(outcomes: Sequence[Outcome]) -> list[Target]:
    if not outcomes:
        return []
    words = ("median", "95th percentile", "worst")
    values = zip(words, (1.05, 1.3, 2.0), quantiles(o.regret for o in outcomes), strict=True)
    found = [_at_most(f"regret of the estimate, {word}", bar, [value]) for word, bar, value in values]
    wise = [o.wise_regret for o in outcomes if o.wise_regret is not None]
    return [target for target in (*found, _at_most("regret with wisdom, worst", 1.1, wise)) if target]


def _at_least(words: str, bar: float, values: Iterable[float | None]) -> Target | None:
    return _target(words, bar, values, min, lambda value: value >= bar, ">=")


def _at_most(words: str, bar: float, values: Iterable[float | None]) -> Target | None:
    return _target(words, bar, values, max, lambda value: value <= bar, "<=")


def _target(
    words: str,
    bar: float,
    values: Iterable[float | None],
    worst: Callable[[list[float]], float],
    enough: Callable[[float], bool],
    sign: str,
) -> Target | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    value = worst(known)
    missed = sum(not enough(each) for each in known)
    count = f" ({missed} of {len(known)} rows miss it)" if missed and len(known) > 1 else ""
    return Target(words, f"{sign} {bar:g}", f"{value:.3g}{count}", enough(value))


def _reached(rows: Iterable[Row]) -> list[float]:
    return [row.reached for row in rows if row.case["length"] == 1_000_000 and row.case["taps"] <= 31]


def _compile_ratios(rows: Iterable[Row]) -> list[float]:
    pairs = [(row.compile_seconds["convax"], row.compile_seconds.get(f"lax {row.case['layout']}")) for row in rows]
    return [ours / lax for ours, lax in pairs if lax]


def _compile_seconds(rows: Iterable[Row]) -> list[float]:
    return [row.compile_seconds["convax"] for row in rows if row.case["taps"] <= 128]


def _temporaries(rows: Iterable[Row], by_fourier: bool) -> list[float]:
    long = [row for row in rows if row.case["length"] >= 100_000]
    return [
        row.temporaries["convax"] / row.held
        for row in long
        if by_fourier is any(word in name for word in _FOURIER for name in row.algorithms)
    ]
