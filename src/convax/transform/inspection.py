"""The table of a function's convolutions: shapes, costs, choices, totals and warnings, as values."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr

from convax.algorithms import Direct
from convax.core import ConvSpec
from convax.core.work import Work
from convax.errors import AlgorithmError
from convax.planner import DeviceModel, Plan, make_plan
from convax.transform.census import Census, Found
from convax.transform.mistakes import Mistake, mistakes_in

__all__ = ["Convolution", "Inspection", "inspection_of"]

_AXES = {"N": "batch", "C": "channels", "H": "length", "O": "features", "I": "channels", "K": "taps"}


@dataclasses.dataclass(frozen=True)
class Convolution:
    """One convolution of a function; counts are of one run of it.

    Args:
        spec: What is computed.
        source: The caller's line; may be empty.
        scope: Named scopes and transformations around it; may be empty.
        backward: Whether it belongs to a gradient.
        repeats: How often it runs; None where a loop's length is not known.
        branch: Whether it stands in one of several branches.
        planned: Whether convax computes it; where not, `algorithm` is what convax would take.
        algorithm: How, in words.
        seconds: Estimate for convax.
        lax_seconds: Estimate for lax.
        shared: Whether its kernel was another convolution's before.
        receptive_field: Samples of the input that one of its outputs depends on; None where it is not known.
    """

    spec: ConvSpec
    source: str
    scope: str
    backward: bool
    repeats: int | None
    branch: bool
    planned: bool
    algorithm: str
    seconds: float
    lax_seconds: float
    shared: bool
    receptive_field: int | None

    @property
    def runs(self) -> int:
        """How often it is counted: once where that is not known."""
        return 1 if self.repeats is None else self.repeats

    @property
    def flops(self) -> int:
        """Operations of the definition: a product and a sum count as two, of complex numbers as eight."""
        return self.spec.multiply_adds * (8 if self.spec.dtype.kind == "complex" else 2)

    @property
    def bytes(self) -> int:
        """Bytes of data, kernel and result, each moved once."""
        return self.spec.bytes

    @property
    def parameters(self) -> int:
        """Elements of the kernel; 0 where they were counted before, or are no parameters."""
        return 0 if self.shared or self.backward else self.spec.sizes[1]

    def as_dict(self) -> dict[str, Any]:
        """Names, numbers and words."""
        spec, geometry = self.spec, self.spec.geometry
        return {
            "source": self.source,
            "scope": self.scope,
            "backward": self.backward,
            "repeats": self.repeats,
            "branch": self.branch,
            "dtype": str(spec.dtype),
            "data": named(spec.layout.data, spec.data_shape),
            "kernel": named(spec.layout.kernel.replace("H", "K"), spec.kernel_shape),
            "output": named(spec.layout.out, spec.output_shape),
            "stride": geometry.stride,
            "padding": list(geometry.padding),
            "dilation": geometry.dilation,
            "upsample": geometry.upsample,
            "groups": spec.feature_groups,
            "batch_groups": spec.batch_groups,
            "reach": geometry.reach,
            "receptive_field": self.receptive_field,
            "parameters": self.parameters,
            "flops": self.flops,
            "bytes": self.bytes,
            "planned": self.planned,
            "algorithm": self.algorithm,
            "seconds": self.seconds,
            "lax_seconds": self.lax_seconds,
        }


def named(word: str, shape: tuple[int, ...]) -> dict[str, int]:
    """Sizes by the names of their axes, in the order of memory."""
    return {_AXES[letter]: size for letter, size in zip(word, shape, strict=True)}


@dataclasses.dataclass(frozen=True)
class Inspection:
    """All one-dimensional convolutions of a function; prints itself as a table, in notebooks as HTML.

    Args:
        platform: Where the estimates are for.
        convolutions: In order.
        others: Number of convolutions with more dimensions, or with sizes that are not known.
        warnings: What is probably a mistake.
    """

    platform: str
    convolutions: tuple[Convolution, ...]
    others: int
    warnings: tuple[Mistake, ...]

    @property
    def flops(self) -> int:
        """Operations of all runs."""
        return sum(each.runs * each.flops for each in self.convolutions)

    @property
    def bytes(self) -> int:
        """Bytes that all runs move at least."""
        return sum(each.runs * each.bytes for each in self.convolutions)

    @property
    def parameters(self) -> int:
        """Elements of all kernels, each counted once."""
        return sum(each.parameters for each in self.convolutions)

    @property
    def seconds(self) -> float:
        """Estimate for convax, of all runs."""
        return math.fsum(each.runs * each.seconds for each in self.convolutions)

    @property
    def lax_seconds(self) -> float:
        """Estimate for lax, of all runs."""
        return math.fsum(each.runs * each.lax_seconds for each in self.convolutions)

    @property
    def receptive_field(self) -> int | None:
        """Samples of the input that an output depends on, where the convolutions form a chain; else None."""
        fields = [each.receptive_field for each in self.convolutions if not each.backward]
        known = [field for field in fields if field is not None]
        return max(known) if known and len(known) == len(fields) else None

    def as_dict(self) -> dict[str, Any]:
        """Names, numbers and words, for a program."""
        return {
            "platform": self.platform,
            "convolutions": [each.as_dict() for each in self.convolutions],
            "others": self.others,
            "total": {
                "parameters": self.parameters,
                "flops": self.flops,
                "bytes": self.bytes,
                "seconds": self.seconds,
                "lax_seconds": self.lax_seconds,
                "receptive_field": self.receptive_field,
            },
            "warnings": [{"kind": w.kind, "convolution": w.number, "text": w.text} for w in self.warnings],
        }

    def to_json(self) -> str:
        """`as_dict` as JSON."""
        return json.dumps(self.as_dict(), indent=1)

    def __str__(self) -> str:
        from convax.transform.table import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from convax.transform.page import as_html

        return as_html(self)


def inspection_of(function: ClosedJaxpr, platform: str | None = None) -> Inspection:
    """The convolutions of a traced function."""
    platform = platform or jax.default_backend()
    census = Census(function)
    seen: set[int] = set()
    rows = []
    for found in census.found:
        rows.append(_row(found, platform, found.kernel in seen or found.kernel_is_data))
        seen.add(found.kernel)
    narrow = any(_is_narrow(variable.aval) for variable in function.jaxpr.invars)
    return Inspection(platform, tuple(rows), census.others, tuple(mistakes_in(census, narrow)))


def _row(found: Found, platform: str, shared: bool) -> Convolution:
    algorithm, seconds = "direct", 0.0
    if not found.spec.is_empty:
        plan = _plan(found, platform)
        algorithm, seconds = str(plan.algorithm), plan.seconds
    return Convolution(
        found.spec,
        found.source,
        found.scope,
        found.backward,
        found.repeats,
        found.branch,
        found.planned,
        algorithm,
        seconds,
        0.0 if found.spec.is_empty else _lax_seconds(found, platform),
        shared,
        None if found.flow.field is None else found.flow.field.reach,
    )


def _plan(found: Found, platform: str) -> Plan:
    try:
        return make_plan(found.spec, platform, found.algorithm)
    except AlgorithmError:  # asked for where it cannot serve: the call itself will say so
        return make_plan(found.spec, platform)


def _lax_seconds(found: Found, platform: str) -> float:
    """lax's own convolution, as it was called: in a loop XLA's CPU has only a plain loop nest for channels first."""
    spec, model = found.spec, DeviceModel.of_platform(platform)
    if platform == "cpu" and found.looped and not spec.layout.channels_last:
        naive = Work({"conv_naive": spec.multiply_adds * spec.groups}, spec.bytes, 1)
        return model.seconds(naive, "float64")  # whose every convolution is such a nest
    return model.estimate(Direct("NHC" if platform == "cpu" else "NCH"), spec)


def _is_narrow(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    if dtype is None or getattr(value, "weak_type", False):
        return False
    name = str(dtype)
    return name.startswith(("float", "bfloat", "complex")) and name not in ("float64", "complex128")
