"""What the tests of the command share: running it in this process, and signals to run it on."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from convax.cli import main

RATE = 44_100


class Outcome(NamedTuple):
    """What a run of the command left behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Ctrl-C is heard: a shell starts what it runs in the background such that it is not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `convax` with the given words."""

    def run(*words: object) -> Outcome:
        with pytest.raises(SystemExit) as exit_:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        code = exit_.value.code
        assert isinstance(code, int)
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def refused(command: Command) -> Callable[..., str]:
    """Runs `convax` on something it must refuse, and returns the one line that says so."""

    def run(*words: object) -> str:
        outcome = command(*words)
        assert outcome.code == 2, outcome
        assert outcome.err.startswith("convax: ")
        assert outcome.err.count("\n") == 1 and outcome.err.endswith("\n"), outcome.err
        return outcome.err

    return run


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The recording that comes with the package."""
    with as_file(files("convax.cli") / "recordings" / "loop_mika.flac") as path:
        return path


@pytest.fixture
def noise() -> np.ndarray:
    """Two channels of half a second, shape (frames, channels), on the steps of 16 bits and not loud."""
    steps = np.random.default_rng(7).normal(0, 3000, (RATE // 2, 2)).round()
    return steps.clip(-9000, 9000) / 2.0**15


@pytest.fixture
def signal_file(tmp_path: Path) -> Path:
    """A short .npy file of one channel."""
    path = tmp_path / "signal.npy"
    np.save(path, np.random.default_rng(3).normal(size=2000).astype(np.float32))
    return path
