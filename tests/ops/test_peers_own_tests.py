"""NumPy's and SciPy's own test classes, run against our functions.

Both ship their tests in the wheel. A class of theirs runs here with its module's `convolve` and `correlate` replaced by
ours; what it asks for and we do not promise is listed with the reason.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from convax import convolve, correlate

close = np.testing.assert_allclose

LENGTH = "SciPy's 'same' has the length of the first operand, NumPy's and ours that of the longer"
ALL_AXES = "SciPy convolves over all axes, we over one"
NUMBERS = "SciPy makes numbers of numbers, NumPy arrays of one element"
NOT_OURS = {
    "TestCorrelate.test_object": "arrays of Python objects (Decimal) cannot be JAX arrays",
    "TestConvolve.test_same": LENGTH,
    "TestConvolve.test_same_mode": LENGTH,
    "TestCorrelateComplex.test_swap_same": LENGTH,
    "TestConvolve.test_2d_arrays": ALL_AXES,
    "TestConvolve.test_input_swapping": ALL_AXES,
    "TestConvolve.test_mismatched_dims": ALL_AXES,
    "TestCorrelate.test_mismatched_dims": ALL_AXES,
    "TestCorrelateComplex.test_rank3": ALL_AXES,
    "TestCorrelateReal.test_method": ALL_AXES,
    "TestCorrelateReal.test_rank3_valid": ALL_AXES,
    "TestCorrelateReal.test_rank3_same": ALL_AXES,
    "TestCorrelateReal.test_rank3_all": ALL_AXES,
    "TestConvolve.test_zero_rank": NUMBERS,
    "TestCorrelateComplex.test_rank0": NUMBERS,
}
# Convolutions of 588 pairs of types: minutes.
DEEP = ("TestConvolve.test_convolve_method",)
NUMPYS = ("numpy._core.tests.test_numeric", ("TestConvolve", "TestCorrelate"))
SCIPYS = (
    "scipy.signal.tests.test_signaltools",
    ("TestConvolve", "TestCorrelateReal", "TestCorrelate", "TestCorrelateComplex"),
)
REAL = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
# What SciPy's fixtures and parametrisations fill in.
FILLED: dict[str, list[Any]] = {"xp": [np], "dt": REAL, "dt_name": ["complex64", "complex128"]}


def imported(name: str) -> ModuleType:
    """A module of tests; its marks are not ours, so they are not checked against our list of marks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest.mark, "_config", None)
        return importlib.import_module(name)


def their_tests(name: str, kinds: tuple[str, ...]) -> Iterator[Any]:
    """The classes' methods with each value of their parameters; one skipped entry where none are installed."""
    try:
        module = imported(name)
    except ImportError:
        yield pytest.param("", "", "", {}, marks=pytest.mark.skip(f"{name} is not installed"))
        return
    for kind in kinds:
        for method, function in inspect.getmembers(getattr(module, kind), inspect.isfunction):
            if not method.startswith("test"):
                continue
            filled = [parameter for parameter in inspect.signature(function).parameters if parameter in FILLED]
            reason = NOT_OURS.get(f"{kind}.{method}")
            marks = [pytest.mark.skip(reason)] if reason else [pytest.mark.deep] if f"{kind}.{method}" in DEEP else []
            choices = list(itertools.product(*(FILLED[parameter] for parameter in filled)))
            for values in choices[:1] if reason else choices:
                yield pytest.param(
                    name,
                    kind,
                    method,
                    dict(zip(filled, values, strict=True)),
                    marks=marks,
                    id="-".join([name.split(".")[0], kind, method, *(v for v in values if isinstance(v, str))]),
                )


class Counted:
    """Our function under a peer's name: its default mode, results as NumPy arrays, calls counted."""

    def __init__(self, function: Callable[..., Any], mode: str) -> None:
        self.function, self.mode, self.calls = function, mode, 0

    def __call__(self, a: Any, v: Any, mode: Any = "its own", method: str = "auto") -> np.ndarray:
        self.calls += 1
        if method not in ("auto", "direct", "fft"):
            raise ValueError(method)
        return np.asarray(self.function(a, v, self.mode if mode == "its own" else mode))


class Replaced:
    """NumPy with some functions replaced."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        self.functions = functions

    def __getattr__(self, name: str) -> Any:
        return self.functions.get(name, getattr(np, name))


@pytest.mark.parametrize(("name", "kind", "method", "filled"), [*their_tests(*NUMPYS), *their_tests(*SCIPYS)])
def test_their_own(name: str, kind: str, method: str, filled: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    module = imported(name)
    ours = {
        "convolve": Counted(convolve, "full"),
        "correlate": Counted(correlate, "valid" if name.startswith("numpy") else "full"),
    }
    if name.startswith("numpy"):
        monkeypatch.setattr(module, "np", Replaced(**ours))
    else:
        for each, function in ours.items():
            monkeypatch.setattr(module, each, function)
    getattr(getattr(module, kind)(), method)(**filled)
    assert sum(function.calls for function in ours.values()), "the test did not call our functions"


def test_every_listed_exception_is_a_test_of_theirs() -> None:
    pytest.importorskip("numpy._core.tests")
    pytest.importorskip("scipy.signal.tests")
    found = {"-".join(str(test.id).split("-")[1:3]) for test in (*their_tests(*NUMPYS), *their_tests(*SCIPYS))}
    assert {name.replace(".", "-") for name in (*NOT_OURS, *DEEP)} <= found
    assert len(found) > len(NOT_OURS) + 20


@pytest.mark.parametrize("mode", ["full", "valid"])
@pytest.mark.parametrize("sizes", [(50, 7), (7, 50), (20, 20), (33, 1)], ids=str)
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int32"])
def test_scipys_values(mode: str, sizes: tuple[int, int], dtype: str) -> None:
    """Also where SciPy is installed without its tests."""
    signal = pytest.importorskip("scipy.signal")
    rng = np.random.default_rng([*sizes])
    a, v = (rng.normal(size=size) * 9 for size in sizes)
    if dtype == "complex128":
        a, v = a + 1j, v - 2j
    for ours, theirs in ((convolve, signal.convolve), (correlate, signal.correlate)):
        y = ours(a.astype(dtype), v.astype(dtype), mode)
        expected = theirs(a.astype(dtype), v.astype(dtype), mode, method="direct")
        assert (y.dtype, y.shape) == (expected.dtype, expected.shape)
        close(y, expected, atol=1e-10)


@pytest.mark.parametrize("shapes", [((3, 40), (3, 5)), ((3, 40), (1, 5)), ((2, 1, 40), (1, 3, 5))], ids=str)
def test_scipys_oaconvolve_along_one_axis(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    signal = pytest.importorskip("scipy.signal")
    a, v = (np.random.default_rng(len(shape)).normal(size=shape) for shape in shapes)
    close(convolve(a, v), signal.oaconvolve(a, v, axes=-1), atol=1e-10)
