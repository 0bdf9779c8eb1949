"""The outermost layer: help without JAX, the version, words that are not understood, missing extras."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import convax.cli
from convax.cli import main

HEAVY = ("jax", "jaxlib", "numpy", "scipy", "matplotlib", "soundfile")


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    assert convax.cli.__file__ is not None
    paths = [str(Path(convax.cli.__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(reversed(paths)).strip(os.pathsep)}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60, check=False
    )


COMMANDS = (
    *("filter", "plan", "inspect", "explain", "explore", "practice"),
    *("demo", "tune", "wisdom", "calibrate", "--version"),
)


@pytest.mark.parametrize(
    "words",
    [
        *([name, "--help"] for name in COMMANDS),
        *(["wisdom", name, "--help"] for name in ("path", "show", "save", "load", "forget")),
        ["--help"],
        ["--version"],
        [],
    ],
)
def test_help_answers_without_importing_jax(words: list[str]) -> None:
    code = f"""
import sys
from convax.cli import main
try:
    main({words!r})
except SystemExit as leaving:
    code = leaving.code
print("loaded:", sorted(set(sys.modules) & set({HEAVY!r})), "code:", code)
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "loaded: [] code: 0" in done.stdout


def test_help_names_the_commands_and_every_kernel(command) -> None:
    assert all(name in command("--help").out for name in COMMANDS)
    options = command("filter", "--help").out
    for option in (
        "--kernel",
        "--lowpass",
        "--highpass",
        "--bandpass",
        "--moving-average",
        "--taps",
        "--mode",
    ):
        assert option in options


def test_version(command) -> None:
    assert command("--version") == (0, f"convax {convax.__version__}\n", "")


def test_missing_extra_is_one_line(monkeypatch, capsys) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as leaving:
        main(["--help"])
    assert leaving.value.code == 2
    assert capsys.readouterr().err == ('convax: the command line needs typer and rich: pip install "convax[cli]"\n')


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["filter"], "Missing argument"),
        (["filter", "a.wav", "--lowpass", "1000"], "--output"),
        (["filter", "a.wav", "-o", "b.wav", "--lowpass", "high"], "--lowpass"),
        (["filter", "a.wav", "-o", "b.wav", "--lowpas", "1000"], "--lowpas"),
        (["filter", "a.wav", "-o", "b.wav", "--mode", "some"], "some"),
        (["fliter"], "fliter"),
        (["--bogus"], "--bogus"),
        (["plan", "--input", "1.5", "--kernel", "3"], "--input"),
    ],
)
def test_words_that_are_not_understood_are_one_line(refused, words, part) -> None:
    assert part in refused(*words)
