"""What a convolution does and why it fails: explain a call, ask why a call of lax goes wrong."""

from convax.explaining.asking import explain
from convax.explaining.asking_why import why
from convax.explaining.diagnosis import Diagnosis
from convax.explaining.explanation import Explanation

__all__ = ["Diagnosis", "Explanation", "explain", "why"]
