"""Measurements kept in a folder of a test, instead of nowhere; and other processes that use the same folder."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from convax.algorithms import Fft
from convax.core import ConvSpec, Geometry, Layout
from convax.planner import DeviceModel, Remembered, Wisdom, device, device_name, plan, wisdom
from specs import with_dtype

SOURCES = Path(wisdom.__file__).parents[2]
HERE = device_name("cpu")
SIGNAL = ConvSpec(Geometry(400, 9))
# Each differs from it in one respect.
OTHERS = {
    "length": dataclasses.replace(SIGNAL, geometry=dataclasses.replace(SIGNAL.geometry, length=401)),
    "padding": dataclasses.replace(SIGNAL, geometry=dataclasses.replace(SIGNAL.geometry, padding=(1, 0))),
    "batch": dataclasses.replace(SIGNAL, batch=2),
    "layout": dataclasses.replace(SIGNAL, layout=Layout.parse("NHC")),
    "dtype": with_dtype(SIGNAL, "bfloat16"),
    "result": with_dtype(SIGNAL, "float32", "float64"),
    "precision": dataclasses.replace(SIGNAL, precision=jax.lax.Precision.HIGHEST),
}


def remembering(folder: Path | None, spec: ConvSpec = SIGNAL, **changes: Any) -> Wisdom:
    """A store that knows one choice, which no estimate would make."""
    store = Wisdom(folder)
    choice = Remembered(Fft(), {"fft": 1e-3}, "2026-05-02T10:00:00.000+00:00")
    store.remember(spec, HERE, dataclasses.replace(choice, **changes))
    return store


def odd_prices(*specs: ConvSpec, **changes: Any) -> dict[str, Any]:
    """Prices, as this device's own, by which what would be chosen for `specs` is dear: another way is chosen."""
    model = DeviceModel.shipped("cpu")
    plain = dataclasses.asdict(model) | {"name": "odd", "provenance": {"device": HERE}}
    with kept_in("off"):
        for spec in specs:
            costs = plain["costs"][spec.accumulator.name]
            work = plan.estimates(spec, "cpu")[0].work
            assert work is not None
            costs |= {kind: costs.get(kind, 1e-9) * 1e6 for kind in work.operations}
    return plain | changes


@contextlib.contextmanager
def kept_in(folder: Path | str) -> Iterator[None]:
    """Wisdom and prices of this process are those of `folder` ("off": none), read afresh."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVAX_WISDOM", str(folder))
        patch.setattr(wisdom, "_default", None)
        _read_afresh()
        try:
            yield
        finally:
            _read_afresh()


def _read_afresh() -> None:
    DeviceModel.of_platform.cache_clear()
    device._read_own.cache_clear()
    plan.estimates.cache_clear()
    plan._with_request.cache_clear()


@contextlib.contextmanager
def warned() -> Iterator[list[str]]:
    """The texts of the warnings that the block gives, each as often as it is given."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield texts
    texts += [str(warning.message) for warning in heard]


def started(code: str, folder: Path) -> subprocess.Popen[str]:
    """Another Python that runs `code` with its measurements in `folder`; its warnings are errors."""
    paths = [str(SOURCES), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "CONVAX_WISDOM": str(folder),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONWARNINGS": "error::UserWarning",
    }
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True, env=environment)


def output_of(process: subprocess.Popen[str]) -> str:
    """What a process printed, once it has ended well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out
