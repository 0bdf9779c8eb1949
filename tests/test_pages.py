"""The documentation: every block of code has been run, what is generated is current, each algorithm has its page."""

from __future__ import annotations

import doctest
import pathlib
import re
import sys
import tomllib
import types
from collections.abc import Iterator
from typing import Annotated

import jax
import numpy as np
import pytest
import typer
from benchmarks.regret import Outcome
from pages import command_line
from pages.drawing import styled
from pages.formulations import SWEEPS, draw, estimated, measured
from pages.lessons import PICTURES

import convax
from convax.algorithms import ALGORITHMS
from convax.core import padding
from convax.planner.device import DeviceModel

ROOT = pathlib.Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
# Words behind a fence whose blocks are no Python.
OTHER = {"console", "sh", "text", "toml", "yaml", "json", "html"}


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """The word behind each opening fence, and what the fence holds, without its indentation."""
    for indent, word, body in re.findall(r"^( *)```([^\n`]*)\n(.*?)^\1```[ ]*$", text, re.MULTILINE | re.DOTALL):
        yield word.strip(), "\n".join(line.removeprefix(indent) for line in body.splitlines()) + "\n"


def relative(path: pathlib.Path) -> str:
    return path.relative_to(ROOT).as_posix()


class TestBlocks:
    """No block of Python is only looked at."""

    def test_pytest_looks_at_every_page(self) -> None:
        options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
        assert {"README.md", "docs"} <= set(options["testpaths"])
        assert "--doctest-glob=*.md" in options["addopts"]

    @pytest.mark.parametrize("path", PAGES, ids=relative)
    def test_fences_say_what_they_hold(self, path: pathlib.Path) -> None:
        words = [word for word, _ in blocks(path.read_text("utf-8"))]
        assert set(words) <= {"python", "pycon", *OTHER}
        assert len(re.findall(r"^ *```", path.read_text("utf-8"), re.MULTILINE)) == 2 * len(words), "a fence is open"

    @pytest.mark.parametrize("path", PAGES, ids=relative)
    def test_every_prompt_is_an_example(self, path: pathlib.Path) -> None:
        """Also of blocks that are folded away; and no prompt stands in a block that is no Python."""
        text = path.read_text("utf-8")
        prompts = len(re.findall(r"^ *>>> ", text, re.MULTILINE))
        assert len(doctest.DocTestParser().get_examples(text)) == prompts
        for word, body in blocks(text):
            assert word in ("python", "pycon") or ">>> " not in body

    @pytest.mark.parametrize("path", PAGES, ids=relative)
    def test_blocks_without_prompts_run(self, path: pathlib.Path) -> None:
        """pytest runs the sessions; scripts are run here, each by itself."""
        for word, body in blocks(path.read_text("utf-8")):
            if word in ("python", "pycon") and not body.lstrip().startswith(">>> "):
                exec(compile(body, path.name, "exec"), {"__name__": "page"})

    def test_a_block_that_nobody_runs_is_found(self) -> None:
        text = "a\n\n    ```python\n    1 / 0\n    ```\n\n```py\nx\n```\n"
        assert list(blocks(text)) == [("python", "1 / 0\n"), ("py", "x\n")]


class TestContributing:
    """The recipes work as they are written."""

    BLOCKS = tuple(body for word, body in blocks((ROOT / "CONTRIBUTING.md").read_text("utf-8")) if word == "python")

    def test_these_are_its_blocks(self) -> None:
        assert ["class Gather" in body for body in self.BLOCKS] == [True, False, False]

    def test_the_algorithm_computes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = types.ModuleType("gather")
        monkeypatch.setitem(sys.modules, "gather", module)
        exec(self.BLOCKS[0], vars(module))
        x, w = np.arange(10.0), np.array([1.0, -2.0, 3.0])
        found = convax.conv1d(x, w, stride=2, padding=1, algorithm=module.Gather())
        np.testing.assert_allclose(found, convax.conv1d(x, w, stride=2, padding=1, algorithm="direct"))

    def test_the_padding_rule_keeps_its_law(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = dict(vars(padding))
        exec(self.BLOCKS[1], names)
        monkeypatch.setattr(padding, "PADDING_WORDS", names["PADDING_WORDS"])

        def random(count: int, seed: int = 0) -> np.ndarray:
            return np.random.default_rng(seed).normal(size=count)

        test = {"random": random, "conv1d": convax.conv1d, "np": np}
        exec(self.BLOCKS[2], test)
        test["test_anticausal_padding_looks_at_no_earlier_sample"]()


class TestCommandLine:
    """The page is what the command says of itself."""

    def test_the_page_is_current(self) -> None:
        assert command_line.PAGE.read_text("utf-8") == command_line.page(), "docs/command-line.md differs: make pages"

    def test_what_the_page_says_of_a_command(self) -> None:
        group, inner = typer.Typer(), typer.Typer()
        group.add_typer(inner, name="box")

        @inner.command("play-it")
        def play(
            source: pathlib.Path,
            loud: Annotated[int, typer.Option("--loud", "-l", help="How | loud.")],
            word: Annotated[str | None, typer.Option(metavar="WORD", help="As [bold]convax[/bold] has it.")] = None,
            secret: Annotated[bool, typer.Option("--secret", hidden=True)] = False,
            silent: bool = False,
        ) -> None:
            """Play it.

            Well.
            """

        _, _, section = command_line.page(group).partition("## convax box play-it\n\n")
        assert section == (
            "```console\n$ convax box play-it SOURCE --loud N [OPTIONS]\n```\n\nPlay it.\n\nWell.\n\n"
            "| argument | meaning |\n| --- | --- |\n| `SOURCE` |  |\n\n"
            "| option | default | meaning |\n| --- | --- | --- |\n"
            "| `--loud`, `-l` `N` | required | How \\| loud. |\n"
            "| `--word` `WORD` |  | As `convax` has it. |\n"
            "| `--silent`, `--no-silent` |  |  |\n"
        )

    def test_every_command_answers_to_its_name(self) -> None:
        text = command_line.page()
        assert text.count("\n## convax ") == text.count("| [`convax ")
        assert "| `--output`, `-o` `PATH` | required |" in text
        assert "`full\\|same\\|valid` | `same`" in text


class TestAlgorithms:
    """One page each, with the same headings and a plot that shows it win."""

    HEADINGS = ("Idea", "Formula", "When it wins", "What it refuses", "Numerics", "Ask for it")

    @pytest.mark.parametrize("name", ALGORITHMS)
    def test_page(self, name: str) -> None:
        text = (DOCS / "algorithms" / f"{name}.md").read_text("utf-8")
        assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == self.HEADINGS
        assert f"](../images/algorithms/{name}.svg)" in text
        assert f"(algorithms/{name}.md)" in (DOCS / "algorithms.md").read_text("utf-8")

    def test_no_page_is_of_an_algorithm_that_is_gone(self) -> None:
        assert {path.stem for path in (DOCS / "algorithms").glob("*.md")} == set(ALGORITHMS) == set(SWEEPS)

    @pytest.mark.parametrize("name", ALGORITHMS)
    def test_it_wins_somewhere_in_its_plot(self, name: str) -> None:
        lines = {each: dict(points) for each, points in estimated(SWEEPS[name], DeviceModel.shipped("cpu")).items()}
        wins = [size for size, own in lines[name].items() if own == min(p[size] for p in lines.values() if size in p)]
        assert wins

    @pytest.mark.parametrize("name", ["shift_add", "swapped"])
    def test_the_plot_can_be_drawn(self, name: str) -> None:
        with styled():
            assert draw(name).axes[0].get_xlabel() == SWEEPS[name].size

    def test_ratios_are_of_the_best_settings(self) -> None:
        outcome = Outcome("0:0", "signal", "a spec", "fft", {"fft": 2.0, "direct": 8.0, "direct(layout=NCH)": 4.0})
        assert list(measured("direct", [outcome])) == [("signal", 2.0)]
        assert list(measured("toeplitz", [outcome])) == []


class TestPictures:
    """The lessons' pictures are those that the script draws."""

    def test_each_has_a_file(self) -> None:
        assert {path.stem for path in (DOCS / "images" / "learn").iterdir()} == set(PICTURES)

    @pytest.mark.parametrize("name", PICTURES)
    def test_it_is_used_and_can_be_drawn(self, name: str) -> None:
        assert any(f"images/learn/{name}.svg" in path.read_text("utf-8") for path in (DOCS / "learn").glob("*.md"))
        with styled():
            canvas = PICTURES[name]()
        left, right, low, high = *canvas.axes.get_xlim(), *canvas.axes.get_ylim()
        for text in canvas.axes.texts:
            x, y = text.get_position()
            assert left <= x <= right and low <= y <= high


class TestExercises:
    """The lessons' exercises are the judge's, and their solutions are accepted."""

    LESSONS = tuple(
        # The judge takes seconds for each, and the practice's own tests try solutions of the same kind.
        pytest.param(path, marks=() if path.stem == "conv1d_basic" else pytest.mark.deep)
        for path in sorted((DOCS / "learn").glob("*.md"))
        if path.stem != "index"
    )

    @pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
    def test_solutions_are_accepted(self, path: pathlib.Path) -> None:
        practice = pytest.importorskip("convax.practice")
        text = path.read_text("utf-8")
        asked = set(re.findall(r"convax practice check (\w+) ", text))
        names: dict[str, object] = {}
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.enable_x64(False):
            for example in doctest.DocTestParser().get_examples(text):
                if example.exc_msg is None:
                    exec(compile(example.source, path.name, "single"), names)
        assert asked
        for name in asked:
            verdict = practice.check(names[name])
            assert verdict.ok, str(verdict)


def test_every_public_name_is_described() -> None:
    text = "\n".join(path.read_text("utf-8") for path in (DOCS / "api").glob("*.md"))
    described = set(re.findall(r"^::: convax\.(\w+)$", text, re.MULTILINE))
    assert described >= set(convax._MODULE_OF)
    for module in convax._MODULES:
        assert f"\n::: convax.{module}." in text
