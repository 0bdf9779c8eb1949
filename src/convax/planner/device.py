"""Prices: what a device needs for each kind of operation, read from a data file that says how it was measured.

The user's own file of exactly this device comes first (`convax calibrate` writes it), then the one that ships.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import math
import pathlib
import platform as host
import warnings
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import jax
import jaxlib.version

from convax.algorithms import Algorithm
from convax.algorithms.target import compiling_for
from convax.core.spec import ConvSpec
from convax.core.threads import threads
from convax.core.work import Work
from convax.files import UNREADABLE
from convax.planner import residuals
from convax.planner.folders import calibration_file
from convax.planner.residuals import MACHINE, Residuals, family_of, place, unknown_factor
from convax.version import __version__

__all__ = ["DeviceModel", "device_name"]

UNKNOWN = 1e-9  # seconds: no loop that fuses is slower
_FILE_OF_PLATFORM = {"cpu": "cpu", "cuda": "gpu", "rocm": "gpu", "gpu": "gpu", "tpu": "gpu"}


@dataclasses.dataclass(frozen=True)
class DeviceModel:
    """Seconds per operation, per byte, per launch and per call.

    Args:
        name: The device in words.
        provenance: How, where and when the numbers were measured.
        launch: Seconds per launch.
        bytes: Seconds per byte that fits the cache.
        far_bytes: Seconds per byte beyond it.
        cache: Bytes of the cache.
        costs: Seconds per operation, by element type and kind.
        call: Seconds of a call of a program, whatever it does: on a GPU most of what small convolutions take.
        residuals: What these prices leave unexplained, by formulation, as `Residuals` has it.
        corrections: What this very machine does otherwise than prices and residuals say, by formulation, likewise.
        platform: What work is counted for ("cpu", "cuda", ...); no part of a file, which may serve several.
    """

    name: str
    provenance: Mapping[str, Any]
    launch: float
    bytes: float
    far_bytes: float
    cache: float
    costs: Mapping[str, Mapping[str, float]]
    call: float = 0.0
    residuals: Mapping[str, Sequence[Sequence[float]]] = dataclasses.field(default_factory=dict)
    corrections: Mapping[str, Sequence[Sequence[float]]] = dataclasses.field(default_factory=dict)
    platform: str = "cpu"

    def estimate(self, algorithm: Algorithm, spec: ConvSpec) -> float:
        """Seconds that an algorithm needs for a convolution: its price, corrected by what was measured near it."""
        return self.counted(algorithm, spec)[1]

    def counted(self, algorithm: Algorithm, spec: ConvSpec) -> tuple[Work, float]:
        """The work that an algorithm makes of a convolution on this device, and `estimate` of it."""
        with compiling_for(self.platform):
            work = algorithm.total_work(spec)
        return work, self.seconds(work, spec.accumulator.name) * self.factor(algorithm, spec)

    def factor(self, algorithm: Algorithm, spec: ConvSpec) -> float:
        """What the price is to be multiplied by, as far as something was measured near it."""
        family, factor = family_of(algorithm), 1.0
        if self.residuals:
            known = self._residuals.get(family)
            factor = unknown_factor() if known is None else known.factor(place(algorithm, spec))
        correction = self._corrections.get(family)
        return factor if correction is None else factor * correction.factor(place(algorithm, spec))

    @functools.cached_property
    def _residuals(self) -> dict[str, Residuals]:
        return {family: Residuals(rows) for family, rows in self.residuals.items()}

    @functools.cached_property
    def _corrections(self) -> dict[str, Residuals]:
        return {family: Residuals(rows, MACHINE) for family, rows in self.corrections.items()}

    def seconds(self, work: Work, dtype: str) -> float:
        """The price of `work` whose sums are kept in `dtype`.

        Types that the file does not list are priced as the nearest one that it does; kinds of operation that it
        does not list (a new algorithm's, before the device is calibrated again) as slow ones, so that they win
        only where nothing else comes near.
        """
        prices = self.costs[dtype if dtype in self.costs else _nearest_type(dtype)]
        operations = sum(count * prices.get(kind, UNKNOWN) for kind, count in work.operations.items())
        far = max(0.0, work.bytes - self.cache)
        moved = (work.bytes - far) * self.bytes + far * self.far_bytes
        return operations + moved + work.launches * self.launch + self.call

    @classmethod
    @functools.cache
    def of_platform(cls, platform: str) -> DeviceModel:
        """The user's own model of this device, else the one that ships for a platform ("cpu", "cuda", ...)."""
        device = device_name(platform)
        file = calibration_file(device)
        own = None if file is None else _read_own(file, device)
        return cls.shipped(platform) if own is None else cls.upon_shipped(own, platform)

    @classmethod
    def upon_shipped(cls, contents: Mapping[str, Any], platform: str) -> DeviceModel:
        """What a file holds; one of corrections rests on the residuals that ship for the platform."""
        model = cls(**dict(contents) | {"platform": platform})
        return dataclasses.replace(model, residuals=cls.shipped(platform).residuals) if model.corrections else model

    @classmethod
    @functools.cache  # a few megabytes to read
    def shipped(cls, platform: str) -> DeviceModel:
        """The model that ships for a platform; unknown ones are priced as a CPU."""
        name = _FILE_OF_PLATFORM.get(platform, "cpu")
        text = resources.files("convax.planner").joinpath("data", f"{name}.json").read_text("utf-8")
        return cls(**json.loads(text), platform=platform)


@functools.cache
def _read_own(file: pathlib.Path, device: str) -> dict[str, Any] | None:
    """What a file holds that `convax calibrate` wrote on this device; a damaged one is passed over with one warning."""
    try:
        contents = json.loads(file.read_text("utf-8"))
        _check(DeviceModel(**contents), device)
        return dict(contents)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UNREADABLE as error:
        warnings.warn(
            f"the prices in {file} cannot be read and are passed over ({type(error).__name__}: {error}); convax "
            "calibrate measures them again",
            UserWarning,
            stacklevel=4,
        )
        return None


def _check(model: DeviceModel, device: str) -> None:
    if model.provenance["device"] != device:
        raise ValueError(f"they are of another device: {model.provenance['device']}")
    missing = {"float32", "complex64", "int32"} - model.costs.keys()  # what `_nearest_type` leads to
    if missing:
        raise ValueError(f"prices of {', '.join(sorted(missing))} are missing")
    prices = [model.launch, model.bytes, model.far_bytes, model.cache]
    for costs in model.costs.values():
        prices += costs.values()
    if not all(isinstance(price, (int, float)) and math.isfinite(price) and price > 0 for price in prices):
        raise ValueError("a price is not a positive number")
    residuals.check(model.residuals)
    residuals.check(model.corrections)


@functools.cache
def device_name(platform: str) -> str:
    """The device and the versions that a measurement holds for, in words: kind, threads, jaxlib, convax.

    A platform that this process has no device of (a program lowered for elsewhere) is named by itself.
    """
    try:
        kind = jax.devices(platform)[0].device_kind
    except RuntimeError:
        return platform
    if platform == "cpu":
        kind = f"{_processor()} with {threads()} threads"
    return f"{kind}, jaxlib {jaxlib.version.__version__}, convax {__version__}"


def _processor() -> str:
    with contextlib.suppress(OSError, StopIteration):
        lines = pathlib.Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return host.processor() or host.machine()


def _nearest_type(dtype: str) -> str:
    if dtype.startswith("complex"):
        return "complex64"
    return "int32" if dtype.startswith(("int", "uint")) else "float32"
