"""One remembered choice, and what it holds for, as the plain data that files keep."""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing
from collections.abc import Mapping
from typing import Any, Literal

from convax.algorithms import Algorithm, from_plain, to_plain
from convax.core.dtypes import DType
from convax.core.geometry import Geometry
from convax.core.layout import Layout
from convax.core.spec import ConvSpec

__all__ = ["Remembered", "asked_in", "key_of"]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


@dataclasses.dataclass(frozen=True)
class Remembered:
    """One measured choice.

    Args:
        algorithm: The fastest.
        seconds: What each measured algorithm took, by its printed name; empty for a choice that was pinned.
        date: Moment of the measurement, in ISO form and UTC.
    """

    algorithm: Algorithm
    seconds: Mapping[str, float]
    date: str = dataclasses.field(default_factory=_now)

    def to_plain(self) -> dict[str, Any]:
        """As data for a file."""
        return {"algorithm": to_plain(self.algorithm), "seconds": dict(self.seconds), "date": self.date}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Remembered:
        """From a file's data; raises one of `UNREADABLE` where it is not such data."""
        seconds = {str(name): float(value) for name, value in plain["seconds"].items()}
        datetime.datetime.fromisoformat(plain["date"])
        algorithm = from_plain(plain["algorithm"])
        _check_settings(algorithm)
        return cls(algorithm, seconds, plain["date"])


def _check_settings(algorithm: Algorithm) -> None:
    """Refuse settings that no version ever wrote: a plan must not fail over a file that was edited by hand."""
    types = typing.get_type_hints(type(algorithm))
    for field in dataclasses.fields(algorithm):
        value, kind = getattr(algorithm, field.name), types[field.name]
        if typing.get_origin(kind) is Literal:
            good = value in typing.get_args(kind)
        else:
            good = isinstance(value, kind) and (kind is not int or value > 0)
        if not good:
            raise ValueError(f"{field.name}={value!r} is no setting of {algorithm.name}")
        if isinstance(value, Algorithm):
            _check_settings(value)


def key_of(spec: ConvSpec, device: str) -> str:
    """What a measurement holds for: the convolution with all that it depends on, and the device in words."""
    plain = dataclasses.asdict(spec)
    plain["precision"] = None if spec.precision is None else str(spec.precision)
    return json.dumps({"device": device, "spec": plain}, sort_keys=True)


def asked_in(key: str) -> tuple[ConvSpec, str]:
    """The convolution (its precision in words) and the device that a key was made of.

    Example:
        >>> print(*asked_in(key_of(ConvSpec(Geometry(100, 3)), "some device")), sep=" on ")
        float32 N1 C1 O1: length 100, taps 3 -> 98 on some device
    """
    plain = json.loads(key)
    fields = dict(plain["spec"])
    padding = tuple(fields["geometry"].pop("padding"))
    fields["geometry"] = Geometry(**fields["geometry"], padding=padding)
    fields["layout"], fields["dtype"] = Layout(**fields["layout"]), DType(**fields["dtype"])
    fields["out_dtype"] = fields["out_dtype"] and DType(**fields["out_dtype"])
    return ConvSpec(**fields), str(plain["device"])
