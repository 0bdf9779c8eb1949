"""A program of its own (it may die): formulations on operands that lie between two pages that nobody may read.

`python beside_a_guard.py FORMULATION CASE...` computes the named cases with its settings, and without arguments all
with all. Each is printed before it runs.
"""

from __future__ import annotations

import ctypes
import mmap
import sys

import jax
import jax.numpy as jnp
import numpy as np

from convax.algorithms import ALGORITHMS, Algorithm
from convax.algorithms.normal_form import compute
from convax.core import ConvSpec, Geometry
from specs import CASES, operands, serving, with_dtype

SINGLE = {f"single, {before} before": ConvSpec(Geometry(1000, 17, padding=(before, 8))) for before in (0, 1, 8, 16)}
SINGLE |= {
    "single, of a gradient": ConvSpec(Geometry(984, 3, padding=(2, 2))),
    "single, dilated": ConvSpec(Geometry(300, 5, dilation=3, padding=(12, 0))),
    "single, transposed": ConvSpec(Geometry(300, 5, upsample=2, padding=(4, 4))),
    "single, trimmed": ConvSpec(Geometry(300, 5, padding=(3, -2))),
}
READ_AND_WRITE, NOTHING = mmap.PROT_READ | mmap.PROT_WRITE, 0
_LIBC = ctypes.CDLL(None)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def guarded(values: np.ndarray, side: str) -> jax.Array:
    """The values in memory whose page before (or after) them may not be read."""
    page = mmap.PAGESIZE
    size = -(-values.nbytes // page) * page
    start = _LIBC.mmap(None, size + 2 * page, READ_AND_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    for forbidden in (start, start + page + size):
        assert _LIBC.mprotect(forbidden, page, NOTHING) == 0
    # XLA takes only what is aligned to 64 bytes as it lies.
    address = start + page + ((size - values.nbytes) // 64 * 64 if side == "after" else 0)
    there = np.ctypeslib.as_array((ctypes.c_byte * values.nbytes).from_address(address)).view(values.dtype)
    there = there.reshape(values.shape)
    there[...] = values
    array = jnp.from_dlpack(there)
    assert array.unsafe_buffer_pointer() == address
    return array


def main(formulation: str | None = None, *names: str) -> None:
    """Compute them, with the guard before the operands and behind them."""
    kinds = [ALGORITHMS[formulation]] if formulation else ALGORITHMS.values()
    jax.config.update("jax_enable_x64", True)
    named = {**CASES, **SINGLE}
    for name in names or named:
        for dtype in ("float32", "float64", "int32", "complex64"):
            spec = with_dtype(named[name], dtype)
            for kind in kinds:
                for setting in serving(kind, spec):
                    _compute(name, setting, spec)
    print("all done")


def _compute(name: str, setting: Algorithm, spec: ConvSpec) -> None:
    run = jax.jit(lambda x, w: compute(setting, x, w, spec))
    for side in ("before", "after"):
        print(name, spec.dtype, setting, side, flush=True)
        x, w = (guarded(np.asarray(values), side) for values in operands(spec))
        jax.block_until_ready(run(x, w))


if __name__ == "__main__":
    main(*sys.argv[1:])
