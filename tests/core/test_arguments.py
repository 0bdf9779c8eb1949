"""Whole numbers at the door."""

from __future__ import annotations

import numpy as np
import pytest

from convax.core.arguments import as_integer, as_positive
from convax.errors import ArgumentError, ArgumentTypeError


@pytest.mark.parametrize("value", [2, np.int8(2), np.uint64(2), np.array(2)], ids=repr)
def test_integers(value: object) -> None:
    assert as_integer("stride", value) == 2 and type(as_integer("stride", value)) is int
    assert as_positive("stride", value) == 2


def test_sequences_of_one_as_lax_writes_them() -> None:
    assert as_positive("stride", (2,)) == as_positive("stride", [2]) == 2
    assert as_integer("padding", -3) == -3


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (2.0, ArgumentTypeError, r"stride=2.0 is of type float[\s\S]*for example stride=2"),
        (1.5, ArgumentTypeError, r"stride=1.5 is of type float[\s\S]*written //"),
        (True, ArgumentTypeError, "stride=True is of type bool"),
        ("2", ArgumentTypeError, "stride='2' is of type str"),
        (None, ArgumentTypeError, "stride=None is of type NoneType"),
        ((1, 2), ArgumentTypeError, r"stride=\(1, 2\) is of type tuple"),
        (float("nan"), ArgumentError, "stride=nan is not finite"),
        (float("inf"), ArgumentError, "stride=inf is not finite"),
        (0, ArgumentError, r"stride=0 must be at least 1[\s\S]*would not move[\s\S]*write stride=1"),
        (-2, ArgumentError, r"stride=-2 must be at least 1[\s\S]*stride=2 and flip"),
        ((0,), ArgumentError, "stride=0 must be at least 1"),
    ],
    ids=repr,
)
def test_what_is_no_stride(value: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        as_positive("stride", value)


def test_the_name_is_the_caller_s() -> None:
    with pytest.raises(ArgumentError, match=r"dilation=0 must be at least 1[\s\S]*on one sample"):
        as_positive("dilation", 0)
    with pytest.raises(ArgumentError, match="groups=0 must be at least 1"):
        as_positive("groups", 0)
