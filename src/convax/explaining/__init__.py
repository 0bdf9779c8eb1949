"""What a convolution does and why it fails: explain a call, ask why a call of lax goes wrong."""

from convax.explaining.asking import explain
from convax.explaining.explanation import Explanation

__all__ = ["Explanation", "explain"]
