"""What the project promises, as rows with bars: the quick set behind `make bench`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from benchmarks.cases import Case
from benchmarks.catalogue import LENGTHS, layers, select, signal
from benchmarks.jax_rivals import lax_seconds
from benchmarks.rivals import LONGEST

__all__ = ["NOISE", "Promise", "promises"]

# Where both run the same program, the ratio is 1 and some noise.
NOISE = 0.05
TAPS = (3, 31, 301, 3001, 10_001)
_SIGNALS = {(1_000_000, 3): 25.0, (1_000_000, 31): 15.0, (1_000_000, 301): 6.0}
_LAYERS = {
    "depthwise N8 C512 L1024 K4 float32 forward": 20.0,
    "depthwise N8 C512 L1024 K4 float32 forward + backward": 8.0,
    "per-example kernels N64 L1e4 K31 float32 forward": 30.0,
    "dense N4 C64 O64 L512 K3 x10 in scan float32 forward": 20.0,
}


@dataclasses.dataclass(frozen=True)
class Promise:
    """A case, and how many times as fast as lax it shall be, the caller's data being what they are (NCH)."""

    case: Case
    bar: float

    def is_kept(self, ratio: float) -> bool:
        """Whether a measured ratio reaches the bar; a bar of 1 allows for noise."""
        return ratio >= (self.bar - NOISE if self.bar == 1 else self.bar)


def promises() -> Iterator[Promise]:
    """All of them: layers, then signals where one run of lax is bearable."""
    by_name = {case.name: case for case in select(layers())}
    for name, bar in _LAYERS.items():
        yield Promise(by_name[name], bar)
    for dtype in ("float32", "float64"):
        for length in LENGTHS:
            for taps in TAPS:
                case = signal(length, taps, dtype)
                if taps <= length and lax_seconds(case) <= LONGEST:
                    yield Promise(case, _SIGNALS.get((length, taps), 1.0) if dtype == "float32" else 1.0)
