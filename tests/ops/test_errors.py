"""What the functions say when they are called wrongly, and that the repair which they name works.

The mistakes are in the folder of that name: the call, the class of the error, what its text must show (the caller's
words and numbers, the arithmetic, the repair), and the call with the repair applied, which must run.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from convax import conv1d, conv1d_basic, conv_general_dilated, conv_transpose1d, convolve
from convax.errors import ConvaxError
from ops.mistakes import choices, lax_calls, layouts, shapes, steps_and_padding, transposed
from ops.mistakes.mistake import Mistake

TABLES = [
    {
        f"{module.__name__.split('.')[-1]}-{table.lower()}-{label}": mistake
        for table, rows in vars(module).items()
        if table.isupper()
        for label, mistake in rows.items()
    }
    for module in (lax_calls, shapes, steps_and_padding, layouts, transposed, choices)
]
MISTAKES = [pytest.param(mistake, id=label) for table in TABLES for label, mistake in table.items()]
REPAIRED = [parameter for parameter in MISTAKES if parameter.values[0].repaired is not None]  # by one call


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_text_of_an_error(mistake: Mistake) -> None:
    with pytest.raises(mistake.error) as caught:
        mistake.make()
    error = caught.value
    assert type(error) is mistake.error
    parts = ((error.what, mistake.what), (error.arithmetic, mistake.because), (error.repair, mistake.repair))
    for text, pieces in parts:
        for piece in pieces:
            assert piece in text
    lines = str(error).splitlines()
    assert lines[0] == error.what
    assert error.repair
    assert lines[-1] == f"  repair:  {error.repair}"
    assert len(lines) == 2 + bool(error.arithmetic)
    # One line each, in words: no dumps of compilers, arrays or tracers.
    assert max(map(len, lines)) < 260
    for noise in ("MLIR", "loc(", "Tracer", "Array(", "<function", "<class", "np.int64"):
        assert noise not in str(error)


@pytest.mark.parametrize("mistake", REPAIRED)
def test_the_repair_of_an_error(mistake: Mistake) -> None:
    assert mistake.make_repaired().shape == mistake.shape


@pytest.mark.parametrize("mistake", MISTAKES)
def test_errors_are_of_pythons_kinds_and_survive_pickling(mistake: Mistake) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        mistake.make()
    error = caught.value
    assert isinstance(error, ConvaxError)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: conv1d(x[None], jnp.ones((4, 3))),
        lambda x: conv1d(x[None], jnp.ones((4, 3, 3))),
        lambda x: conv1d_basic(x[:2], x),
        lambda x: conv_general_dilated(x, x, (1,), "VALID"),
        lambda x: convolve(x[:0], x),
        lambda x: conv_transpose1d(x, x, padding="FULL"),
    ],
)
@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap], ids=["jit", "grad", "vmap"])
def test_errors_inside_transformations_are_the_same(call: Callable[..., Any], transform: Callable[..., Any]) -> None:
    x = jnp.ones((2, 8)) if transform is jax.vmap else jnp.ones(8)
    with pytest.raises(ConvaxError) as plain:
        call(jnp.ones(8))
    with pytest.raises(ConvaxError) as inside:
        transform(call)(x)
    assert str(inside.value) == str(plain.value)


@pytest.mark.parametrize("batch", [(0,), (3, 0)], ids=str)
def test_a_batch_of_none_is_no_error(batch: tuple[int, ...]) -> None:
    assert conv1d(np.ones((*batch, 2, 8)), np.ones((4, 2, 3))).shape == (*batch, 4, 6)
    assert conv_transpose1d(np.ones((*batch, 2, 8)), np.ones((2, 4, 3))).shape == (*batch, 4, 10)
    assert convolve(np.ones((*batch, 8)), np.ones(3)).shape == (*batch, 10)
    assert conv_general_dilated(np.ones((0, 1, 8)), np.ones((1, 1, 3)), (1,), "VALID").shape == (0, 1, 6)
