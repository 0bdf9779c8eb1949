"""The work between reading and writing: convolving along time, block by block, with a compiled function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convax.cli.failure import CommandError
from convax.cli.recording import Bar

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Filtering", "margins", "working_dtype"]

Array = Any  # np.ndarray of any shape and dtype; jax.Array where a device holds it

# A file longer than this is worked off in blocks: memory stays bounded and the bar moves.
BLOCK_FRAMES = 1 << 20


def margins(mode: str, frames: int, taps: int) -> tuple[int, int]:
    """How many zeros go before and after the signal so that VALID gives the outputs of `mode`.

    SAME gives as many outputs as the signal has frames, whatever the kernel's length. (NumPy's "same" goes by
    the longer of the two, which would make a short file longer by filtering it.)

    >>> margins("full", 5, 3), margins("same", 5, 3), margins("same", 5, 4), margins("valid", 5, 3)
    ((2, 2), (1, 1), (2, 1), (0, 0))

    Raises:
        CommandError: If VALID has no output, because the kernel is longer than the signal.
    """
    if mode == "full":
        return taps - 1, taps - 1
    if mode == "same":
        after = (taps - 1) // 2
        return taps - 1 - after, after
    if taps > frames:
        raise CommandError(
            f"the kernel ({taps:,} taps) is longer than the recording ({frames:,} frames), so --mode valid"
            f" has no output: {frames:,} - {taps:,} + 1 = {frames - taps + 1:,}; use --mode same or full"
        )
    return 0, 0


def working_dtype(samples: Array, taps: Array, *, designed: bool) -> np.dtype[Any]:
    """What to convolve in: the signal's own dtype for a designed kernel, NumPy's common one for a file."""
    import numpy as np

    if not designed:
        return np.result_type(samples, taps)
    return samples.dtype if samples.dtype.kind in "fc" else np.dtype(np.float64)


@dataclass(frozen=True, eq=False)
class Filtering:
    """One convolution along time, set up for one recording and one kernel.

    Attributes:
        samples: The signal, shape (frames, channels).
        taps: Shape (taps,) for all channels or (channels, taps).
        mode: "full", "same" or "valid".
        dtype: What to convolve in.
        algorithm: The way to go, or None to leave it to the planner.
    """

    samples: Array
    taps: Array
    mode: str
    dtype: np.dtype[Any]
    algorithm: str | None = None

    @property
    def frames_out(self) -> int:
        return int(self.samples.shape[0]) + sum(self._margins) - self._reach

    @property
    def block(self) -> int:
        """Outputs of one call: all of them, or enough that the kernel's reach is small beside it."""
        return min(self.frames_out, max(BLOCK_FRAMES, 4 * self._reach))

    def plan(self) -> Any:
        """The plan of one block, as the convolution itself will make it."""
        import convax

        channels = int(self.samples.shape[1])
        # One kernel for all channels is a batch of signals; a kernel for each is a depthwise convolution.
        batch, depth = (channels, 1) if self.taps.ndim == 1 else (1, channels)
        return convax.plan(
            self.block + self._reach,
            self._reach + 1,
            batch=batch,
            channels=depth,
            features=depth,
            groups=depth,
            dtype=self.dtype.name,
            algorithm=self.algorithm,
        )

    def compile(self) -> Callable[[Array, Array], Array]:
        """The compiled convolution of one block."""
        import jax
        import numpy as np

        import convax

        def convolve_block(signal: Array, taps: Array) -> Array:
            return convax.convolve(signal, taps, mode="valid", algorithm=self.algorithm)

        channels = self.samples.shape[1]
        signal = np.empty((channels, self.block + self._reach), self.dtype)  # only its shape is looked at
        taps = np.empty(self.taps.shape, self.dtype)
        return jax.jit(convolve_block).lower(signal, taps).compile()

    def run(self, compiled: Callable[[Array, Array], Array], bar: Bar) -> Array:
        """The filtered samples, shape (frames_out, channels)."""
        import jax
        import numpy as np

        before, _ = self._margins
        frames, channels = self.samples.shape
        taps = jax.device_put(self.taps.astype(self.dtype))
        output = np.empty((self.frames_out, channels), self.dtype)
        for start in range(0, self.frames_out, self.block):
            # Output n sees the inputs n - before .. n - before + reach; what lies outside the signal is zero.
            # The last block is as long as the others, so that one compiled function serves all.
            window = np.zeros((channels, self.block + self._reach), self.dtype)
            first = start - before
            lower, upper = max(first, 0), min(first + window.shape[1], frames)
            if lower < upper:
                window[:, lower - first : upper - first] = self.samples[lower:upper].T
            filtered = np.asarray(compiled(window, taps))[:, : self.frames_out - start]
            output[start : start + filtered.shape[1]] = filtered.T
            bar.advance(filtered.shape[1])
        return output

    @property
    def _reach(self) -> int:
        return int(self.taps.shape[-1]) - 1

    @property
    def _margins(self) -> tuple[int, int]:
        return margins(self.mode, int(self.samples.shape[0]), self._reach + 1)
