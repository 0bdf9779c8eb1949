"""What is asked: a convolution as a value. Integers and names only; nothing here imports JAX."""

from convax.core.dtypes import DType
from convax.core.geometry import Geometry
from convax.core.layout import Layout
from convax.core.padding import resolve_padding
from convax.core.spec import ConvSpec
from convax.core.work import Work

__all__ = ["ConvSpec", "DType", "Geometry", "Layout", "Work", "resolve_padding"]
