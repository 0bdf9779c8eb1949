"""The code that an explanation gives for other libraries runs, and agrees with convax."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import jax
import numpy as np
import pytest

from convax.explaining.tongues import TONGUES
from explaining.calls import random_call

os.environ.setdefault("KERAS_BACKEND", "jax")  # read when Keras is imported

PACKAGE_OF = {"lax": "jax", "jax.numpy": "jax"}
INSTALLED = [name for name in TONGUES if importlib.util.find_spec(PACKAGE_OF.get(name, name)) is not None]


def run(code: str, arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    """What the code leaves in y."""
    names: dict[str, Any] = dict(zip(("x", "w", "bias"), arrays, strict=False))
    exec(code, names)
    y = names["y"]
    return np.asarray(y.detach().resolve_conj() if hasattr(y, "detach") else y)


# Those whose code takes JAX long to compile are run for some of the calls only, where few are tried.
SELDOM = {"lax": 3, "keras": 3, "jax.numpy": 5, "flax": 5, "equinox": 5}


def check(seed: int, tongues: list[str]) -> None:
    """Run one random call in these tongues."""
    call = random_call(seed)
    want, explanation = call.run(), call.explain()
    assert explanation.problem is None and explanation.shape == want.shape, str(call)
    assert explanation.dtype == str(want.dtype)
    said = explanation.code
    assert "lax" in said
    scale = 1.0 + float(np.max(np.abs(want)))
    for name in tongues:
        if name in said:
            try:
                got = run(said[name], call.arrays)
            except Exception as error:
                raise AssertionError(f"{call} in {name}:\n{said[name]}") from error
            assert got.shape == want.shape, f"{call} in {name}:\n{said[name]}"
            exact = want.dtype.kind in "iu"
            tolerance = 0 if exact else 3e-5 * scale
            np.testing.assert_allclose(got, want, rtol=0, atol=tolerance, err_msg=f"{call} in {name}:\n{said[name]}")
        else:
            assert explanation.unsaid[name], name


@pytest.mark.parametrize("seed", range(60))
def test_random_calls(seed: int) -> None:
    # Functions take turns with a period of 7: each meets each tongue.
    check(seed, [name for place, name in enumerate(INSTALLED) if (seed // 7 + place) % SELDOM.get(name, 1) == 0])


@pytest.mark.deep
@pytest.mark.parametrize("first", range(1000, 1500, 25))
def test_five_hundred_random_calls(first: int) -> None:
    for seed in range(first, first + 25):
        check(seed, INSTALLED)
    jax.clear_caches()
