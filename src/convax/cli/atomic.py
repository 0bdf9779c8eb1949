"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convax.cli.failure import CommandError

__all__ = ["check_output", "replacing"]


def check_output(output: Path, sources: list[Path], *, force: bool) -> None:
    """Finds out before any work is done whether `output` can be written.

    Args:
        output: The file to write.
        sources: Files that the command reads; writing over one of them would destroy it.
        force: Whether an existing file may be replaced.

    Raises:
        CommandError: If the folder is missing, the file is there already, or it is one of the sources.
    """
    folder = output.parent
    if not folder.is_dir():
        raise CommandError(f"the folder {folder} of the output {output.name} does not exist: make it first")
    if not output.exists():
        return
    if not output.is_file():
        raise CommandError(f"the output {output} exists and is not a regular file: choose another name")
    for source in sources:
        if source.exists() and os.path.samefile(output, source):
            raise CommandError(f"the output {output} is also read by this command: choose another name")
    if not force:
        raise CommandError(f"the output {output} exists already: choose another name, or add --force")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yields a temporary path in the target's folder, and renames it to the target once the block succeeds.

    Whatever ends the block early (an error, Ctrl-C) removes the temporary file and leaves the target alone.
    The folder is the target's own, because only within one file system is a rename atomic.
    """
    target = target.resolve()  # through a symbolic link, so that the link survives
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.partial{target.suffix}")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
