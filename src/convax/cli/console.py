"""What a command shows while it works: a report line by line, and the progress of whatever takes long."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Report", "Stopwatch", "TaskBar", "duration", "reporting"]

LABEL_WIDTH = 8


@dataclass(frozen=True)
class TaskBar:
    """One line of progress on the terminal; a `Bar` that can also say what it is at."""

    bars: Progress
    task: TaskID

    def describe(self, text: str) -> None:
        """What is being done now."""
        self.bars.update(self.task, description=text)

    def expect(self, total: int) -> None:
        self.bars.update(self.task, total=total)

    def advance(self, steps: int) -> None:
        self.bars.advance(self.task, steps)


class Report:
    """The console and the progress bars of one command.

    Both share one rich console, so that lines are printed above the bars instead of through them; on anything
    that is not a terminal (a pipe, a log file) only the lines appear.
    """

    def __init__(self, console: Console, bars: Progress) -> None:
        self.console = console
        self._bars = bars

    def heading(self, text: str) -> None:
        """A line that opens a section."""
        self.console.print()
        self.console.print(Text(text, style="bold"), soft_wrap=True)

    def line(self, label: str, text: str) -> None:
        """A labelled line; whatever its length it stays one line, so that pipes can be searched."""
        labelled = Text(f"{label:<{LABEL_WIDTH}}", style="bold cyan").append(text, style="default")
        self.console.print(labelled, soft_wrap=True)

    def warning(self, text: str) -> None:
        """A labelled line that stands out."""
        self.console.print(Text(f"{'warning':<{LABEL_WIDTH}}{text}", style="bold yellow"), soft_wrap=True)

    def block(self, text: str) -> None:
        """A text of several lines, printed exactly as it is."""
        self.console.print(Text(text), soft_wrap=True)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[TaskBar]:
        """Shows a bar while the block runs.

        Args:
            name: What is being done, such as "reading".
            total: How many steps it has; None where nobody knows, which shows a moving bar instead.

        Yields:
            The bar, to be told how far the work has come.
        """
        task = self._bars.add_task(name, total=total)
        try:
            yield TaskBar(self._bars, task)
        finally:
            self._bars.remove_task(task)

    @contextmanager
    def hearing_warnings(self) -> Iterator[None]:
        """Shows the library's warnings as lines of the report while the block runs."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_, **__: self.warning(str(message))
            yield


class _Remaining(TimeRemainingColumn):
    """The time left, where the number of steps is known."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.total else Text("")


@contextmanager
def reporting() -> Iterator[Report]:
    """Opens the report of one command on stdout."""
    console = Console(highlight=False)
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        _Remaining(),
        console=console,
        speed_estimate_period=120.0,
        transient=True,
        disable=not console.is_terminal,
    )
    with bars:
        yield Report(console, bars)


def duration(seconds: float) -> str:
    """A time in the unit that reads best.

    >>> duration(0.0123), duration(3.2), duration(0.00042)
    ('12.3 ms', '3.20 s', '0.42 ms')
    """
    if seconds < 0.01:
        return f"{seconds * 1e3:.2f} ms"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._start
