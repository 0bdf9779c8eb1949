"""The settings of an algorithm that are worth comparing on a platform."""

from __future__ import annotations

from collections.abc import Iterator

from convax.algorithms import Algorithm, Direct
from convax.algorithms.delegating import Delegating
from convax.core.spec import ConvSpec

__all__ = ["settings"]


def settings(kind: type[Algorithm], spec: ConvSpec, platform: str) -> Iterator[Algorithm]:
    """The candidates of an algorithm, without those that the platform computes well only by chance.

    XLA's CPU has fast code for channels that come last. It brings other convolutions into that order in a program's
    entry only; the same convolution inside a loop or a branch is computed by a plain loop nest, fifty times as slow.
    """
    for algorithm in kind.candidates(spec):
        if platform != "cpu" or not _leaves_order_to_xla(algorithm):
            yield algorithm


def _leaves_order_to_xla(algorithm: Algorithm) -> bool:
    if isinstance(algorithm, Delegating):
        return _leaves_order_to_xla(algorithm.inner)
    return isinstance(algorithm, Direct) and algorithm.layout == "NCH"
