"""The command `convax explore`: the explorer page, opened, copied or found."""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path

from convax.cli.console import Report
from convax.cli.failure import CommandError
from convax.cli.output import check_output
from convax.explorer import page
from convax.files import replacing

__all__ = ["explore"]


def explore(output: Path | None, report: Report, *, print_path: bool, force: bool) -> None:
    """Opens the page in a browser, or does what was asked for instead.

    Args:
        output: File to write a copy to; nothing is opened then.
        report: Where to print.
        print_path: Whether to print where the page is, and nothing else.
        force: Whether an existing output may be replaced.

    Raises:
        CommandError: If the two are asked for together, the output cannot be written, or there is no browser.
    """
    if output is not None and print_path:
        raise CommandError("--output writes a copy and --print-path only prints: give one of them")
    if force and output is None:
        raise CommandError("--force replaces a file: name it with --output")
    source = page()
    if print_path:
        report.block(str(source))
        return
    if output is not None:
        check_output(output, [source], force=force)
        with replacing(output) as temporary:
            shutil.copyfile(source, temporary)
        report.line("wrote", f"{output}: {output.stat().st_size:,} bytes, to be opened in a browser")
        return
    if not webbrowser.open(source.as_uri()):
        raise CommandError(f"no browser was found: open {source} yourself, or write a copy with --output FILE")
    report.line("opened", str(source))
