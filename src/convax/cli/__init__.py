"""The command `convax`: filter recordings, print plans, see a demonstration.

`main` is the entry point of the console script. Importing this package imports neither JAX nor NumPy, so that
`convax --help` answers at once.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and leaves by `SystemExit`.

    Args:
        arguments: The words after the program's name; those of the process if None.

    Raises:
        SystemExit: With code 0 on success, 2 on an error (one line on stderr), 130 when interrupted.
    """
    missing = [name for name in ("typer", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        needed = " and ".join(missing)
        print(f'convax: the command line needs {needed}: pip install "convax[cli]"', file=sys.stderr)
        raise SystemExit(2)

    from convax.cli.app import run

    raise SystemExit(run(arguments))
