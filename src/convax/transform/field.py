"""Which samples of the input the positions of a signal depend on, exactly, for every position: its receptive field.

A window that moves over windows sees first and last samples that grow by the same amount from one period of positions
to the next. So a field holds those of one period, and a convolution of it is a field again: a stride makes the period
shorter, an upsampling longer. The ends of signals, where a window hangs over, are passed over.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

__all__ = ["NOTHING", "Field", "Span", "union"]

# The first and the last sample; None for a position that depends on none (between the samples of an upsampled signal).
Span = tuple[int, int] | None

# A longer period is not followed: strides and upsamplings of real networks undo each other long before.
LONGEST_PERIOD = 4096


@dataclasses.dataclass(frozen=True)
class Field:
    """The samples of the input that positions depend on.

    Position p = q * period + r, 0 <= r < period, depends on samples from `spans[r][0] + q * step` to
    `spans[r][1] + q * step`.

    Args:
        axis: Axis of the positions; None where there is none yet (parameters, and data before the first convolution)
            or none any more (after a mean over all positions).
        spans: Of the positions of one period.
        step: Samples from a position to the one a period later.

    Example:
        >>> layer = Field(axis=2).seen_by(2, taps=3, stride=2)
        >>> layer.spans, layer.step, layer.reach
        (((0, 2),), 2, 3)
        >>> layer.seen_by(2, taps=3).reach
        7
    """

    axis: int | None = None
    spans: tuple[Span, ...] = ((0, 0),)
    step: int = 1

    @property
    def period(self) -> int:
        """Positions after which the spans come again."""
        return len(self.spans)

    @property
    def reach(self) -> int:
        """Samples from the first to the last, of the position with the most."""
        return max((last - first + 1 for first, last in filter(None, self.spans)), default=0)

    @property
    def is_nothing(self) -> bool:
        """Whether it depends on no sample at all, as zeros do not."""
        return not any(self.spans)

    def at(self, axis: int | None) -> Field:
        """The same on another axis; without one, nothing is left of it."""
        return Field() if axis is None else dataclasses.replace(self, axis=axis)

    def of(self, position: int) -> Span:
        """The samples that one position depends on."""
        turns, place = divmod(position, self.period)
        span = self.spans[place]
        return None if span is None else (span[0] + turns * self.step, span[1] + turns * self.step)

    def seen_by(
        self, axis: int, taps: int = 1, stride: int = 1, dilation: int = 1, upsample: int = 1, before: int = 0
    ) -> Field | None:
        """The field of what a window makes of the positions: a convolution, pooling; with one tap padding or a slice.

        Args:
            axis: Axis of the positions in the result.
            taps: Positions that the window looks at.
            stride: Positions from one window to the next.
            dilation: Positions from one tap to the next.
            upsample: Distance that the positions are spread to before.
            before: Positions that are added in front; negative where some are cut off.

        Returns:
            None where the period would be too long to be followed.
        """
        if self.is_nothing:
            return self.at(axis)
        whole = upsample * self.period
        period = whole // math.gcd(whole, stride)
        if period > LONGEST_PERIOD:
            return None
        spans = []
        for output in range(period):
            start = output * stride - before
            seen = [self.of(place) for place in _ends(start, taps, dilation, upsample, self.period)]
            spans.append(_hull(seen))
        return Field(axis, tuple(spans), self.step * (period * stride // whole))

    def repeated(self, times: int) -> Field:
        """The same field, written with a period so many times as long."""
        spans = tuple(self.of(position) for position in range(times * self.period))
        return Field(self.axis, spans, times * self.step)


# Zeros and other constants depend on no sample.
NOTHING = Field(None, (None,))


def union(one: Field, other: Field) -> Field | None:
    """The field of values that are combined position by position; None where they do not lie side by side."""
    for first, second in ((one, other), (other, one)):
        if first.is_nothing:
            return second
    for first, second in ((one, other), (other, one)):
        if first.axis is None:
            return second
    if one.axis != other.axis or one.step * other.period != other.step * one.period:
        return None
    period = math.lcm(one.period, other.period)
    if period > LONGEST_PERIOD:
        return None
    pairs = (each.repeated(period // each.period) for each in (one, other))
    first, second = pairs
    spans = tuple(_hull(pair) for pair in zip(first.spans, second.spans, strict=True))
    return Field(one.axis, spans, first.step)


def _hull(spans: tuple[Span, ...] | list[Span]) -> Span:
    known = [span for span in spans if span is not None]
    return (min(first for first, _ in known), max(last for _, last in known)) if known else None


def _ends(start: int, taps: int, dilation: int, upsample: int, period: int) -> Iterator[int]:
    """Positions at either end of a window: one period of them, since those between lie between in samples too."""
    common = math.gcd(dilation, upsample)
    if start % common:
        return
    # Every `turn`-th tap falls on a position, from the `first` one on; the others fall between.
    turn = upsample // common
    first = next(tap for tap in range(turn) if (start + tap * dilation) % upsample == 0)
    hits = range(first, taps, turn)
    for tap in {*hits[:period], *hits[-period:]}:
        yield (start + tap * dilation) // upsample
