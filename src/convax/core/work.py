"""What a formulation costs, counted but not priced: operations by kind, bytes, launches. No machine in here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["Work", "is_split"]


def is_split(flops: float, bytes: float) -> bool:
    """Whether XLA's CPU divides a fused loop between threads, whose waking can take longer than the loop.

    Its rule: a loop with less than one operation a byte has a thread for each 256 KiB, another one a thread for each
    100,000 of its operations and ten times its bytes.
    """
    return bytes >= 2 * (256 << 10) if flops <= bytes else flops + 10 * bytes >= 200_000


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """Operation counts of one way to compute one convolution.

    Args:
        operations: Number of operations by kind. The kinds are the names of rates in a device model:
            "loop" (multiply-adds of a fused elementwise loop; "_strided" where its loads are), "reduce"
            (multiply-adds of a reduction), "gemm" (multiply-adds of matrix products; "_thin" where a side has less
            than four, "_call" for each product), "fft" (N log2 N summed over the transforms; "_long" beyond the
            cache), "loop_complex" (products of spectra), "conv_nhc" and "conv_nch" (multiply-adds inside lax's own
            convolution, by layout; "_thin" for few features), "conv_grouped" (the same of several groups),
            "conv_naive" (the same where the backend has only a plain loop), "conv_patch" (samples that it lays side
            by side for its products), "conv_column" and "conv_step" (where it upsamples: products that it sums
            afterwards, and the pairs of sample and tap that they are of), "conv_row", "conv_group" and "conv_call"
            (its cost for each output position, each group and each call),
            "joined" (elements that are laid side by side, times the doublings of their parts), "transpose" (elements
            brought into another order), "convert" (elements that change their type), "split" (loops that are divided
            between threads), "turn" (turns of a loop over signals), "branch" (decisions within a program, which a
            GPU waits for the host to take).
        bytes: Bytes read and written, counting each pass over memory.
        launches: Kernels (fused loops, matrix products, transforms) that run one after another.

    Example:
        >>> print(Work({"loop": 3000}, bytes=12000, launches=1))
        3.0e+03 loop, 1.2e+04 bytes, 1 launch
    """

    operations: Mapping[str, float]
    bytes: float
    launches: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "operations", MappingProxyType(dict(self.operations)))

    def __add__(self, other: Work) -> Work:
        kinds = {**self.operations}
        for kind, count in other.operations.items():
            kinds[kind] = kinds.get(kind, 0.0) + count
        return Work(kinds, self.bytes + other.bytes, self.launches + other.launches)

    def __str__(self) -> str:
        parts = [f"{count:.1e} {kind}" for kind, count in self.operations.items()]
        plural = "" if self.launches == 1 else "es"
        return ", ".join([*parts, f"{self.bytes:.1e} bytes", f"{self.launches} launch{plural}"])
