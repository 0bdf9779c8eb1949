"""Element types as the core knows them: a name, a kind, a width, and the type that sums are kept in."""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["DType"]

Kind = Literal["bool", "signed", "unsigned", "float", "complex", "other"]

_KNOWN: dict[str, tuple[Kind, int]] = {
    "bool": ("bool", 1),
    "int8": ("signed", 1),
    "int16": ("signed", 2),
    "int32": ("signed", 4),
    "int64": ("signed", 8),
    "uint8": ("unsigned", 1),
    "uint16": ("unsigned", 2),
    "uint32": ("unsigned", 4),
    "uint64": ("unsigned", 8),
    "float16": ("float", 2),
    "bfloat16": ("float", 2),
    "float32": ("float", 4),
    "float64": ("float", 8),
    "complex64": ("complex", 8),
    "complex128": ("complex", 16),
}


@dataclasses.dataclass(frozen=True, slots=True)
class DType:
    """An element type, by name.

    Args:
        name: NumPy's name of the type ("float32") or ml_dtypes' ("bfloat16"). Types that are not in the
            table (float8, int4) are of kind "other": only the `direct` algorithm serves them.

    Example:
        >>> DType("bfloat16").accumulator(DType("bfloat16"))
        DType(name='float32')
    """

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> Kind:
        """ "bool", "signed", "unsigned", "float", "complex" or "other"."""
        return _KNOWN.get(self.name, ("other", 1))[0]

    @property
    def bytes(self) -> int:
        """Width of one element in bytes."""
        return _KNOWN.get(self.name, ("other", 1))[1]

    @property
    def is_integer(self) -> bool:
        """True for the kinds that are computed modulo a power of two (and for bool, counted as integers)."""
        return self.kind in ("bool", "signed", "unsigned")

    def accumulator(self, out: DType) -> DType:
        """The type in which sums are kept: exact modulo the width of `out` for integers, at least float32 else.

        Args:
            out: The type of the result (the input's own, or a wider one that the caller prefers).
        """
        if self.kind == "other":
            return out
        if self.is_integer and out.is_integer:
            wide = max(self.bytes, out.bytes) == 8
            # bool is counted: the sum of 0s and 1s stands for "any", far from overflow in 32 bits.
            return (
                DType("int64" if wide else "int32") if out.kind != "unsigned" else DType("uint64" if wide else "uint32")
            )
        if "complex" in (self.kind, out.kind):
            return DType("complex128") if max(self.bytes, out.bytes) == 16 else DType("complex64")
        return DType("float64") if "float64" in (self.name, out.name) else DType("float32")
