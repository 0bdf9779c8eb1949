"""What the prices leave unexplained: measured residuals of a device, and their interpolation to other convolutions.

A price times a count cannot know how well XLA's code for one formulation fits one shape. So the device's file also
keeps, for each formulation, what was measured over what the prices said, at the shapes that were timed. A Gaussian
process over the logarithms of the sizes carries that to shapes between them; far from all of them the prices speak
alone (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 2.2). Its linear system is solved
when the device is calibrated: the file holds each timing's weight, and a plan costs one product with them.

What one machine takes longer for than another of its kind is a residual too, of what the shipped file says of the
shape: smaller, and smoother.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from convax.algorithms import Algorithm
from convax.core.spec import ConvSpec

__all__ = [
    "COORDINATES",
    "MACHINE",
    "SHAPES",
    "Prior",
    "Residuals",
    "check",
    "family_of",
    "left_out",
    "place",
    "unknown_factor",
    "weighted",
]

COORDINATES = 21  # of a place: twelve sizes, six traits, and three numbers that tell the element type
# Vectors and tiles divide multiples of so many channels evenly.
TILE = 8


@dataclasses.dataclass(frozen=True)
class Prior:
    """What is thought of residuals before any is measured.

    Args:
        reaches: How far they reach, in doublings of a size, and the spread of those of that reach.
        noise: The scatter of a measurement.
        caution: Standard deviations by which an estimate is raised.
    """

    reaches: tuple[tuple[float, float], ...]
    noise: float
    caution: float = 0.0

    @property
    def variance(self) -> float:
        """Of a residual that nothing was measured near."""
        return sum(spread**2 for _, spread in self.reaches)

    def covariance(self, distance: np.ndarray) -> np.ndarray:
        """Of residuals whose places are so far apart, squared."""
        parts = (spread**2 * np.exp(-0.5 * distance / reach**2) for reach, spread in self.reaches)
        return sum(parts, start=np.zeros_like(distance))


# What XLA makes of a formulation changes slowly with the sizes, and by steps where it takes another path. The unknown
# has to promise more than the known to be chosen.
SHAPES = Prior(((4.0, 0.7), (0.7, 0.3)), noise=0.25, caution=1.0)
# What a machine adds to that has no steps, and what else was measured on it is a single look.
MACHINE = Prior(((4.0, 0.3),), noise=0.4)


@dataclasses.dataclass(frozen=True)
class Residuals:
    """The residuals of one formulation.

    Args:
        rows: For each timing the coordinates of `place`, then log(measured / priced), then its weight, as `weighted`
            makes them.
        prior: What the weights were made with.
    """

    rows: Sequence[Sequence[float]]
    prior: Prior = SHAPES

    def factor(self, point: Sequence[float]) -> float:
        """What the priced seconds at a point are to be multiplied by.

        Example:
            >>> residuals = Residuals(weighted([[10.0, math.log(3)]]))
            >>> near, far = residuals.factor([10.0]), residuals.factor([60.0])
            >>> 3 < near < 4, far == unknown_factor()
            (True, True)
        """
        points, squares, weights = self._table
        at = np.asarray(point, float)
        prior, variance = self.prior, self.prior.variance
        covariance = prior.covariance(squares + at @ at - 2 * (points @ at))
        # As sure as the nearest timing alone makes it: the others could only add to that.
        unsure = variance - float(covariance.max()) ** 2 / (variance + prior.noise**2)
        return math.exp(float(covariance @ weights) + prior.caution * math.sqrt(max(0.0, unsure)))

    @functools.cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The points, their squared lengths, and the weights."""
        table = np.asarray(self.rows, float)
        points = table[:, :-2]
        return points, np.square(points).sum(1), table[:, -1]


def weighted(rows: Sequence[Sequence[float]], prior: Prior = SHAPES) -> list[list[float]]:
    """Coordinates and residuals of timings, with the weights that the process gives them."""
    table = np.asarray(rows, float)
    weights = np.linalg.solve(_noisy(table, prior), table[:, -1])
    return [[*row, float(f"{weight:.6g}")] for row, weight in zip(rows, weights.tolist(), strict=True)]


def left_out(rows: Sequence[Sequence[float]], groups: Sequence[Hashable], prior: Prior = SHAPES) -> np.ndarray:
    """log(measured / expected) of each row, as if the rows of its group were not there."""
    table = np.asarray(rows, float)
    inverse = np.linalg.inv(_noisy(table, prior))
    weights = inverse @ table[:, -1]
    errors = np.zeros(len(weights))
    places: dict[Hashable, list[int]] = {}
    for place_of_row, group in enumerate(groups):
        places.setdefault(group, []).append(place_of_row)
    for some in places.values():
        errors[some] = np.linalg.solve(inverse[np.ix_(some, some)], weights[some])
    return errors


def _noisy(table: np.ndarray, prior: Prior) -> np.ndarray:
    """The covariance of measured residuals; the last column is no coordinate."""
    points = table[:, :-1]
    squares = np.square(points).sum(1)
    covariance = prior.covariance(squares[:, None] + squares - 2 * (points @ points.T))
    noisy: np.ndarray = covariance + prior.noise**2 * np.eye(len(points))
    return noisy


def check(residuals: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Raise a ValueError where what a file holds, by formulation, is no table of coordinates."""
    for family, rows in residuals.items():
        table = np.asarray(rows, float)
        if table.ndim != 2 or table.shape[1] != COORDINATES + 2 or not np.isfinite(table).all():
            raise ValueError(f"the residuals of {family} are no rows of {COORDINATES + 2} numbers")


def unknown_factor() -> float:
    """The factor of a formulation of which nothing was timed, beside others of which something was."""
    return math.exp(SHAPES.caution * math.sqrt(SHAPES.variance))


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
    """Where a convolution lies among those of its formulation: logarithms of its sizes, and what else tells.

    Each is multiplied by how much it tells: so that of the convolutions that are held out of a fit, as few as possible
    are planned badly.
    """
    return [*_of_spec(spec), _told(1.8, max(1, *_sizes_of(algorithm)))]


@functools.lru_cache(maxsize=256)  # each candidate of a convolution asks
def _of_spec(spec: ConvSpec) -> list[float]:
    geometry, dtype = spec.geometry, spec.accumulator
    sizes = (
        (0.5, geometry.output),
        (1.0, geometry.taps),
        (0.5, spec.group_batch),
        (0.5, spec.groups),
        (1.0, spec.group_channels),
        (0.75, spec.group_features),
        (1.0, geometry.stride),
        (0.15, geometry.dilation),
        (1.0, geometry.upsample),
        (0.35, max(1, spec.multiply_adds)),
        (0.3, max(1, spec.bytes)),
        # What was timed in one type tells of the others too: they are a step apart, not strangers.
        (0.7, dtype.bytes),
    )
    traits = (
        (2.1, spec.layout.channels_last),
        (1.0, geometry.padding != (0, 0)),
        (1.0, dtype != spec.dtype),
        (3.0, geometry.taps > geometry.length),
        (0.7, spec.group_channels % TILE == 0),
        (0.7, spec.group_features % TILE == 0),
        (2.7, dtype.kind == "complex"),
        (2.7, dtype.is_integer),
    )
    return [*(_told(share, size) for share, size in sizes), *(share * trait for share, trait in traits)]


def _told(share: float, size: int) -> float:
    return round(share * math.log2(size), 2)


def _sizes_of(algorithm: Algorithm) -> list[int]:
    """The numbers among the settings: block lengths and the like."""
    values = [getattr(algorithm, field.name) for field in dataclasses.fields(algorithm)]
    inner = [size for value in values if isinstance(value, Algorithm) for size in _sizes_of(value)]
    return [value for value in values if isinstance(value, int) and not isinstance(value, bool)] + inner + [1]
