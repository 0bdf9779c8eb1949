"""The ways: every formulation of a convolution, one file each, and the table of them."""

from convax.algorithms.direct import Direct
from convax.algorithms.fft import Fft
from convax.algorithms.inner_product import InnerProduct
from convax.algorithms.interface import Algorithm
from convax.algorithms.matmul import Matmul
from convax.algorithms.overlap_save import OverlapSave
from convax.algorithms.polyphase import Polyphase
from convax.algorithms.shift_add import ShiftAdd
from convax.algorithms.swapped import Swapped
from convax.algorithms.table import ALGORITHMS, from_plain, to_plain
from convax.algorithms.toeplitz import Toeplitz
from convax.algorithms.winograd import Winograd

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "Direct",
    "Fft",
    "InnerProduct",
    "Matmul",
    "OverlapSave",
    "Polyphase",
    "ShiftAdd",
    "Swapped",
    "Toeplitz",
    "Winograd",
    "from_plain",
    "to_plain",
]
