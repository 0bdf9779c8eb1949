"""What all tests share: two devices, strict JAX, and how many examples Hypothesis tries."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Read once, when JAX starts its CPU backend: tests of sharding need two devices.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2".strip()
# Plans of the tests follow estimates, not what was once measured on the machine that they run on.
os.environ["CONVAX_WISDOM"] = "off"
# Nor are they somebody's progress in the exercises.
os.environ["CONVAX_PRACTICE"] = "off"

import jax
import pytest
from hypothesis import HealthCheck, settings

# The default run repeats the same few examples, so that a failure is a change of the code and not of luck;
# tests marked `deep` draw new ones.
settings.register_profile(
    "default", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


@pytest.fixture
def x64(request: pytest.FixtureRequest) -> bool:
    """Whether 64-bit types are on. A test overrides it with `@pytest.mark.parametrize("x64", [True, False])`.

    The command's tests run with JAX as it comes, as the command itself does.
    """
    return request.path.parent.name != "cli"


@pytest.fixture(autouse=True)
def strict_jax(request: pytest.FixtureRequest, x64: bool) -> Iterator[None]:
    """No silent promotion of types or ranks; 64-bit types as `x64` says."""
    if request.path.parent.name == "cli":
        yield
        return
    with jax.enable_x64(x64), jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture(params=["few", pytest.param("many", marks=pytest.mark.deep)])
def examples(request: pytest.FixtureRequest) -> str:
    """Which sweep of a property runs: "few" examples by default, "many" when deep tests are asked for."""
    return request.param
