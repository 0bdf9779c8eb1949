"""How each exercise is judged, by its name."""

from collections.abc import Mapping
from types import MappingProxyType

from convax.practice.grading import Grading
from convax.practice.gradings.beyond import BEYOND
from convax.practice.gradings.channels import CHANNELS
from convax.practice.gradings.first import FIRST
from convax.practice.gradings.windows import WINDOWS

__all__ = ["GRADINGS"]

GRADINGS: Mapping[str, Grading] = MappingProxyType({**FIRST, **WINDOWS, **CHANNELS, **BEYOND})
