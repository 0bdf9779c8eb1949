"""What you call: one function for each convention that people know."""

from convax.ops.basic import conv1d_basic
from convax.ops.lax_names import conv_general_dilated
from convax.ops.layers import conv1d
from convax.ops.numpy_names import convolve, correlate
from convax.ops.planning import plan
from convax.ops.transposed import conv_transpose1d

__all__ = [
    "conv1d",
    "conv1d_basic",
    "conv_general_dilated",
    "conv_transpose1d",
    "convolve",
    "correlate",
    "plan",
]
