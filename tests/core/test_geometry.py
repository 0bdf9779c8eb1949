"""The window's arithmetic, against counting windows one by one and against lax."""

from __future__ import annotations

import jax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from convax.core import Geometry
from convax.errors import ShapeError
from specs import for_all

any_geometry = st.builds(
    Geometry,
    length=st.integers(0, 20),
    taps=st.integers(1, 8),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 4),
    upsample=st.integers(1, 4),
    padding=st.tuples(st.integers(-6, 8), st.integers(-6, 8)),
)


def windows(geometry: Geometry) -> int:
    """Windows that fit, counted on the samples themselves."""
    samples: list[int] = []
    for index in range(geometry.length):
        samples += [0] * (geometry.upsample - 1) * (index > 0) + [1]
    before, after = geometry.padding
    slid = len(samples) + before + after
    last = (geometry.taps - 1) * geometry.dilation
    return sum(1 for start in range(0, max(0, slid), geometry.stride) if start + last < slid)


def test_output_counts_windows(examples: str) -> None:
    @for_all(any_geometry, examples, few=200, many=20_000)
    def agrees(geometry: Geometry) -> None:
        assert geometry.output == windows(geometry)


def test_output_is_lax_s(examples: str) -> None:
    @for_all(any_geometry, examples, few=60, many=2000)
    def agrees(geometry: Geometry) -> None:
        if geometry.padded < 0:
            return  # lax refuses what trims more than there is
        x, w = (jax.ShapeDtypeStruct((1, 1, size), "float32") for size in (geometry.length, geometry.taps))
        result = jax.eval_shape(
            lambda x, w: lax.conv_general_dilated(
                x,
                w,
                (geometry.stride,),
                (geometry.padding,),
                (geometry.upsample,),
                (geometry.dilation,),
            ),
            x,
            w,
        )
        assert result.shape == (1, 1, geometry.output)


@settings(max_examples=200)
@given(any_geometry)
def test_formula_ends_in_the_output(geometry: Geometry) -> None:
    """The formula that errors show is arithmetic that a reader can check."""
    left, _, result = geometry.formula().rpartition(" = ")
    inside = left.removeprefix("floor(").replace(") + 1", " + 1")
    top, _, rest = left.removeprefix("floor(").rpartition(" / ")
    stride = int(rest.split(")")[0])
    assert inside and stride == geometry.stride
    assert eval(top) // stride + 1 == int(result)
    assert geometry.output == max(0, int(result))


@pytest.mark.parametrize(
    ("geometry", "reach", "spread", "padded", "output"),
    [
        (Geometry(10, 3), 3, 10, 10, 8),
        (Geometry(10, 3, stride=2), 3, 10, 10, 4),
        (Geometry(10, 3, dilation=4), 9, 10, 10, 2),
        (Geometry(10, 3, upsample=2), 3, 19, 19, 17),
        (Geometry(10, 3, padding=(2, -1)), 3, 10, 11, 9),
        (Geometry(1, 1), 1, 1, 1, 1),
        (Geometry(0, 3, padding=(2, 2)), 3, 0, 4, 2),
        (Geometry(10, 3, 3, 2, 2, (1, 1)), 5, 19, 21, 6),
    ],
    ids=str,
)
def test_by_hand(geometry: Geometry, reach: int, spread: int, padded: int, output: int) -> None:
    assert (geometry.reach, geometry.spread, geometry.padded, geometry.output) == (reach, spread, padded, output)


def test_is_plain() -> None:
    assert Geometry(10, 3, padding=(1, 1)).is_plain
    for step in ("stride", "dilation", "upsample"):
        assert not Geometry(10, 3, **{step: 2}).is_plain


def test_check_output() -> None:
    Geometry(3, 3).check_output()
    with pytest.raises(ShapeError) as raised:
        Geometry(3, 4, dilation=2, padding=(1, 1)).check_output()
    message = str(raised.value)
    assert "reaches over 7 samples, and the input has 5 with its padding" in message
    assert "floor((1 + 3 + 1 - ((4 - 1) * 2 + 1)) / 1) + 1 = -1" in message
    assert "add 2 or more samples of padding" in message and "or its dilation" in message


def test_check_output_names_enough_padding(examples: str) -> None:
    """The repair works: with the padding that it names, there is an output."""

    @for_all(any_geometry.filter(lambda geometry: geometry.output == 0), examples, few=50)
    def works(geometry: Geometry) -> None:
        with pytest.raises(ShapeError) as raised:
            geometry.check_output()
        more = int(raised.value.repair.split()[1])
        before, after = geometry.padding
        fixed = Geometry(
            geometry.length,
            geometry.taps,
            geometry.stride,
            geometry.dilation,
            geometry.upsample,
            (before, after + more),
        )
        fixed.check_output()


def test_prints_what_is_not_default() -> None:
    assert str(Geometry(10, 3)) == "length 10, taps 3 -> 8"
    everything = Geometry(10, 3, 3, 2, 2, (1, -1))
    assert str(everything) == "length 10, taps 3, stride 3, dilation 2, upsample 2, padding (1, -1) -> 5"


def test_is_a_value() -> None:
    assert Geometry(10, 3) == Geometry(10, 3) and hash(Geometry(10, 3)) == hash(Geometry(10, 3))
    with pytest.raises(AttributeError):
        Geometry(10, 3).length = 4  # type: ignore[misc]
