"""The ways: every formulation of a convolution, one file each, and the table of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from convax.algorithms.direct import Direct
from convax.algorithms.fft import Fft
from convax.algorithms.inner_product import InnerProduct
from convax.algorithms.interface import Algorithm
from convax.algorithms.matmul import Matmul
from convax.algorithms.overlap_save import OverlapSave
from convax.algorithms.polyphase import Polyphase
from convax.algorithms.shift_add import ShiftAdd
from convax.algorithms.toeplitz import Toeplitz

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "Direct",
    "Fft",
    "InnerProduct",
    "Matmul",
    "OverlapSave",
    "Polyphase",
    "ShiftAdd",
    "Toeplitz",
]

ALGORITHMS: Mapping[str, type[Algorithm]] = MappingProxyType(
    {kind.name: kind for kind in (ShiftAdd, InnerProduct, Matmul, Toeplitz, OverlapSave, Fft, Polyphase, Direct)}
)
