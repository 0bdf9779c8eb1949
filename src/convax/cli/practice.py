"""The command `convax practice`: exercises, hints, solutions, and what the judge says of a file."""

from __future__ import annotations

from pathlib import Path

from convax.cli.console import Report
from convax.cli.failure import CommandError
from convax.practice import Exercise, exercises, hint, show, solution
from convax.practice.process import judge_file
from convax.practice.progress import Standing, remember_solved, standings

__all__ = ["check_file", "print_exercise", "print_hints", "print_list", "print_solution"]

PRINTED_LINES = 10  # of what the learner's file printed


def print_list(report: Report) -> None:
    """Prints all exercises with ticks."""
    with report.hearing_warnings():
        known = standings()
    width = max(len(exercise.name) for exercise in exercises())
    for exercise in exercises():
        standing = known.get(exercise.name, Standing())
        tick = _mark(report) if standing.solved else " "
        opened = f"   (hints: {standing.hints} of {len(exercise.hints)})" if standing.hints else ""
        report.block(f"{tick} {exercise.name:<{width}}  {exercise.title}{opened}")
    following = _next(known)
    if following is None:
        report.block("\nAll solved.")
    else:
        report.block(f"\nnext: convax practice show {following.name}")


def print_exercise(name: str, report: Report) -> None:
    """Prints what to write, and how to go on.

    Raises:
        ArgumentError: There is no such exercise.
    """
    exercise = show(name)
    report.block(str(exercise))
    report.block(
        "\nWrite it into a file of your own, my.py say. Then\n"
        f"    convax practice check {name} my.py\n"
        f"    convax practice hint {name}        if you are stuck"
    )


def print_hints(name: str, report: Report) -> None:
    """Opens the next hint.

    Raises:
        ArgumentError: There is no such exercise.
    """
    with report.hearing_warnings():
        before = standings().get(name, Standing()).hints
        text = str(hint(name))
    report.block(text)
    if before >= len(show(name).hints):
        report.block(f"\nThere are no more hints. A solution: convax practice solution {name}")


def print_solution(name: str, report: Report) -> None:
    """Prints a solution, and nothing else, so that it can be written into a file.

    Raises:
        ArgumentError: There is no such exercise.
    """
    report.block(str(solution(name)))


def check_file(name: str, file: Path, seconds: float, report: Report) -> bool:
    """Judges a file, prints the verdict, and remembers what was solved.

    Returns:
        Whether it is accepted.

    Raises:
        ArgumentError: There is no such exercise.
        CommandError: There is no such file, or it cannot be read.
    """
    show(name)
    if not file.exists():
        raise CommandError(f"there is no file {file}: write your solution into it, or name the file that holds it")
    if not file.is_file():
        raise CommandError(f"{file} is not a file: name the file that holds your solution")
    file.read_bytes()  # a file without permission to read it is told in one line, here
    with report.stage("judging"):
        judged = judge_file(file, name, seconds)
    verdict = judged.verdict
    if judged.printed.strip():
        _print_printed(judged.printed, file, report)
    report.block(f"{_mark(report, verdict.ok)} {verdict}")
    with report.hearing_warnings():
        if verdict.ok:
            remember_solved(name)
            following = _next(standings())
            report.block("\nnext: " + ("all solved" if following is None else f"convax practice show {following.name}"))
    if not verdict.ok:
        report.block(f"\nstuck? convax practice hint {name}")
    return verdict.ok


def _print_printed(text: str, file: Path, report: Report) -> None:
    lines = text.rstrip().splitlines()
    report.block(f"{file.name} printed:")
    for line in lines[:PRINTED_LINES]:
        report.block(f"  | {line}")
    if len(lines) > PRINTED_LINES:
        report.block(f"  | ... and {len(lines) - PRINTED_LINES} more lines")
    report.block("")


def _mark(report: Report, good: bool = True) -> str:
    """A tick or a cross, where the terminal can show them."""
    if report.console.encoding.lower().startswith("utf"):
        return "✓" if good else "✗"
    return "+" if good else "-"


def _next(known: dict[str, Standing]) -> Exercise | None:
    """The first exercise that is not solved."""
    return next((each for each in exercises() if not known.get(each.name, Standing()).solved), None)
