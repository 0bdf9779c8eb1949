"""Receptive fields: those of chains of windows are what one finds by following every single sample."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from convax.transform.field import LONGEST_PERIOD, NOTHING, Field, union

MIDDLE = 20_000  # far from where anything could end


@dataclasses.dataclass(frozen=True)
class Window:
    """What `Field.seen_by` takes."""

    taps: int
    stride: int
    dilation: int
    upsample: int
    before: int


windows = st.builds(
    Window, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(-4, 4)
)


def followed(chain: list[Window], position: int) -> set[int]:
    """Samples that one position of the last window's result depends on, tap by tap."""
    if not chain:
        return {position}
    *earlier, last = chain
    places = [position * last.stride - last.before + tap * last.dilation for tap in range(last.taps)]
    hit = [place // last.upsample for place in places if place % last.upsample == 0]
    return set().union(*(followed(earlier, place) for place in hit))


def field_of(chain: list[Window]) -> Field:
    field = Field()
    for window in chain:
        wider = field.seen_by(2, **dataclasses.asdict(window))
        assert wider is not None
        field = wider
    return field


@settings(max_examples=150, deadline=None)
@given(st.lists(windows, min_size=1, max_size=4), st.integers(-50, 50))
def test_a_chain_reaches_what_its_samples_do(chain: list[Window], offset: int) -> None:
    samples = followed(chain, MIDDLE + offset)
    expected = (min(samples), max(samples)) if samples else None
    assert field_of(chain).of(MIDDLE + offset) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(windows, min_size=1, max_size=3), st.lists(windows, min_size=1, max_size=3), st.integers(0, 30))
def test_what_is_joined_depends_on_both(one: list[Window], other: list[Window], offset: int) -> None:
    first, second = field_of(one), field_of(other)
    both = union(first, second)
    if both is None:
        assert first.step * second.period != second.step * first.period
        return
    samples = followed(one, MIDDLE + offset) | followed(other, MIDDLE + offset)
    expected = (min(samples), max(samples)) if samples else None
    assert both.of(MIDDLE + offset) == expected


def test_zeros_depend_on_nothing_and_change_nothing() -> None:
    layer = Field().seen_by(2, taps=3)
    assert layer is not None and union(NOTHING, layer) == layer == union(layer, NOTHING)
    blurred = NOTHING.seen_by(2, taps=3)
    assert blurred is not None and blurred.is_nothing and blurred.reach == 0


def test_a_period_that_grows_without_end_is_not_followed() -> None:
    field: Field | None = Field()
    for _ in range(30):
        field = None if field is None else field.seen_by(2, taps=3, upsample=2)
        assert field is None or field.period <= LONGEST_PERIOD
    assert field is None
