"""convax: 1-D convolution in JAX: easy to call, planned for speed, explained when it fails.

The public names are loaded on first use, so that the command line answers `--help` without importing JAX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from convax.version import __version__ as __version__

if TYPE_CHECKING:
    from convax import algorithms as algorithms
    from convax import errors as errors
    from convax import practice as practice
    from convax.core import ConvSpec as ConvSpec
    from convax.core import Geometry as Geometry
    from convax.explaining import Diagnosis as Diagnosis
    from convax.explaining import Explanation as Explanation
    from convax.explaining import explain as explain
    from convax.explaining import why as why
    from convax.ops import conv1d as conv1d
    from convax.ops import conv1d_basic as conv1d_basic
    from convax.ops import conv_general_dilated as conv_general_dilated
    from convax.ops import conv_transpose1d as conv_transpose1d
    from convax.ops import convolve as convolve
    from convax.ops import correlate as correlate
    from convax.ops import plan as plan
    from convax.planner import Plan as Plan
    from convax.planner import Wisdom as Wisdom
    from convax.planner import use_wisdom as use_wisdom
    from convax.transform import Inspection as Inspection
    from convax.transform import accelerate as accelerate
    from convax.transform import inspect as inspect
    from convax.tuning import tune as tune

_MODULE_OF = {
    "ConvSpec": "convax.core",
    "Diagnosis": "convax.explaining",
    "Explanation": "convax.explaining",
    "Geometry": "convax.core",
    "Inspection": "convax.transform",
    "Plan": "convax.planner",
    "Wisdom": "convax.planner",
    "accelerate": "convax.transform",
    "conv1d": "convax.ops",
    "conv1d_basic": "convax.ops",
    "conv_general_dilated": "convax.ops",
    "conv_transpose1d": "convax.ops",
    "convolve": "convax.ops",
    "correlate": "convax.ops",
    "explain": "convax.explaining",
    "inspect": "convax.transform",
    "plan": "convax.ops",
    "tune": "convax.tuning",
    "use_wisdom": "convax.planner",
    "why": "convax.explaining",
}
_MODULES = ("algorithms", "errors", "practice")

__all__ = [*_MODULE_OF, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"convax.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'convax' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
