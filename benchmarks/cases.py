"""Named cases: the operands of each, and its contenders by name; "lax" is the one that ratios refer to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import convax

__all__ = ["Case", "layer_cases", "signal_cases"]


@dataclasses.dataclass(frozen=True)
class Case:
    """One comparison.

    Args:
        name: What is computed.
        operands: Arrays that each contender is called with.
        contenders: Functions by name; "lax" and "convax" are always there. NumPy's get NumPy arrays.
        truth: The result in float64, by NumPy; None where that would take too long.
        bar: The ratio lax / convax that the project promises here, or None.
    """

    name: str
    operands: tuple[Any, ...]
    contenders: dict[str, Callable[..., Any]]
    truth: Callable[..., Any] | None = None
    bar: float | None = None


_SIGNAL_BARS = {(1_000_000, 3): 25.0, (1_000_000, 31): 15.0, (1_000_000, 301): 6.0}


def signal_cases(full: bool) -> Iterator[Case]:
    """One signal, one kernel, VALID: a planned correlate against the jitted conv1d_basic."""
    lengths = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    taps_of = (3, 31, 301, 3001, 10_001)
    if full:
        taps_of = (3, 5, 9, 17, 31, 65, 101, 127, 301, 1001, 3001, 10_001)
    for dtype in ("float32", "float64"):
        for length in lengths:
            for taps in taps_of:
                # lax needs minutes for these; the neighbours show the trend.
                slow = length * taps > (2e10 if dtype == "float32" else 4e9)
                if taps <= length and (full or not slow):
                    yield _signal(length, taps, dtype)


def _signal(length: int, taps: int, dtype: str) -> Case:
    random = np.random.default_rng(0)
    x = random.standard_normal(length).astype(dtype)
    w = random.standard_normal(taps).astype(dtype)

    def truth(x: Any, w: Any) -> Any:
        from scipy.signal import oaconvolve

        return oaconvolve(np.asarray(x, float), np.asarray(w, float)[::-1], mode="valid")

    return Case(
        f"signal L={length:.0e} K={taps} {dtype}".replace("e+0", "e"),
        (jnp.asarray(x), jnp.asarray(w)),
        {
            "lax": jax.jit(convax.conv1d_basic),
            "convax": jax.jit(convax.correlate),
            "numpy": lambda *_: np.correlate(x, w, "valid"),
        },
        truth,
        _SIGNAL_BARS.get((length, taps)) if dtype == "float32" else 1.0,
    )


def _random(*shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(len(shape)).standard_normal(shape), jnp.float32)


def layer_cases() -> Iterator[Case]:
    """Depthwise layers, one kernel per signal, and a stack inside a scan."""
    for taps, forward_bar, both_bar in ((4, 20.0, 8.0), (31, None, None)):
        x, w = _random(8, 512, 1024), _random(512, 1, taps)
        rival = _lax_conv("VALID", 512)
        ours = _convax_conv("VALID", 512)
        name = f"depthwise N8 C512 L1024 K{taps}"
        yield Case(f"{name} forward", (x, w), {"lax": jax.jit(rival), "convax": jax.jit(ours)}, bar=forward_bar)
        contenders = {"lax": jax.jit(_training(rival)), "convax": jax.jit(_training(ours))}
        yield Case(f"{name} forward + backward", (x, w), contenders, bar=both_bar)
    contenders = {"lax": jax.jit(jax.vmap(convax.conv1d_basic)), "convax": jax.jit(jax.vmap(convax.correlate))}
    yield Case("64 signals, 64 kernels, L=1e4 K=31", (_random(64, 10_000), _random(64, 31)), contenders, bar=30.0)
    contenders = {
        "lax": jax.jit(_ten_times(_lax_conv("SAME", 1))),
        "convax": jax.jit(_ten_times(_convax_conv("SAME", 1))),
    }
    yield Case(
        "ten NCH convolutions in lax.scan, N4 C64 L512 K3",
        (_random(4, 64, 512), _random(64, 64, 3)),
        contenders,
        bar=20.0,
    )
    x, w = _random(16, 64, 1024), _random(64, 64, 3)
    for name, wrap in (("forward", lambda f: f), ("forward + backward", _training)):
        contenders = {"lax": jax.jit(wrap(_lax_conv("SAME", 1))), "convax": jax.jit(wrap(_convax_conv("SAME", 1)))}
        yield Case(f"dense N16 C64 O64 L1024 K3 {name}", (x, w), contenders, bar=1.0)


def _lax_conv(padding: str, groups: int) -> Callable[..., Any]:
    return lambda x, w: lax.conv_general_dilated(x, w, (1,), padding, feature_group_count=groups)


def _convax_conv(padding: str, groups: int) -> Callable[..., Any]:
    return lambda x, w: convax.conv1d(x, w, padding=padding, groups=groups)


def _training(layer: Callable[..., Any]) -> Callable[..., Any]:
    """Value and gradients of a loss: what one step of training asks of a layer."""
    return jax.value_and_grad(lambda x, w: jnp.sum(layer(x, w) ** 2), (0, 1))


def _ten_times(layer: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, w: lax.scan(lambda carry, _: (layer(carry, w) * 0.05, None), x, None, length=10)[0]
