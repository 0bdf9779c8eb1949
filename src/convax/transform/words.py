"""An inspection in words: what the columns say, in terminals and on pages alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convax.transform.inspection import Convolution, Inspection

__all__ = ["COLUMNS", "RIGHT", "heading", "rows_of", "totals", "warnings_of"]

# Each column, and whether it is set flush right.
_LAID_OUT = {
    "#": True,
    "where": False,
    "data": False,
    "kernel": False,
    "output": False,
    "steps": False,
    "field": True,
    "params": True,
    "MFLOP": True,
    "MB": True,
    "share": True,
    "lax": True,
    "convax": True,
    "by": False,
}
COLUMNS, RIGHT = tuple(_LAID_OUT), tuple(_LAID_OUT.values())


def heading(inspection: Inspection) -> str:
    """One line that says what follows."""
    count = len(inspection.convolutions)
    others = f"; {inspection.others} with more dimensions or unknown sizes are not shown" if inspection.others else ""
    if not count:
        return f"no one-dimensional convolution{others}"
    plural = "" if count == 1 else "s"
    return f"{count} one-dimensional convolution{plural}, times estimated for {inspection.platform}{others}"


def rows_of(inspection: Inspection) -> list[tuple[str, ...]]:
    """A row for each convolution, in the order of `COLUMNS`."""
    whole = inspection.seconds or 1.0
    return [_row(number, each, whole) for number, each in enumerate(inspection.convolutions, 1)]


def _row(number: int, each: Convolution, whole: float) -> tuple[str, ...]:
    spec = each.spec
    return (
        str(number),
        _where(each),
        f"{_sizes(spec.layout.data, spec.data_shape)} {spec.dtype}",
        _sizes(spec.layout.kernel.replace("H", "K"), spec.kernel_shape),
        _sizes(spec.layout.out.replace("C", "O"), spec.output_shape),
        _steps(each),
        "?" if each.receptive_field is None else f"{each.receptive_field}",
        f"{each.parameters:,}" if each.parameters else "-",
        _short(each.runs * each.flops / 1e6),
        _short(each.runs * each.bytes / 1e6),
        f"{each.runs * each.seconds / whole:.0%}",
        duration(each.runs * each.lax_seconds),
        duration(each.runs * each.seconds),
        each.algorithm if each.planned else f"lax ({each.algorithm})",
    )


def _where(each: Convolution) -> str:
    words = [each.source or each.scope or "?"]
    if each.repeats != 1:
        words.append("x?" if each.repeats is None else f"x{each.repeats}")
    if each.branch:
        words.append("in a branch")
    if each.backward:
        words.append("gradient")
    return " ".join(words)


def _sizes(word: str, shape: tuple[int, ...]) -> str:
    """Axes in the order of memory: 'N8 C64 L1024'."""
    return " ".join(f"{letter.replace('H', 'L')}{size}" for letter, size in zip(word, shape, strict=True))


def _steps(each: Convolution) -> str:
    spec, geometry = each.spec, each.spec.geometry
    words = [
        f"{name} {value}"
        for name, value in (
            ("stride", geometry.stride),
            ("dilation", geometry.dilation),
            ("upsample", geometry.upsample),
            ("groups", spec.feature_groups),
            ("batch groups", spec.batch_groups),
        )
        if value != 1
    ]
    if geometry.padding != (0, 0):
        words.append(f"pad {geometry.padding[0]},{geometry.padding[1]}")
    return " ".join(words)


def totals(inspection: Inspection) -> str:
    """Sums over all runs."""
    words = [
        f"{inspection.parameters:,} parameters",
        f"{_short(inspection.flops / 1e6)} MFLOP",
        f"{_short(inspection.bytes / 1e6)} MB",
        f"lax {duration(inspection.lax_seconds)}",
        f"convax {duration(inspection.seconds)}",
    ]
    if inspection.receptive_field is not None:
        words.append(f"receptive field {inspection.receptive_field} samples")
    if any(each.repeats is None for each in inspection.convolutions):
        words.append("loops of unknown length counted once")
    if any(each.branch for each in inspection.convolutions):
        words.append("every branch counted")
    return "total: " + ", ".join(words)


def warnings_of(inspection: Inspection) -> list[str]:
    """The warnings, a line each."""
    return [f"warning {warning}" for warning in inspection.warnings]


def duration(seconds: float) -> str:
    """Seconds with a readable unit.

    Example:
        >>> duration(0.00123), duration(2.5), duration(4e-7)
        ('1.23 ms', '2.5 s', '0.4 us')
    """
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
