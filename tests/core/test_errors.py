"""The library's errors: three parts, and the standard classes that callers already catch."""

from __future__ import annotations

import pickle

import pytest

from convax import errors
from convax.errors import ConvaxError

KINDS = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_three_parts(kind: type[ConvaxError]) -> None:
    error = kind("what", "1 + 1 = 2", "do this")
    assert str(error) == "what\n  because: 1 + 1 = 2\n  repair:  do this"
    assert str(kind("what")) == "what"
    assert str(kind("what", repair="do this")) == "what\n  repair:  do this"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_survives_pickling(kind: type[ConvaxError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what", "because", "repair")))
    assert type(error) is kind and (error.what, error.arithmetic, error.repair) == ("what", "because", "repair")


def test_are_what_callers_catch() -> None:
    assert issubclass(errors.ShapeError, ValueError)
    assert issubclass(errors.ArgumentError, ValueError)
    assert issubclass(errors.AlgorithmError, ValueError)
    assert issubclass(errors.ArgumentTypeError, TypeError)
    assert all(issubclass(kind, ConvaxError) for kind in KINDS)


def test_an_error_of_no_call_has_no_explanation() -> None:
    assert ConvaxError("what").explanation is None
