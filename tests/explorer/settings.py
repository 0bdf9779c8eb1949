"""Random settings of the explorer page, and what convax says to each."""

from __future__ import annotations

import functools
import random
from typing import Any

import jax
import numpy as np

import convax
from convax.core import ConvSpec, Geometry
from convax.errors import ConvaxError

__all__ = ["Setting", "answer", "random_settings", "refusal", "typical"]

# Fields of the page's setting; what is left out is as in the worked example.
Setting = dict[str, Any]
WORDS = ("VALID", "SAME", "SAME_LOWER", "CAUSAL", "FULL")


def random_settings(number: int, seed: int) -> list[Setting]:
    """Settings over all that the controls allow, those that cannot work included."""
    draw = random.Random(seed)
    return [_random_setting(draw) for _ in range(number)]


def _random_setting(draw: random.Random) -> Setting:
    single = draw.random() < 0.4
    groups = draw.choice([1, 1, 2, 3])
    channels, features = (1, 1) if single else (groups * draw.randint(1, 2), groups * draw.randint(1, 2))
    setting: Setting = {
        "length": draw.randint(1, 14),
        "taps": draw.randint(1, 6),
        "stride": draw.choice([1, 1, 2, 3, 4]),
        "dilation": draw.choice([1, 1, 2, 3]),
        "channels": channels,
        "features": features,
        "groups": 1 if single else groups,
        "transposed": draw.random() < 0.35,
        "flipped": draw.random() < 0.3,
    }
    if draw.random() < 0.5:
        setting |= {"padding": "numbers", "before": draw.randint(-2, 5), "after": draw.randint(-2, 5)}
    else:
        setting["padding"] = draw.choice(WORDS)
    if setting["transposed"] and draw.random() < 0.5:
        setting["outputPadding"] = draw.randint(0, 3)
    if draw.random() < 0.06:
        setting |= draw.choice([{"stride": 0}, {"dilation": -2}, {"groups": 4}, {"stride": -1}, {"groups": 0}])
    setting["x"] = [[draw.randint(-12, 12) / 4 for _ in range(setting["length"])] for _ in range(channels)]
    inputs = channels // setting["groups"] if setting["groups"] > 0 and channels % setting["groups"] == 0 else 1
    setting["w"] = [
        [[draw.randint(-8, 8) / 4 for _ in range(setting["taps"])] for _ in range(inputs)] for _ in range(features)
    ]
    return setting


def typical(number: int, seed: int) -> list[Setting]:
    """Random settings that work."""
    found = [setting for setting in random_settings(4 * number, seed) if not isinstance(_asked(setting), ConvaxError)]
    assert len(found) >= number
    return found[:number]


def answer(setting: Setting, x: Any, w: Any) -> np.ndarray | ConvaxError:
    """What convax makes of the page's operands (C, L) and kernel: outputs (O, L), or the error."""
    asked = _asked(setting)
    if isinstance(asked, ConvaxError):
        return asked
    data, kernel = np.asarray([x], float), np.asarray(w, float)[..., :: -1 if setting.get("flipped") else 1]
    steps = {name: setting.get(name, 1) for name in ("stride", "dilation", "groups")}
    if setting.get("transposed"):
        extra = setting.get("outputPadding", 0)
        y = convax.conv_transpose1d(data, kernel, padding=_padding(setting), output_padding=extra, **steps)
    else:
        y = convax.conv1d(data, kernel, padding=_padding(setting), **steps)
    return np.asarray(y)[0]


def refusal(error: ConvaxError) -> dict[str, str]:
    """An error in the form in which the page tells it."""
    return {
        "kind": type(error).__name__,
        "what": error.what,
        "arithmetic": error.arithmetic,
        "repair": error.repair,
    }


def _padding(setting: Setting) -> Any:
    word = setting.get("padding", "VALID")
    return (setting.get("before", 0), setting.get("after", 0)) if word == "numbers" else word


def _asked(setting: Setting) -> ConvaxError | None:
    """The error that convax raises for a setting, found by shapes alone; None where it works."""
    channels, features = setting.get("channels", 1), setting.get("features", 1)
    groups, taps, length = setting.get("groups", 1), setting.get("taps", 3), setting.get("length", 5)
    steps = {"stride": setting.get("stride", 1), "dilation": setting.get("dilation", 1)}
    try:
        if groups >= 1 and min(steps.values()) >= 1:
            # No kernel has a part of a channel; the page asks the specification.
            ConvSpec(Geometry(8, 1), channels=channels, features=features, feature_groups=groups)
        inner = max(1, groups)
        if not setting.get("transposed"):
            shape: tuple[int, ...] = (features, channels // inner, taps)
            call = functools.partial(convax.conv1d, padding=_padding(setting), groups=groups, **steps)
        else:
            shape = (channels, features // inner, taps)
            extra = setting.get("outputPadding", 0)
            call = functools.partial(
                convax.conv_transpose1d, padding=_padding(setting), groups=groups, output_padding=extra, **steps
            )
        jax.eval_shape(call, np.ones((1, channels, length)), np.ones(shape))
    except ConvaxError as error:
        return error
    return None
