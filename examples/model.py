"""What every example architecture offers: parameters, an input, a forward pass and a training step's gradients."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["Model"]


@dataclasses.dataclass(frozen=True)
class Model:
    """One architecture at one size.

    Args:
        name: In words, with the framework.
        apply: The forward pass, a function of parameters and input.
        parameters: A tree of arrays.
        x: The input, in the framework's layout.
    """

    name: str
    apply: Callable[[Any, jax.Array], jax.Array]
    parameters: Any
    x: jax.Array

    def loss(self, parameters: Any, x: jax.Array) -> jax.Array:
        """Mean square of the output: enough to differentiate."""
        return jnp.mean(jnp.square(self.apply(parameters, x)))

    def step(self, parameters: Any, x: jax.Array) -> tuple[jax.Array, Any]:
        """Loss and gradients with respect to the parameters."""
        return jax.value_and_grad(self.loss)(parameters, x)
