"""plan: which formulation a convolution would take, without running it."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from convax.algorithms import Algorithm
from convax.core import ConvSpec, DType, Geometry, Layout, resolve_padding
from convax.core.arguments import as_positive
from convax.planner import Plan, make_plan

__all__ = ["plan"]


def plan(
    length: int | ConvSpec,
    taps: int = 1,
    *,
    stride: int = 1,
    padding: str | int | tuple[int, int] = "VALID",
    dilation: int = 1,
    upsample: int = 1,
    groups: int = 1,
    batch: int = 1,
    channels: int = 1,
    features: int = 1,
    layout: str = "NCH",
    dtype: str = "float32",
    platform: str | None = None,
    algorithm: str | Algorithm | None = None,
) -> Plan:
    """The formulation that runs for a convolution, and what every other one would cost or why it cannot.

    Args:
        length: Samples of the signal, or a whole `ConvSpec` (then only platform and algorithm count).
        taps: Taps of the kernel.
        stride: Samples between two windows.
        padding: As in `conv1d`.
        dilation: Samples between two taps.
        upsample: Distance that the signal's samples are spread to, as in transposed convolutions.
        groups: Groups of channels and features.
        batch: Signals.
        channels: Channels of each signal.
        features: Output features.
        layout: As in `conv1d`.
        dtype: Element type, by name.
        platform: "cpu", "cuda", ...; None for JAX's default backend.
        algorithm: A request, as in `conv1d`.

    Returns:
        The plan; printing it shows the table.

    Raises:
        ShapeError: No output, or groups that do not divide.
        AlgorithmError: The requested algorithm does not exist or cannot serve.

    Example:
        >>> plan(1_000_000, 31, platform="cpu").algorithm.name
        'shift_add'
    """
    platform = platform or jax.default_backend()
    if isinstance(length, ConvSpec):
        return make_plan(length, platform, algorithm)
    sizes = {"length": length, "taps": taps, "batch": batch, "channels": channels, "features": features}
    sizes |= {"stride": stride, "dilation": dilation, "upsample": upsample, "groups": groups}
    sizes = {name: as_positive(name, value) for name, value in sizes.items()}
    reach = (sizes["taps"] - 1) * sizes["dilation"] + 1
    ends = resolve_padding(padding, sizes["length"], reach, sizes["stride"])
    steps = (sizes["stride"], sizes["dilation"], sizes["upsample"])
    geometry = Geometry(sizes["length"], sizes["taps"], *steps, padding=ends)
    geometry.check_output()
    spec = ConvSpec(
        geometry,
        sizes["batch"],
        sizes["channels"],
        sizes["features"],
        sizes["groups"],
        layout=Layout.parse(layout),
        dtype=DType(jnp.dtype(dtype).name),
    )
    return make_plan(spec, platform, algorithm)
