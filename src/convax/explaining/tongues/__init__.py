"""The same call in other tongues: a table of them, and what each has no words for."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from convax.core import Geometry
from convax.explaining.tongues.lax import lax
from convax.explaining.tongues.layers import equinox, flax, keras
from convax.explaining.tongues.prepared import wanted_dtype
from convax.explaining.tongues.signals import jax_numpy, numpy, scipy
from convax.explaining.tongues.torch import torch

if TYPE_CHECKING:
    from convax.explaining.explanation import Explanation

__all__ = ["TONGUES", "Said", "said_in"]

Tongue = Callable[["Explanation", str], list[str]]

TONGUES: Mapping[str, Tongue] = MappingProxyType(
    {
        "lax": lax,
        "jax.numpy": jax_numpy,
        "numpy": numpy,
        "scipy": scipy,
        "torch": torch,
        "flax": flax,
        "equinox": equinox,
        "keras": keras,
    }
)


@dataclasses.dataclass(frozen=True)
class Said:
    """Code, or the reason why there is none: one sentence without a full stop."""

    code: str | None = None
    reason: str | None = None


def said_in(name: str, explanation: Explanation) -> Said:
    """The call in one tongue.

    Example:
        >>> from convax.explaining import explain
        >>> print(said_in("numpy", explain([1, 2, 3], [1, 1])).code)
        import numpy as np
        <BLANKLINE>
        x, w = np.asarray(x), np.asarray(w)
        y = np.convolve(x, w[::-1], "valid")
        <BLANKLINE>
    """
    reason = _reason(name, explanation)
    if reason is not None:
        return Said(reason=reason)
    lines = TONGUES[name](explanation, wanted_dtype(explanation))
    if not lines:
        return Said(reason="SciPy filters signals and sums over no channels; the code for numpy does")
    head = [line for line in lines if line.startswith(("import ", "from "))]
    body = [line for line in lines if line not in head]
    return Said(code="\n".join([*head, "", *body, ""]))


def _reason(name: str, explanation: Explanation) -> str | None:
    spec, reading = explanation.spec, explanation.reading
    if explanation.problem is not None:
        return "the call fails; explain the repaired one"
    if spec is None or reading.geometry is None:
        return "only one-dimensional convolutions are translated"
    if spec.is_empty or 0 in (explanation.shape or ()) or math.prod(explanation.call.operands[0].shape) == 0:
        return "there is nothing to compute"
    if spec.batch_groups > 1 and name != "lax":
        return f"batch groups ({spec.batch_groups}) exist in lax alone"
    named = "signal" if explanation.call.function in ("convolve", "correlate") else "layer"
    refused = _refused_type(name, wanted_dtype(explanation), spec.dtype.kind, named)
    return refused or _refused_mode(name, reading.mode, reading.geometry)


def _refused_type(name: str, dtype: str, kind: str, named: str) -> str | None:
    if kind == "other" and name != "lax":
        return f"{dtype} is a type of JAX's alone"
    if kind == "bool" and not (name == "numpy" and named == "signal"):
        return "booleans are no numbers there; convert to integers first"
    if name in ("flax", "equinox") and kind not in ("float", "complex"):
        return f"its layers hold kernels of floating-point numbers, not {dtype}"
    if name in ("numpy", "scipy") and dtype == "bfloat16":
        return "NumPy has no bfloat16 of its own; convert to float32 first"
    if name == "torch" and kind == "unsigned" and dtype != "uint8":
        return f"PyTorch has hardly any function for {dtype}; convert to int64 first"
    return None


def _refused_mode(name: str, mode: str | None, geometry: Geometry) -> str | None:
    if name == "keras" and mode in ("edge", "wrap"):
        return f"keras.ops.pad has no such padding mode ({mode!r} in NumPy's words); pad with numpy.pad first"
    if name == "torch" and mode == "wrap" and max(geometry.padding) > geometry.length:
        return f"PyTorch wraps around at most once, {geometry.length} samples; pad with numpy.pad first"
    return None
