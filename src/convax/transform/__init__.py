"""Whole functions: accelerate them, and see the convolutions in them."""

from convax.transform.accelerating import accelerate
from convax.transform.inspecting import inspect
from convax.transform.inspection import Convolution, Inspection
from convax.transform.mistakes import Mistake

__all__ = ["Convolution", "Inspection", "Mistake", "accelerate", "inspect"]
