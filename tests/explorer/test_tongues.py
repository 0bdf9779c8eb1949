"""The code that the page shows runs, and gives the numbers that the page shows."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

from explorer.settings import Setting, typical

NEEDS = {"PyTorch": "torch", "Flax": "flax", "Equinox": "equinox", "Keras": "keras"}
# What JAX compiles takes its time, so these share the settings out: each takes some of them, together all.
SHARES = {
    "convax": slice(3, None, 4),
    "lax": slice(0, None, 2),
    "jax.numpy": slice(1, None, 2),
    "Flax": slice(0, None, 4),
    "Equinox": slice(1, None, 4),
    "Keras": slice(2, None, 4),
}
TONGUES = ("convax", "lax", "jax.numpy", "NumPy", "SciPy", "PyTorch", "Flax", "Equinox", "Keras")
# By hand: what random settings meet too seldom.
SPECIAL: list[Setting] = [
    {},
    {"flipped": True, "padding": "FULL", "w": [[[1, 2, 3]]]},
    {"flipped": True, "padding": "SAME", "w": [[[1, 2, 3]]]},
    {"taps": 4, "padding": "SAME_LOWER", "w": [[[1, 2, 3, 4]]]},
    {"taps": 4, "padding": "numbers", "before": 1, "after": 1, "w": [[[1, 2, 3, 4]]]},
    {"transposed": True, "dilation": 3, "padding": "numbers", "after": 1, "outputPadding": 2},
    {"length": 3, "taps": 5, "padding": "FULL", "w": [[[1, 2, 3, 4, 5]]]},
    {"length": 3, "taps": 4, "padding": "SAME", "w": [[[1, 2, 3, 4]]]},
    {"transposed": True, "stride": 4, "taps": 2, "padding": "numbers"},
    {"transposed": True, "stride": 4, "taps": 2, "padding": "VALID"},
    {"transposed": True, "stride": 2, "padding": "SAME", "w": [[[1, 2, 3]]]},
    {
        "transposed": True,
        "stride": 2,
        "padding": "numbers",
        "before": 1,
        "after": 1,
        "outputPadding": 1,
        "flipped": True,
    },
    {"channels": 4, "features": 4, "groups": 2, "transposed": True, "stride": 2, "padding": "numbers", "before": 1},
    {"x": [[1e-7, 1e20, 0.1, -2.5, 3]], "padding": "CAUSAL"},
]


@pytest.fixture
def as_a_user() -> Iterator[None]:
    """JAX as it comes: the code is for people who have not made it strict."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def run(code: str, axes: str) -> np.ndarray:
    """The result of the code as (features, outputs)."""
    names: dict[str, Any] = {}
    exec(code, names)
    y = np.asarray(names["y"])
    assert y.ndim == len(axes)
    return {"L": lambda: y[None], "CL": lambda: y, "NCL": lambda: y[0], "NLC": lambda: y[0].T}[axes]()


def check(page: Any, tongue: str, settings: list[Setting], at_least: int) -> None:
    if tongue in NEEDS and importlib.util.find_spec(NEEDS[tongue]) is None:
        pytest.skip(f"{NEEDS[tongue]} is not installed")
    spoken = 0
    answers = page.execute_script(
        "return arguments[1].map((setting) => [convax.code(arguments[0], setting), convax.compute(setting)])",
        tongue,
        settings,
    )
    for setting, (said, told) in zip(settings, answers, strict=True):
        if "sentence" in said:
            assert said["sentence"].endswith(".")
            continue
        spoken += 1
        scale = np.abs(told["x"]).max() * max(1.0, np.abs(told["w"]).max()) * 16
        result = run(said["code"], said["axes"])
        assert result.shape == np.shape(told["output"]), (setting, said["code"])
        np.testing.assert_allclose(result, told["output"], rtol=1e-5, atol=1e-6 * scale, err_msg=said["code"])
    assert spoken >= at_least


@pytest.mark.parametrize("tongue", TONGUES)
def test_settings_by_hand(opened, as_a_user, tongue) -> None:
    check(opened, tongue, SPECIAL, at_least=10)


@pytest.mark.parametrize("tongue", TONGUES)
def test_random_settings(opened, as_a_user, tongue) -> None:
    check(opened, tongue, typical(40, seed=11)[SHARES.get(tongue, slice(None))], at_least=4)


@pytest.mark.deep
@pytest.mark.parametrize("tongue", TONGUES)
def test_many_random_settings(opened, as_a_user, tongue) -> None:
    check(opened, tongue, typical(150, seed=12), at_least=45)


def test_no_code_where_the_setting_cannot_work(opened) -> None:
    for tongue in TONGUES:
        assert opened.execute_script("return convax.code(arguments[0], {length: 3, taps: 5})", tongue) is None


def test_the_gradient_is_the_convolution_that_is_named(opened, as_a_user) -> None:
    """The code under "Gradients" runs, and is what jax.vjp gives."""
    import jax.numpy as jnp

    import convax

    for setting in [*SPECIAL[:-1], *typical(4, seed=13)]:
        code, call = opened.execute_script(
            "return [convax.gradient(arguments[0]), convax.code('lax', arguments[0])]",
            setting,
        )
        names: dict[str, Any] = {}
        exec(call["code"], names)
        line = call["code"].partition("\ny = ")[2]
        y, adjoint = jax.vjp(lambda x: eval(line, names | {"x": x}), names["x"])  # noqa: B023
        dy = jnp.arange(1.0, y.size + 1).reshape(y.shape)
        ours: dict[str, Any] = {"convax": convax, "dy": dy, "w": names["w"]}
        exec(code, ours)
        np.testing.assert_allclose(ours["dx"], adjoint(dy)[0], rtol=1e-4, atol=1e-4, err_msg=f"{setting} {code}")
