"""Whether a file can be written, found out before any work is done."""

from __future__ import annotations

import os
from pathlib import Path

from convax.cli.failure import CommandError

__all__ = ["check_output"]


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
