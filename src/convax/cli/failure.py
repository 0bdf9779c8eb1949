"""How a command fails: one clear line on stderr and an exit code."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["INTERRUPTED", "CommandError", "exit_code_of", "one_line", "termination_unwinds"]

INTERRUPTED = 130  # what shells expect after Ctrl-C: 128 + SIGINT
TERMINATED = 143  # 128 + SIGTERM


class CommandError(Exception):
    """Something that the person at the terminal can put right; its text is shown as it is, in one line."""


def one_line(error: BaseException) -> str | None:
    """The error's text in one line, or None if the error is a bug of ours that deserves its traceback."""
    from convax.errors import ConvaxError

    if isinstance(error, CommandError):
        return _collapse(str(error))
    if isinstance(error, ConvaxError):
        parts = [error.what]
        parts += [f"because {error.arithmetic}"] if error.arithmetic else []
        parts += [f"repair: {error.repair}"] if error.repair else []
        return _collapse("; ".join(parts))
    if isinstance(error, BrokenPipeError):
        return None
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return _collapse(f"{where}{error.strerror or error}")
    if isinstance(error, MemoryError):
        return _collapse(f"not enough memory: {error}" if str(error) else "not enough memory")
    if _raised_by_the_device(error):
        return _collapse(f"the device failed: {error}")
    return None


def exit_code_of(error: BaseException) -> int | None:
    """Prints the line of an expected failure on stderr and returns its exit code; None for a bug."""
    if isinstance(error, KeyboardInterrupt):
        print("convax: interrupted", file=sys.stderr)
        return INTERRUPTED
    line = one_line(error)
    if line is None:
        return None
    print(f"convax: {line}", file=sys.stderr)
    return 2


@contextmanager
def termination_unwinds() -> Iterator[None]:
    """Lets SIGTERM unwind the stack as Ctrl-C does, so that temporary files are removed on the way out."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def leave(signum: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _raised_by_the_device(error: BaseException) -> bool:
    # JAX is asked only if it has been imported: a failure before that cannot be its own.
    jax_errors = sys.modules.get("jax.errors")
    return jax_errors is not None and isinstance(error, jax_errors.JaxRuntimeError)
