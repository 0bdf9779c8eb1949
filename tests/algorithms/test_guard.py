"""No formulation reads memory that is not its operands': where nothing is mapped there, the process would die."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("beside_a_guard.py")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="guards need mmap of POSIX")


def run(*arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(PROGRAM.parents[1]), "CONVAX_WISDOM": "off", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, env=environment)
    computed = done.stdout.splitlines()
    assert done.returncode == 0 and computed[-1] == "all done", (computed[-1:], done.stderr[-2000:])


def test_padded_signals_are_not_read_beside_their_ends() -> None:
    """lax's own convolution does: see `_pads_wrongly` in direct.py."""
    run("direct", "single, of a gradient", "padded", "padded beyond its length")


@pytest.mark.deep
def test_nothing_is_read_beside_any_operand() -> None:
    run()
