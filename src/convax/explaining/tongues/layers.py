"""Flax, Equinox and Keras: a layer that is given the kernel, or the function behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convax.explaining.tongues.dialect import JAX, KERAS
from convax.explaining.tongues.prepared import Prepared, prepare

if TYPE_CHECKING:
    from convax.explaining.explanation import Explanation

__all__ = ["equinox", "flax", "keras"]


def flax(explanation: Explanation, wanted: str) -> list[str]:
    """flax.nnx.Conv: data N, L, C and kernel K, C / groups, O."""
    prepared = prepare(explanation, JAX, wanted)
    prepared.ordered(JAX, "NHC", "HIO")
    geometry = prepared.geometry
    _, channels, features = prepared.sizes
    parts = [str(channels), str(features), f"({geometry.taps},)"]
    parts += _steps(
        strides=(geometry.stride, 1),
        input_dilation=(geometry.upsample, 1),
        kernel_dilation=(geometry.dilation, 1),
        feature_group_count=(prepared.groups, 1),
    )
    parts.append(f"padding=[{geometry.padding}]")
    parts += ["use_bias=False", "dtype=x.dtype", "param_dtype=x.dtype", "rngs=nnx.Rngs(0)"]
    return [
        "from flax import nnx",
        *JAX.imports,
        *prepared.before,
        f"layer = nnx.Conv({', '.join(parts)})",
        "layer.kernel[...] = w",
        "y = layer(x)",
        *prepared.after,
    ]


def equinox(explanation: Explanation, wanted: str) -> list[str]:
    """equinox.nn.Conv1d, or ConvTranspose1d: data C, L, mapped over the batch; kernel O, C / groups, K."""
    prepared = prepare(explanation, JAX, wanted)
    prepared.ordered(JAX, "NCH", "OIH")
    # A transposed layer takes the kernel of the window that slides, which is what `prepare` makes.
    cut = explanation.reading.cut
    if cut is not None and min(cut) >= 0 and cut[2] < prepared.geometry.upsample:
        before, after, extra = cut
        geometry = prepared.geometry
        options = _steps(stride=(geometry.upsample, 1), output_padding=(extra, 0))
        options += [f"padding=(({before}, {after}),)"] if (before, after) != (0, 0) else []
        layer, dilation, taps = "ConvTranspose1d", geometry.dilation, geometry.taps
    else:
        prepared.spread(JAX)
        prepared.trimmed()
        geometry = prepared.geometry
        options = _steps(stride=(geometry.stride, 1))
        options += [f"padding=({geometry.padding},)"] if geometry.padding != (0, 0) else []
        layer, dilation, taps = "Conv1d", geometry.dilation, geometry.taps
    _, channels, features = prepared.sizes
    options += _steps(dilation=(dilation, 1), groups=(prepared.groups, 1))
    parts = [str(channels), str(features), str(taps), *options]
    parts += ["use_bias=False", "dtype=x.dtype", "key=jax.random.key(0)"]
    return [
        "import equinox as eqx",
        "import jax",
        *JAX.imports,
        *prepared.before,
        f"layer = eqx.nn.{layer}({', '.join(parts)})",
        "layer = eqx.tree_at(lambda layer: layer.weight, layer, w)",
        "y = jax.vmap(layer)(x)",
        *prepared.after,
    ]


def keras(explanation: Explanation, wanted: str) -> list[str]:
    """keras.ops.conv, which keras.layers.Conv1D calls: data N, L, C and kernel K, C / groups, O."""
    prepared = prepare(explanation, KERAS, wanted)
    prepared.ordered(KERAS, "NCH", "OIH")
    prepared.spread(KERAS)
    word = _keras_word(prepared, explanation)
    if word == "valid":
        prepared.padded(KERAS)
    prepared.ordered(KERAS, "NHC", "HIO")
    geometry = prepared.geometry
    steps = _steps(strides=(geometry.stride, 1), dilation_rate=(geometry.dilation, 1))
    parts = ["x", "w", *steps, f'padding="{word}"', 'data_format="channels_last"']
    core = f"y = ops.conv({', '.join(parts)})"
    return [*KERAS.imports, *_tidied(prepared.before), core, *_tidied(prepared.after)]


def _keras_word(prepared: Prepared, explanation: Explanation) -> str:
    """ "same" where the caller's padding is that, else "valid"."""
    function, geometry = explanation.call.function, prepared.geometry
    asked = explanation.call.setting("padding") if function in ("conv1d", "conv_general_dilated") else None
    same = isinstance(asked, str) and asked.upper() == "SAME" and geometry == explanation.geometry
    return "same" if same else "valid"


def _steps(**named: tuple[int, int]) -> list[str]:
    """Arguments that differ from their defaults."""
    return [f"{name}={value}" for name, (value, default) in named.items() if value != default]


def _tidied(lines: list[str]) -> list[str]:
    """Two transpositions of one array that undo each other are left out."""
    kept: list[str] = []
    for line in lines:
        undo = kept and "ops.transpose" in line and kept[-1] == line and "(0, 2, 1)" in line
        if undo:
            kept.pop()
        else:
            kept.append(line)
    return kept
