"""The commands `convax wisdom ...`: where measured choices are, what they are, to take along and to drop."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from convax.cli.console import Report
from convax.cli.failure import CommandError
from convax.cli.output import check_output

if TYPE_CHECKING:
    from convax import Wisdom
    from convax.planner import Remembered

__all__ = ["NOWHERE", "forget_wisdom", "load_wisdom", "print_folder", "print_wisdom", "save_wisdom"]

# Why nothing is kept.
NOWHERE = "CONVAX_WISDOM is off (or the package platformdirs is missing)"


def print_folder(report: Report) -> None:
    """Prints the folder of the wisdom, and nothing else."""
    report.block(str(_kept(report).folder))


def print_wisdom(report: Report) -> None:
    """Prints what was measured, by device."""
    wisdom = _kept(report)

    import jax

    from convax.planner import device_name
    from convax.planner.folders import calibration_file
    from convax.planner.remembered import asked_in

    here = device_name(jax.default_backend())
    with report.hearing_warnings():
        choices = wisdom.choices()
    devices: dict[str, list[str]] = {}
    for key, choice in choices.items():
        spec, device = asked_in(key)
        devices.setdefault(device, []).append(f"{spec}\n    {_described(choice)}")
    report.line("wisdom", f"{_count(len(choices))} in {wisdom.folder}")
    prices = calibration_file(here)
    own = prices is not None and prices.exists()
    report.line("prices", f"measured here, in {prices}" if own else "as shipped; convax calibrate measures them here")
    for device, lines in sorted(devices.items()):
        report.heading(device + (" (this device)" if device == here else " (not used here)"))
        report.block("\n".join(sorted(lines)))


def save_wisdom(file: Path, report: Report, *, force: bool) -> None:
    """Writes all choices as one file.

    Raises:
        CommandError: If the file is there already, its folder is missing, or nothing is remembered.
    """
    check_output(file, [], force=force)
    wisdom = _kept(report)
    with report.hearing_warnings():
        if not len(wisdom):
            raise CommandError(f"there is no wisdom in {wisdom.folder} to save: convax tune makes some")
        report.line("wrote", f"{file}: {_count(wisdom.save(file))}")


def load_wisdom(file: Path, report: Report) -> None:
    """Takes over what a saved file holds, where it is not older than what is here.

    Raises:
        CommandError: If nothing in the file can be read.
    """
    from convax import Wisdom

    wisdom = _kept(report)
    fresh = Wisdom()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", UserWarning)
        fresh.load(file)
    complaints = [str(warning.message) for warning in heard]
    if complaints and not len(fresh):
        raise CommandError(complaints[0])
    for complaint in complaints:
        report.warning(complaint)
    with report.hearing_warnings():
        taken = wisdom.merge(fresh)
    passed = len(fresh) - taken
    older = f"; {_count(passed)} passed over, since what is here is as young" if passed else ""
    report.line("loaded", f"{file}: {_count(taken)}, into {wisdom.folder}{older}")


def forget_wisdom(report: Report) -> None:
    """Drops all choices."""
    wisdom = _kept(report)
    with report.hearing_warnings():
        dropped = len(wisdom)
    wisdom.forget()
    report.line("forgot", f"{_count(dropped)} in {wisdom.folder}")


def _kept(report: Report) -> Wisdom:
    """The user's wisdom on disk.

    Raises:
        CommandError: If it is switched off.
    """
    with report.stage("starting JAX"):
        from convax import Wisdom
        from convax.planner.folders import wisdom_folder
    folder = wisdom_folder()
    if folder is None:
        raise CommandError(f"no wisdom is kept, since {NOWHERE}: unset it, or set it to a folder")
    return Wisdom(folder)


def _described(choice: Remembered) -> str:
    seconds = choice.seconds.get(str(choice.algorithm))
    time = "pinned" if seconds is None else f"{seconds * 1e3:.4g} ms"
    others = len(choice.seconds) - 1
    among = f", fastest of {others + 1}" if others > 0 else ""
    return f"{choice.algorithm}: {time}{among}, {choice.date[:10]}"


def _count(number: int) -> str:
    return f"{number:,} choice{'' if number == 1 else 's'}"
