"""The table of formulations, and algorithm values as plain data (for files that remember a choice)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from convax.algorithms.direct import Direct
from convax.algorithms.fft import Fft
from convax.algorithms.inner_product import InnerProduct
from convax.algorithms.interface import Algorithm
from convax.algorithms.matmul import Matmul
from convax.algorithms.overlap_save import OverlapSave
from convax.algorithms.polyphase import Polyphase
from convax.algorithms.shift_add import ShiftAdd
from convax.algorithms.swapped import Swapped
from convax.algorithms.toeplitz import Toeplitz
from convax.algorithms.winograd import Winograd

__all__ = ["ALGORITHMS", "from_plain", "to_plain"]

ALGORITHMS: Mapping[str, type[Algorithm]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (ShiftAdd, InnerProduct, Matmul, Winograd, Toeplitz, OverlapSave, Fft, Polyphase, Swapped, Direct)
    }
)


def to_plain(algorithm: Algorithm) -> dict[str, Any]:
    """An algorithm value as a dictionary of names, numbers and words.

    Example:
        >>> to_plain(Polyphase(OverlapSave(512)))
        {'name': 'polyphase', 'inner': {'name': 'overlap_save', 'points': 512}}
    """
    plain: dict[str, Any] = {"name": algorithm.name}
    for field in dataclasses.fields(algorithm):
        value = getattr(algorithm, field.name)
        plain[field.name] = to_plain(value) if isinstance(value, Algorithm) else value
    return plain


def from_plain(plain: Mapping[str, Any]) -> Algorithm:
    """The inverse of `to_plain`.

    Raises:
        ValueError: A name or a setting that this version does not know.

    Example:
        >>> print(from_plain({'name': 'toeplitz', 'block': 128}))
        toeplitz(block=128)
    """
    settings = {
        name: from_plain(value) if isinstance(value, Mapping) else value
        for name, value in plain.items()
        if name != "name"
    }
    try:
        return ALGORITHMS[plain["name"]](**settings)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no algorithm of this version is described by {dict(plain)!r}") from error
