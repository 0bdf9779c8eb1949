"""`convax explain` prints what `convax.explain` returns."""

from __future__ import annotations

from pathlib import Path

import pytest

import convax
from convax.cli.explain import parse_shape


def test_it_prints_the_explanation(command) -> None:
    words = "--input 8,64,1024 --kernel 32,64,5 --stride 2 --padding SAME --output 7"
    outcome = command("explain", *words.split())
    assert outcome.code == 0 and outcome.err == ""
    assert outcome.out == f"{convax.explain((8, 64, 1024), (32, 64, 5), stride=2, padding='SAME', output=7)}\n"


def test_other_functions(command) -> None:
    words = "--input 2,8,50 --kernel 8,2,4 --call conv_transpose1d --stride 2 --padding 1,0 --groups 2"
    words += " --dilation 2 --output-padding 1 --layout NCH"
    want = convax.explain(
        convax.conv_transpose1d, (2, 8, 50), (8, 2, 4),
        stride=2, padding=(1, 0), groups=2, dilation=2, output_padding=1,
    )  # fmt: skip
    assert command("explain", *words.split()).out == f"{want}\n"
    outcome = command("explain", "--input", "9", "--kernel", "3", "--call", "convolve", "--mode", "same")
    assert outcome.out == f"{convax.explain(convax.convolve, (9,), (3,), mode='same')}\n"


def test_one_tongue_alone(command) -> None:
    outcome = command("explain", "--input", "100", "--kernel", "5", "--in", "torch")
    assert outcome.out == convax.explain((100,), (5,)).in_("torch")


def test_a_call_that_does_not_fit_is_explained(command) -> None:
    outcome = command("explain", "--input", "3", "--kernel", "5")
    assert outcome.code == 0 and "does not fit" in outcome.out and "longer than the input" in outcome.out


def test_float64_is_float64(command) -> None:
    assert "give float64" in command("explain", "--input", "9", "--kernel", "3", "--dtype", "float64").out


def test_the_picture(command, refused, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "window.png"
    assert command("explain", "--input", "9", "--kernel", "3", "--plot", path).code == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "--force" in refused("explain", "--input", "9", "--kernel", "3", "--plot", path)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("--input a,b --kernel 3", "--input a,b cannot be read"),
        ("--input 8 --kernel -1", "--kernel -1 is no shape"),
        ("--input 8 --kernel 3 --call conv2d", "--call conv2d is no function"),
        ("--input 8 --kernel 3 --call convolve --stride 2", "stride"),
        ("--input 8 --kernel 3 --dtype float31", "--dtype float31 is no dtype"),
        ("--input 8 --kernel 3 --output 9", "output=9 is not there"),
        ("--input 8 --kernel 3 --in latin", "'latin' is no tongue"),
        ("--input 8", "--kernel"),
    ],
)
def test_what_is_not_understood_is_one_line(refused, words, part) -> None:
    assert part in refused("explain", *words.split())


def test_shapes() -> None:
    assert [parse_shape("--input", text) for text in ("8", "8,64", "(8, 64, 3)")] == [(8,), (8, 64), (8, 64, 3)]
