"""What `fft` is spared: points for padding at both ends, and transforms that a program has made already."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import convax
from convax import primitive
from convax.algorithms.fft import Cycle, Fft
from convax.core import Geometry


@pytest.mark.parametrize(
    ("padding", "points"),
    [((0, 0), 1000), ((199, 0), 1200), ((0, 199), 1200), ((100, 100), 1125), ((199, 199), 1200), ((-10, -10), 1000)],
)
def test_a_cycle_holds_the_signal_and_the_longer_end_of_its_padding(padding: tuple[int, int], points: int) -> None:
    assert Cycle.of(Geometry(1000, 200, padding=padding)).points == points


# Signal, kernel and cotangent once each, and three results. One more where both ends are padded, since a kernel's
# gradient takes the padded signal; and where lax's rule moves groups between its turn of the kernel and ours.
@pytest.mark.parametrize(
    ("layout", "data", "kernel", "groups", "padding", "transforms"),
    [
        ("NCH", (1, 1, 300), (1, 1, 100), 1, "VALID", 6),
        ("NCH", (1, 1, 300), (1, 1, 100), 1, "CAUSAL", 6),
        ("NCH", (1, 1, 300), (1, 1, 100), 1, (99, 99), 7),
        ("NCH", (1, 6, 300), (6, 1, 100), 6, "VALID", 6),
        ("NCH", (4, 6, 300), (6, 1, 100), 6, "VALID", 6),
        ("NCH", (4, 6, 300), (6, 1, 100), 6, "CAUSAL", 6),
        ("NCH", (4, 6, 300), (2, 6, 100), 1, "CAUSAL", 6),
        ("NHC", (4, 300, 6), (100, 1, 6), 6, "CAUSAL", 7),
    ],
    ids=str,
)
def test_a_layer_and_its_gradients_transform_each_array_once(
    layout: str,
    data: tuple[int, ...],
    kernel: tuple[int, ...],
    groups: int,
    padding: str | tuple[int, int],
    transforms: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A request is the forward convolution's; its gradients would be planned.
    choose = primitive.choose
    monkeypatch.setattr(primitive, "choose", lambda spec, platform, _: choose(spec, platform, Fft()))

    def layer(x: jax.Array, w: jax.Array) -> jax.Array:
        ends = padding if isinstance(padding, str) else [padding]
        return convax.conv1d(x, w, padding=ends, groups=groups, layout=layout)

    def with_gradients(x: jax.Array, w: jax.Array) -> tuple[jax.Array, ...]:
        y, pull = jax.vjp(layer, x, w)
        return y, *pull(y + 1)

    compiled = jax.jit(with_gradients).lower(jnp.ones(data), jnp.ones(kernel)).compile().as_text()
    assert compiled is not None
    main = compiled[compiled.index("ENTRY") :]
    assert main.count(" fft(") == transforms
