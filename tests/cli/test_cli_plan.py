"""`convax plan` prints what `convax.plan` returns."""

from __future__ import annotations

import pytest

import convax
from convax.cli.plan import parse_padding


def test_it_prints_the_plan(command) -> None:
    outcome = command("plan", "--input", 1_000_000, "--kernel", 31)
    assert outcome.code == 0 and outcome.err == ""
    assert outcome.out == f"{convax.plan(1_000_000, 31)}\n"


def test_every_option_reaches_the_plan(command) -> None:
    words = "--stride 2 --padding 3,4 --dilation 2 --groups 4 --batch 5 --channels 8 --features 12"
    words += " --dtype bfloat16 --platform cpu --algorithm direct"
    outcome = command("plan", "--input", 1000, "--kernel", 5, *words.split())
    plan = convax.plan(
        1000, 5, stride=2, padding=(3, 4), dilation=2, groups=4, batch=5, channels=8, features=12,
        dtype="bfloat16", platform="cpu", algorithm="direct",
    )  # fmt: skip
    assert outcome.out == f"{plan}\n"
    assert plan.algorithm.name == "direct"


def test_float64_is_planned_as_float64(command) -> None:
    assert "float64" in command("plan", "--input", 1000, "--kernel", 5, "--dtype", "float64").out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("--input 3 --kernel 5", "repair"),
        ("--input 3 --kernel 0", "taps=0 must be at least 1"),
        ("--input 1000 --kernel 5 --stride 0", "stride"),
        ("--input 1000 --kernel 5 --padding sideways", "sideways"),
        ("--input 1000 --kernel 5 --padding 1,2,3", "--padding 1,2,3 has 3 numbers"),
        ("--input 1000 --kernel 5 --dtype float31", "--dtype float31 is no dtype"),
        ("--input 1000 --kernel 5 --groups 3 --channels 4", "groups"),
        ("--input 1000 --kernel 5 --algorithm sorcery", "sorcery"),
        ("--kernel 5", "--input"),
    ],
)
def test_what_does_not_fit_is_one_line(refused, words, part) -> None:
    assert part in refused("plan", *words.split())


def test_padding_is_a_word_a_number_or_two() -> None:
    assert [parse_padding(text) for text in ("SAME", "2", "2,-1")] == ["SAME", 2, (2, -1)]
