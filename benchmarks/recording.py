"""The file of results: written whole after each row, so that a run can stop at any time and be taken up again."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import re
from typing import Any, Self

from benchmarks.machine import Limits, described
from benchmarks.rows import Row
from convax.files import replacing

__all__ = ["FOLDER", "Recording", "Session", "default_path", "write_whole"]

FOLDER = pathlib.Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Session:
    """One process that added rows.

    Args:
        started: Date and time.
        limits: The machine's rates, measured by this process.
        overheads: Costs beside the computation itself (a call, an import, a plan), by name, in seconds.
    """

    started: str
    limits: Limits
    overheads: dict[str, float]


@dataclasses.dataclass
class Recording:
    """Results of one machine and one set of versions.

    Args:
        machine: The machine and the versions.
        sessions: The processes that added rows.
        rows: The rows.
        path: Where it is kept; None for memory only.
    """

    machine: dict[str, Any]
    sessions: list[Session] = dataclasses.field(default_factory=list)
    rows: list[Row] = dataclasses.field(default_factory=list)
    path: pathlib.Path | None = None

    @classmethod
    def open(cls, path: pathlib.Path) -> Self:
        """The recording in a file, or a new one for this machine where there is none yet.

        Raises:
            SystemExit: The file holds another machine's results, or another set of versions'.
        """
        if not path.exists():
            return cls(described(), path=path)
        known = cls.read(path)
        if known.machine != described():
            raise SystemExit(f"{path.name} was recorded elsewhere: {known.machine}; here: {described()}")
        return known

    @classmethod
    def read(cls, path: pathlib.Path) -> Self:
        """The recording in a file, whatever machine it is of."""
        plain = json.loads(path.read_text("utf-8"))
        sessions = []
        for session in plain["sessions"]:
            copy = {int(size): rate for size, rate in session["limits"]["copy"].items()}
            sessions.append(Session(**session | {"limits": Limits(copy, session["limits"]["gemm"])}))
        return cls(plain["machine"], sessions, [Row.from_plain(row) for row in plain["rows"]], path)

    def begin(self, limits: Limits, overheads: dict[str, float]) -> int:
        """Note a new session; returns its place."""
        started = datetime.datetime.now().isoformat(timespec="minutes")
        self.sessions.append(Session(started, limits, overheads))
        return len(self.sessions) - 1

    def add(self, row: Row) -> None:
        """Add a row, and write the file."""
        self.rows.append(row)
        if self.path is not None:
            parts = {"machine": self.machine, "sessions": [dataclasses.asdict(session) for session in self.sessions]}
            write_whole(self.path, parts | {"rows": [dataclasses.asdict(row) for row in self.rows]})

    @property
    def is_of_gpu(self) -> bool:
        """Whether a GPU was measured."""
        return self.machine["platform"] == "gpu"

    @property
    def names(self) -> set[str]:
        """Cases that have been measured."""
        return {row.name for row in self.rows}


def default_path(kind: str = "") -> pathlib.Path:
    """`results/<device>-<date>.json`, with a word in front for other kinds of results."""
    slug = re.sub(r"[^a-z0-9]+", "-", described()["device"].lower().replace("(r)", "")).strip("-")
    return FOLDER / "-".join(filter(None, [kind, slug, f"{datetime.date.today().isoformat()}.json"]))


def write_whole(path: pathlib.Path, plain: dict[str, Any]) -> None:
    """Write JSON so that the file is never seen half-written: one row a line, so that changes can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {name: value for name, value in plain.items() if name != "rows"}
    lines = ",\n".join(json.dumps(_short(row)) for row in plain["rows"])
    text = json.dumps(_short(head), indent=1)[:-2] + ',\n "rows": [\n' + lines + "\n]}\n"
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def _short(value: Any) -> Any:
    """Floats with the four digits that mean something."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_short(each) for each in value]
    return value
