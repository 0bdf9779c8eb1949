"""How many threads this process computes with on the CPU."""

from __future__ import annotations

import os

__all__ = ["threads"]


def threads() -> int:
    """What this process may use, which in a container is less than what the machine has.

    Example:
        >>> threads() >= 1
        True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
