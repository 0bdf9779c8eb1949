"""What the prices leave unexplained: measured residuals of a device, and their interpolation to other convolutions.

A price times a count cannot know how well XLA's code for one formulation fits one shape. So the device's file also
keeps, for each formulation, what was measured over what the prices said, at the shapes that were timed. A Gaussian
process over the logarithms of the sizes carries that to shapes between them; far from all of them it says nothing,
and the prices alone speak (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np

from convax.algorithms import Algorithm
from convax.core.spec import ConvSpec

__all__ = ["Residuals", "family_of", "place"]

# Doublings of a size over which a residual loses its say; and the scatter of measurements, both of logarithms.
REACH = 2.5
NOISE = 0.1
# How far residuals of one formulation lie apart: the prior's standard deviation.
SPREAD = 0.7


@dataclasses.dataclass(frozen=True)
class Residuals:
    """The residuals of one formulation and element type.

    Args:
        rows: For each timing the coordinates of `place`, then log(measured / priced).
    """

    rows: Sequence[Sequence[float]]

    def factor(self, point: Sequence[float]) -> float:
        """What the priced seconds at a point are to be multiplied by.

        Example:
            >>> residuals = Residuals([[10.0, math.log(2)]])
            >>> residuals.factor([10.0]) > 1.9, round(residuals.factor([40.0]), 2)
            (True, 1.0)
        """
        points, weights = self._solved
        return math.exp(float(_kernel(np.asarray(point) - points) @ weights))

    def left_out(self) -> np.ndarray:
        """log(measured / corrected estimate) of each row, as if that row were not there (their equation 5.12)."""
        table = np.asarray(self.rows, float)
        inverse = np.linalg.inv(_covariance(table[:, :-1]))
        error: np.ndarray = inverse @ table[:, -1] / np.diag(inverse)
        return error

    @functools.cached_property
    def _solved(self) -> tuple[np.ndarray, np.ndarray]:
        table = np.asarray(self.rows, float)
        points, residuals = table[:, :-1], table[:, -1]
        return points, np.linalg.solve(_covariance(points), residuals)


def _covariance(points: np.ndarray) -> np.ndarray:
    covariance: np.ndarray = _kernel(points[:, None] - points[None]) + NOISE**2 * np.eye(len(points))
    return covariance


def _kernel(difference: np.ndarray) -> np.ndarray:
    return SPREAD**2 * np.exp(-0.5 * np.square(difference / REACH).sum(-1))


def family_of(algorithm: Algorithm) -> str:
    """A formulation without its sizes, as the file names it.

    Example:
        >>> from convax.algorithms import Matmul, OverlapSave, Polyphase
        >>> family_of(Matmul("fold")), family_of(Polyphase(OverlapSave(512)))
        ('matmul fold NHC', 'polyphase overlap_save')
    """
    words = [algorithm.name]
    for field in dataclasses.fields(algorithm):
        value = getattr(algorithm, field.name)
        if isinstance(value, Algorithm):
            words.append(family_of(value))
        elif isinstance(value, str):
            words.append(value)
        elif value is True:
            words.append(field.name)
    return " ".join(words)


def place(algorithm: Algorithm, spec: ConvSpec) -> list[float]:
    """Where a convolution lies among those of its formulation: logarithms of its sizes, and what else tells."""
    geometry = spec.geometry
    sizes = (
        geometry.output,
        geometry.taps,
        spec.group_batch,
        spec.groups,
        spec.group_channels,
        spec.group_features,
        geometry.stride,
        geometry.dilation,
        geometry.upsample,
        max(1, *_sizes_of(algorithm)),
    )
    traits = (
        spec.layout.channels_last,
        geometry.padding != (0, 0),
        spec.accumulator != spec.dtype,
        geometry.taps > geometry.length,
    )
    return [round(math.log2(size), 2) for size in sizes] + [float(3 * trait) for trait in traits]


def _sizes_of(algorithm: Algorithm) -> list[int]:
    """The numbers among the settings: block lengths and the like."""
    values = [getattr(algorithm, field.name) for field in dataclasses.fields(algorithm)]
    inner = [size for value in values if isinstance(value, Algorithm) for size in _sizes_of(value)]
    return [value for value in values if isinstance(value, int) and not isinstance(value, bool)] + inner + [1]
