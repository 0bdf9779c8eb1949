"""why: every way in which lax answers badly is told apart, and the repaired call runs."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.lax import conv_general_dilated as copied

import convax
from convax.errors import ArgumentTypeError, ConvaxError
from convax.explaining.call import Call
from convax.explaining.observing import HOUSES, ORIGINALS
from convax.explaining.repairs import Draft, repaired
from ops.mistakes import lax_calls


def ones(*shape: int, dtype: Any = "float32") -> jax.Array:
    return jnp.ones(shape, dtype)


@dataclasses.dataclass(frozen=True)
class Row:
    """A call of lax's, what the answer must show, and the shape of the repaired call's result."""

    lhs: Any
    rhs: Any
    arguments: tuple[Any, ...] = ((1,), "VALID")
    settings: tuple[tuple[str, Any], ...] = ()
    what: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()

    def call(self, function: Callable[..., Any] | None = None) -> Any:
        return (function or lax.conv_general_dilated)(self.lhs, self.rhs, *self.arguments, **dict(self.settings))


ROWS = {
    "two 1-D arrays": Row(
        np.ones(6, "float32"), np.ones(3, "float32"),
        what=("(6,)", "(3,)"), because=("3 axes each",),
        code=("lhs[None, None, :], rhs[None, None, :]",), shape=(1, 1, 4),
    ),
    "(1, 6) and (1, 3)": Row(
        np.ones((1, 6), "float32"), np.ones((1, 3), "float32"),
        what=("(1, 6)", "(1, 3)"), because=("not 2 and 2",),
        code=("lhs[:, None, :], rhs[:, None, :]",), shape=(1, 1, 4),
    ),
    "a kernel longer than the input": Row(
        np.ones((1, 1, 3), "float32"), np.ones((1, 1, 5), "float32"),
        what=("longer than the input",), because=("floor((0 + 3 + 0 - 5) / 1) + 1 = -1",),
        code=('"SAME"',), shape=(1, 1, 3),
    ),
    "the same with strides": Row(
        np.ones((1, 1, 3), "float32"), np.ones((1, 1, 5), "float32"), ((2,), [(1, 0)]),
        what=("longer than the input",), code=("[(1, 1)]",), shape=(1, 1, 1),
    ),
    "an empty kernel": Row(
        np.ones((1, 2, 8), "float32"), np.ones((3, 2, 0), "float32"),
        what=("the kernel is empty",), because=("0 taps",), code=("jnp.ones((3, 2, 1), lhs.dtype)",), shape=(1, 3, 8),
    ),
    "stride 0": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "float32"), ((0,), "VALID"),
        what=("window_strides=(0,)",), because=("not at all",), code=("(1,)",), shape=(1, 1, 6),
    ),
    "a stride as a number": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "float32"), (2, "VALID"),
        what=("window_strides=2",), because=("one number per spatial dimension",), code=("(2,)",), shape=(1, 1, 3),
    ),
    "CAUSAL": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "float32"), ((1,), "CAUSAL"),
        (("rhs_dilation", (2,)),),
        what=("padding='CAUSAL'", "not of lax"), because=("4 before and 0 after", "5 - 1 = 4"),
        code=("[(4, 0)]",), shape=(1, 1, 8),
    ),
    "channels last declared as channels first": Row(
        np.ones((8, 100, 16), "float32"), np.ones((5, 16, 32), "float32"),
        what=("100 channels (NCH)", "takes 16"), because=("100, not 16",),
        code=('dimension_numbers=("NHC", "OIH", "NHC")', 'kernel is HIO: dimension_numbers=("NHC", "HIO", "NHC")'),
        shape=(8, 69, 5),
    ),
    "channels last, in silence": Row(
        np.ones((2, 100, 3), "float32"), np.ones((5, 100, 3), "float32"),
        what=("100 channels of 3 samples", "may be NHC"),
    ),
    "four letters": Row(
        np.ones((1, 8, 4), "float32"), np.ones((3, 4, 5), "float32"), ((1,), "VALID"),
        (("dimension_numbers", ("NHWC", "HWIO", "NHWC")),),
        what=("'NHWC'",), because=("names 4 axes",), code=('("NWC", "WIO", "NWC")',), shape=(1, 6, 5),
    ),
    "four letters for the other order": Row(
        np.ones((1, 4, 8), "float32"), np.ones((5, 4, 3), "float32"), ((1,), "VALID"),
        (("dimension_numbers", ("NHWC", "HWIO", "NHWC")),),
        what=("'NHWC'",), code=('("NCH", "OIH", "NCH")',), shape=(1, 5, 6),
    ),
    "two element types": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "int32"),
        what=("lhs is float32 and rhs is int32",), code=("rhs.astype(lhs.dtype)",), shape=(1, 1, 6),
    ),
    "two element types, the other way": Row(
        np.ones((1, 1, 8), "int32"), np.ones((1, 1, 3), "float32"),
        what=("lhs is int32",), code=("lhs.astype(rhs.dtype)",), shape=(1, 1, 6),
    ),
    "padding as a number": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "float32"), ((1,), 1),
        what=("padding=1",), code=("[(1, 1)]",), shape=(1, 1, 8),
    ),
    "padding as a pair": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "float32"), ((1,), (1, 2)),
        what=("padding=(1, 2)",), code=("[(1, 2)]",), shape=(1, 1, 9),
    ),
    "a misspelt word": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "float32"), ((1,), "SMAE"),
        what=("padding='SMAE'",), code=('"SAME"',), shape=(1, 1, 8),
    ),
    "SAME of an upsampled signal": Row(
        np.ones((1, 1, 8), "float32"), np.ones((1, 1, 3), "float32"), ((1,), "SAME"), (("lhs_dilation", (2,)),),
        what=("padding='SAME'",), code=("[(1, 1)]",), shape=(1, 1, 15),
    ),
    "groups": Row(
        np.ones((1, 6, 8), "float32"), np.ones((6, 1, 3), "float32"),
        what=("6 channels",), code=("feature_group_count=6",), shape=(1, 6, 6),
    ),
    "three mistakes at once": Row(
        np.ones(8, "float32"), np.ones(3, "int32"), (2, 1),
        what=("(8,)",), code=("lhs[None, None, :]", "rhs[None, None, :].astype(lhs.dtype)", "(2,)", "[(1, 1)]"),
        shape=(1, 1, 4),
    ),
    "lists": Row(
        [[[1.0, 2.0, 3.0]]], np.ones((1, 1, 2), "float32"),
        what=("lhs is a list",), code=("jnp.asarray(lhs)",), shape=(1, 1, 2),
    ),
}  # fmt: skip
ROW = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


@pytest.fixture
def x64() -> bool:
    return False


@ROW
def test_the_answer(row: Row) -> None:
    answer = convax.why(lambda: row.call())
    assert answer.is_wrong
    for part, pieces in ((answer.what, row.what), (answer.arithmetic, row.because), (answer.code or "", row.code)):
        for piece in pieces:
            assert piece in part, str(answer)
    assert answer.repair and answer.repair in str(answer) and answer.said


@ROW
def test_the_repaired_call_runs(row: Row) -> None:
    answer = convax.why(lambda: row.call())
    if not row.code:
        assert answer.code is None
        return
    assert answer.code is not None
    names: dict[str, Any] = {"lhs": row.lhs, "rhs": row.rhs}
    exec(answer.code, names)
    assert names["y"].shape == row.shape and answer.explanation.shape == row.shape
    assert not convax.why(lambda: exec(answer.code, {"lhs": row.lhs, "rhs": row.rhs})).is_wrong


@ROW
def test_the_exception_alone_will_do(row: Row) -> None:
    """Outside of `why`: the frames that the error left hold the call."""
    try:
        row.call()
    except Exception as error:
        answer = convax.why(error)
        assert answer.is_wrong and all(piece in answer.what for piece in row.what)


def imported_copy() -> Any:
    return copied(ones(6), ones(3), (1,), "VALID")


def deeper() -> Any:
    return imported_copy()


def silent_copy() -> Any:
    return copied(ones(1, 1, 3), ones(1, 1, 5), (1,), "VALID")


def test_names_that_were_imported() -> None:
    in_closure = lax.conv_general_dilated
    assert "lhs[None, None, :]" in convax.why(imported_copy).code
    assert "lhs[None, None, :]" in convax.why(deeper).code
    assert "longer" in convax.why(silent_copy).what
    assert "longer" in convax.why(lambda: in_closure(ones(1, 1, 3), ones(1, 1, 5), (1,), "VALID")).what
    # Deeper still, in silence: what the trace shows.
    assert "longer" in convax.why(lambda: silent_copy()).what
    assert imported_copy.__globals__["copied"] is ORIGINALS["conv_general_dilated"]


def test_inside_of_transformations() -> None:
    def loss(w: Any) -> Any:
        return lax.conv_general_dilated(ones(1, 1, 8), w, 2, "VALID").sum()

    assert "window_strides=2" in convax.why(lambda: jax.jit(jax.grad(loss))(ones(1, 1, 3))).what


def test_other_functions_of_lax() -> None:
    answer = convax.why(lambda: lax.conv(ones(6), ones(3), (1,), "VALID"))
    assert "lhs[None, None, :]" in answer.code


def test_arguments_that_are_missing() -> None:
    answer = convax.why(lambda: lax.conv_general_dilated(ones(1, 1, 6), ones(1, 1, 3)))
    assert answer.what == "window_strides and padding are missing"
    assert '(1,), "VALID"' in answer.code


def test_jax_numpy() -> None:
    answer = convax.why(lambda: jnp.convolve(ones(4, 8), ones(3)))
    assert "one-dimensional" in answer.what
    names: dict[str, Any] = {"a": ones(4, 8), "v": ones(3)}
    exec(answer.code, names)
    assert names["y"].shape == (4, 10)
    answer = convax.why(lambda: jnp.convolve(jnp.arange(5), jnp.arange(3)))
    assert "answers int32 with float32" in answer.what
    assert "a cannot be empty" in convax.why(lambda: jnp.convolve(ones(0), ones(3))).what
    assert not convax.why(lambda: jnp.correlate(ones(5), ones(3), mode="same")).is_wrong


def test_nothing_wrong() -> None:
    answer = convax.why(lambda: lax.conv_general_dilated(ones(1, 1, 6), ones(1, 1, 3), (1,), "SAME"))
    assert not answer.is_wrong and "nothing is wrong" in str(answer)
    assert "place" in str(answer), "the call is explained"
    assert "no convolution" in convax.why(lambda: 1 + 1).what
    assert not convax.why(lambda: 1 + 1).is_wrong


def test_another_error() -> None:
    answer = convax.why(lambda: 1 / 0)
    assert "no convolution" in answer.what and "ZeroDivisionError" in answer.said


def test_errors_of_convax() -> None:
    answer = convax.why(lambda: convax.conv1d(ones(8), ones(3), stride=0))
    assert "stride=0" in answer.what and answer.explanation.problem is not None
    with pytest.raises(ConvaxError) as caught:
        convax.conv1d(ones(8), ones(3), stride=0)
    assert convax.why(caught.value).what == caught.value.what


def test_what_is_no_function() -> None:
    with pytest.raises(ArgumentTypeError, match="put lambda before it"):
        convax.why(ones(3))


def test_everything_is_put_back_and_other_threads_pass() -> None:
    inside, done = threading.Event(), threading.Event()
    seen: list[Any] = []

    def elsewhere() -> None:
        inside.wait(30)
        seen.append(lax.conv_general_dilated(ones(1, 1, 3), ones(1, 1, 5), (1,), "VALID").shape)
        done.set()

    def here() -> Any:
        inside.set()
        done.wait(30)
        return lax.conv_general_dilated(ones(1, 1, 6), ones(1, 1, 3), (1,), "VALID")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    answer = convax.why(here)
    thread.join()
    assert seen == [(1, 1, 0)] and not answer.is_wrong, "the other thread's call is not ours"
    convax.why(lambda: 1 / 0)
    assert all(getattr(house, name) is ORIGINALS[name] for name, house in HOUSES.items())


# None of them names a repair that is one call: the data themselves are of another dimension.
WITHOUT_REPAIR = {"a 2-D kernel for 1-D data"}
LAX_CALLS = {
    label: mistake for label, mistake in {**lax_calls.LAX, **lax_calls.OBSERVED}.items() if "lax_call" in mistake.call
}


@pytest.mark.parametrize("label", LAX_CALLS)
def test_every_wrong_call_of_lax_is_repaired(label: str) -> None:
    with pytest.raises(ConvaxError) as caught:
        LAX_CALLS[label].make()
    found = repaired(Draft(Call.of_failed(caught.value.call)))
    if label in WITHOUT_REPAIR:
        assert found is None
        return
    assert found is not None
    operands = caught.value.call.operands
    names: dict[str, Any] = {
        name: jnp.asarray(np.ones(shape, jnp.dtype(dtype)))
        for name, (shape, dtype) in zip(("lhs", "rhs"), operands, strict=True)
    }
    exec(found.code, names)
    assert names["y"].size > 0
