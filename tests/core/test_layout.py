"""Axes by letters, and back to lax's numbers."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import pytest
from jax import lax

from convax.core import Layout
from convax.errors import ArgumentError, ArgumentTypeError

ORDERS = ["".join(letters) for letters in itertools.permutations("NCH")]


@pytest.mark.parametrize("data", ORDERS)
@pytest.mark.parametrize("kernel", ["".join(letters) for letters in itertools.permutations("OIH")])
def test_numbers_are_lax_s(data: str, kernel: str) -> None:
    for out in ORDERS:
        layout = Layout(data, kernel, out)
        expected = lax.conv_dimension_numbers((1, 1, 1), (1, 1, 1), (data, kernel, out))
        assert lax.ConvDimensionNumbers(*layout.dimension_numbers) == expected
        assert Layout.from_dimension_numbers(layout.dimension_numbers) == layout
        assert Layout.from_dimension_numbers(expected) == layout
        assert Layout.parse(str(layout)) == layout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NCH", Layout("NCH", "OIH", "NCH")),
        ("NHC", Layout("NHC", "HIO", "NHC")),
        ("nwc", Layout("NHC", "HIO", "NHC")),
        ("NLC", Layout("NHC", "HIO", "NHC")),
        ("NCT", Layout("NCH", "OIH", "NCH")),
        ("NCW,OIW->NWC", Layout("NCH", "OIH", "NHC")),
        (" n c t , o i l -> t n c ", Layout("NCH", "OIH", "HNC")),
        ("CHN,IHO", Layout("CHN", "IHO", "CHN")),
        ("NHC->NCH", Layout("NHC", "HIO", "NCH")),
    ],
)
def test_parse(text: str, expected: Layout) -> None:
    assert Layout.parse(text) == expected


def test_default_is_torch_s_order() -> None:
    assert Layout() == Layout.parse("NCH")
    assert Layout().dimension_numbers == tuple(lax.conv_dimension_numbers((1, 1, 1), (1, 1, 1), None))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NCC", "the letter C stands more than once"),
        ("NCHW", r"2 spatial letters \(H, W\) name a 2-D convolution"),
        ("NC", "missing: the spatial letter"),
        ("NH", "missing: C"),
        ("", "missing: N, C, the spatial letter"),
        ("NXH", "unknown letter X"),
        ("NCH,OHH", "its kernel order 'OHH'"),
        ("NCH,NCH", "its kernel order 'NCH'"),
        ("NCH,OIH->NC", "its output order 'NC'"),
        ("CNH", "does not say how the kernel's axes are ordered"),
    ],
)
def test_what_is_no_layout(text: str, says: str) -> None:
    with pytest.raises(ArgumentError, match=says) as raised:
        Layout.parse(text)
    assert raised.value.repair


@pytest.mark.parametrize("text", [3, None, ("NCH", "OIH", "NCH"), jnp.float32], ids=repr)
def test_not_a_string(text: object) -> None:
    with pytest.raises(ArgumentTypeError, match="no string"):
        Layout.parse(text)
