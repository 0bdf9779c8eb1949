"""All exercises, in the order in which they are best done; texts only, so that showing one imports no JAX."""

from convax.practice.catalogue.beyond import BEYOND
from convax.practice.catalogue.channels import CHANNELS
from convax.practice.catalogue.first import FIRST
from convax.practice.catalogue.windows import WINDOWS

__all__ = ["EXERCISES"]

EXERCISES = (*FIRST, *WINDOWS, *CHANNELS, *BEYOND)
