"""All exercises, in the order in which they are best done; texts only, so that showing one imports no JAX."""

from convax.practice.exercises.beyond import BEYOND
from convax.practice.exercises.channels import CHANNELS
from convax.practice.exercises.first import FIRST
from convax.practice.exercises.windows import WINDOWS

__all__ = ["EXERCISES"]

EXERCISES = (*FIRST, *WINDOWS, *CHANNELS, *BEYOND)
