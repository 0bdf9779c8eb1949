"""Random valid calls of all public functions, as values: what is explained, and what is run."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import convax
from convax.core import Layout, resolve_padding

__all__ = ["RandomCall", "random_call"]

DTYPES = ("float32", "float32", "float64", "complex64", "int32")
LAYOUTS = ("NCH", "NHC", "NCH,HIO", "NHC,OIH", "NHC,HIO->NCH")


@dataclasses.dataclass(frozen=True)
class RandomCall:
    """A call with its arrays."""

    function: str
    arrays: tuple[np.ndarray, ...]
    settings: dict[str, Any]

    def run(self) -> np.ndarray:
        """What convax answers."""
        return np.asarray(getattr(convax, self.function)(*self.arrays, **self.settings))

    def explain(self, **more: Any) -> convax.Explanation:
        """The explanation."""
        return convax.explain(getattr(convax, self.function), *self.arrays, **self.settings, **more)

    def __str__(self) -> str:
        return f"{self.function}{tuple(a.shape for a in self.arrays)} {self.arrays[0].dtype} {self.settings}"


def random_call(seed: int) -> RandomCall:
    """A valid call; the functions take turns, everything else is drawn."""
    draw = np.random.default_rng(seed)
    makers = (_layer, _basic, _numpy_names, _transposed, _lax, _layer, _signal)
    return makers[seed % len(makers)](draw)


def _array(draw: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype.startswith("int"):
        return draw.integers(-9, 10, shape).astype(dtype)
    values = draw.normal(size=shape)
    if dtype.startswith("complex"):
        values = values + 1j * draw.normal(size=shape)
    return values.astype(dtype)


def _pick(draw: np.random.Generator, values: Any) -> Any:
    return values[int(draw.integers(len(values)))]


def _basic(draw: np.random.Generator) -> RandomCall:
    taps = int(draw.integers(1, 7))
    length, dtype = taps + int(draw.integers(0, 20)), _pick(draw, DTYPES)
    return RandomCall("conv1d_basic", (_array(draw, (length,), dtype), _array(draw, (taps,), dtype)), {})


def _padding(draw: np.random.Generator, length: int, reach: int) -> Any:
    """A word or numbers that leave at least one output."""
    words = ["SAME", "SAME_LOWER", "CAUSAL", "FULL", *(["VALID"] if length >= reach else [])]
    least = max(0, reach - length)
    before, after = int(draw.integers(-2, 5)), int(draw.integers(-2, 5))
    while before + length + after < reach or length + min(before, 0) + min(after, 0) < 1:
        before, after = max(before, 0) + least, max(after, 0)
    return _pick(draw, [*words, (before, after), max(0, before, least)])


def _steps(draw: np.random.Generator) -> tuple[int, int, int, int]:
    taps, stride, dilation = int(draw.integers(1, 6)), int(draw.integers(1, 4)), _pick(draw, (1, 1, 2, 3))
    return int(draw.integers(1, 25)), taps, stride, dilation


def _signal(draw: np.random.Generator) -> RandomCall:
    """conv1d of one signal and one kernel."""
    length, taps, stride, dilation = _steps(draw)
    reach, dtype = (taps - 1) * dilation + 1, _pick(draw, DTYPES)
    settings = {"stride": stride, "dilation": dilation, "padding": _padding(draw, length, reach)}
    _add_mode(draw, settings, length, reach)
    return RandomCall("conv1d", (_array(draw, (length,), dtype), _array(draw, (taps,), dtype)), settings)


def _add_mode(draw: np.random.Generator, settings: dict[str, Any], length: int, reach: int) -> None:
    mode = _pick(draw, ("zeros", "zeros", "reflect", "edge", "circular"))
    before, after = resolve_padding(settings["padding"], length, reach, settings["stride"])
    if mode != "reflect" or max(before, after) < length:
        settings["padding_mode"] = mode


def _channels(draw: np.random.Generator) -> tuple[int, int, int]:
    groups = _pick(draw, (1, 1, 2, 3))
    return groups, groups * int(draw.integers(1, 4)), groups * int(draw.integers(1, 4))


def _arranged(word: str, **sizes: int) -> tuple[int, ...]:
    return tuple(sizes[letter] for letter in word)


def _layer(draw: np.random.Generator) -> RandomCall:
    length, taps, stride, dilation = _steps(draw)
    groups, channels, features = _channels(draw)
    layout, dtype = _pick(draw, LAYOUTS), _pick(draw, DTYPES)
    parsed = Layout.parse(layout)
    lead = _pick(draw, ((2,), (3,), (1,), (2, 3), ()))
    x = (*lead, *_arranged(parsed.data[1:], C=channels, H=length))
    w = _arranged(parsed.kernel, O=features, I=channels // groups, H=taps)
    reach = (taps - 1) * dilation + 1
    settings = {"stride": stride, "dilation": dilation, "groups": groups, "layout": layout}
    settings["padding"] = _padding(draw, length, reach)
    _add_mode(draw, settings, length, reach)
    arrays = [_array(draw, x, dtype), _array(draw, w, dtype)]
    if draw.random() < 0.4:
        arrays.append(_array(draw, (features,), dtype))
    return RandomCall("conv1d", tuple(arrays), settings)


def _transposed(draw: np.random.Generator) -> RandomCall:
    length, taps, stride, dilation = _steps(draw)
    groups, channels, features = _channels(draw)
    dtype, reach = _pick(draw, DTYPES), (taps - 1) * dilation + 1
    whole = (length - 1) * stride + reach
    before = int(draw.integers(-2, 4))
    after = _pick(draw, (before, int(draw.integers(-2, 4))))
    padding: Any = (before, after) if whole - before - after >= 1 else 0
    settings: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": groups}
    settings["padding"] = _pick(draw, (padding, padding, "SAME", "VALID", 0))
    if not isinstance(settings["padding"], str):
        settings["output_padding"] = int(draw.integers(0, max(stride, dilation)))
    if draw.random() < 0.25:
        settings.pop("groups")
        return RandomCall("conv_transpose1d", (_array(draw, (length,), dtype), _array(draw, (taps,), dtype)), settings)
    layout = _pick(draw, ("NCH", "NHC", "NHC,IHO->NCH"))
    kernel = {"NCH": "IOH", "NHC": "HIO", "NHC,IHO->NCH": "IHO"}[layout]
    settings["layout"] = layout
    x = (*_pick(draw, ((2,), (2, 2), ())), *_arranged(layout[1:3], C=channels, H=length))
    w = _arranged(kernel, I=channels, O=features // groups, H=taps)
    return RandomCall("conv_transpose1d", (_array(draw, x, dtype), _array(draw, w, dtype)), settings)


def _lax(draw: np.random.Generator) -> RandomCall:
    length, taps, stride, dilation = _steps(draw)
    groups, channels, features = _channels(draw)
    upsample, batch = _pick(draw, (1, 1, 2, 3)), int(draw.integers(1, 4))
    dtype, reach = _pick(draw, DTYPES), (taps - 1) * dilation + 1
    spread = (length - 1) * upsample + 1
    padding = _padding(draw, spread, reach)
    if isinstance(padding, int) or (isinstance(padding, str) and upsample > 1):
        padding = (reach, reach)
    settings: dict[str, Any] = {
        "window_strides": (stride,),
        "padding": padding if isinstance(padding, str) else [padding],
        "lhs_dilation": (upsample,),
        "rhs_dilation": (dilation,),
        "feature_group_count": groups,
    }
    numbers = _pick(draw, (("NCH", "OIH", "NCH"), ("NWC", "WIO", "NWC"), ("CNH", "IOH", "NHC")))
    if numbers[0] != "NCH":
        settings["dimension_numbers"] = numbers
    if groups == 1 and draw.random() < 0.15:
        settings["batch_group_count"] = 2
        batch, features = 2 * batch, 2 * features
    data, kernel = (word.replace("W", "H") for word in numbers[:2])
    x = _arranged(data, N=batch, C=channels, H=length)
    w = _arranged(kernel, O=features, I=channels // groups, H=taps)
    if dtype == "float32" and draw.random() < 0.3:
        settings["preferred_element_type"] = "float64"
    return RandomCall("conv_general_dilated", (_array(draw, x, dtype), _array(draw, w, dtype)), settings)


def _numpy_names(draw: np.random.Generator) -> RandomCall:
    m, n = int(draw.integers(1, 12)), int(draw.integers(1, 12))
    dtype, mode = _pick(draw, DTYPES), _pick(draw, ("full", "same", "valid"))
    a, v, axis = _pick(
        draw,
        (
            ((m,), (n,), -1),
            ((m,), (n,), -1),
            ((3, m), (n,), -1),
            ((m, 3), (n,), 0),
            ((2, m), (2, n), -1),
            ((m, 1, 2), (n, 3, 1), 0),
            ((2, 1, m), (3, n), -1),
        ),
    )
    arrays = (_array(draw, a, dtype), _array(draw, v, dtype))
    return RandomCall(_pick(draw, ("convolve", "correlate")), arrays, {"mode": mode, "axis": axis})
