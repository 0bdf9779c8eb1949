"""What the page computes is what convax computes, and what it refuses convax refuses in the same words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convax.errors import ConvaxError
from explorer.settings import Setting, answer, random_settings, refusal


def compare(setting: Setting, told: dict[str, Any]) -> str:
    """Hold one answer of the page against convax; says which kind of answer it was."""
    expected = answer(setting, told["x"], told["w"])
    if isinstance(expected, ConvaxError):
        assert told["error"] == refusal(expected), setting
        assert told["output"] is None and told["length"] == 0
        return expected.what
    assert told["error"] is None, setting
    assert told["length"] == expected.shape[-1], setting
    np.testing.assert_allclose(told["output"], expected, rtol=1e-12, atol=1e-12, err_msg=str(setting))
    return "works"


def ask(page: Any, settings: list[Setting]) -> list[dict[str, Any]]:
    return page.execute_script("return arguments[0].map((setting) => convax.compute(setting))", settings)


def sweep(page: Any, number: int, seed: int) -> None:
    settings = random_settings(number, seed)
    kinds = [compare(setting, told) for setting, told in zip(settings, ask(page, settings), strict=True)]
    assert 0.5 < kinds.count("works") / number < 0.95
    for part in (
        "the kernel is longer",
        "no meaning of its own",
        "does not divide",
        "must be at least 1",
        "output_padding",
    ):
        assert any(part in kind for kind in kinds), part


def test_random_settings(opened) -> None:
    sweep(opened, 240, seed=5)


@pytest.mark.deep
def test_many_random_settings(opened) -> None:
    sweep(opened, 2000, seed=6)


def test_a_transposed_kernel_that_no_group_divides(opened) -> None:
    """Once a crash of the page: there is no kernel to show, and the error says why."""
    for channels, features in ((2, 3), (3, 2), (4, 6)):
        setting = {"transposed": True, "groups": 4, "channels": channels, "features": features}
        told = ask(opened, [setting])[0]
        assert "does not divide" in compare(setting, told) and told["w"] is None


def test_the_worked_example_stands_first(opened) -> None:
    assert opened.execute_script("return convax.compute(convax.get())")["output"] == [[6, 9, 12]]
    assert opened.find_element("id", "sum").text == "y[0] = 1·1 + 2·1 + 3·1 = 6"
    assert opened.find_element("id", "numeric").text == "floor((0 + 5 + 0 - 3) / 1) + 1 = 3"


@pytest.mark.parametrize("trims", [(-3, -3), (-6, 0), (-1, -2), (2, -6)])
def test_padding_that_trims(opened, trims) -> None:
    setting = {"padding": "numbers", "before": trims[0], "after": trims[1], "taps": 1}
    compare(setting, ask(opened, [setting])[0])


def test_every_cell_of_the_page_holds_what_was_computed(opened) -> None:
    """The picture, the table and the shapes show the numbers that `convax.compute` gives."""
    opened.find_element("css selector", "#all summary").click()
    for setting in random_settings(16, seed=8):
        opened.execute_script("convax.set(arguments[0])", setting)
        told = ask(opened, [setting])[0]
        assert opened.find_element("id", "refusal").is_displayed() == (told["error"] is not None)
        if told["error"] is not None:
            assert opened.find_element("id", "refusal-what").text == told["error"]["what"]
            assert opened.find_element("id", "refusal-repair").text == told["error"]["repair"]
            assert opened.execute_script("return document.querySelectorAll('#picture .output').length") == 0
            continue
        opened.execute_script("convax.step(1e6)")
        cells = opened.execute_script(
            "return [...document.querySelectorAll('#picture .output')].map((c) => c.textContent)"
        )
        rows = opened.execute_script(
            "return [...document.querySelectorAll('#table tr')].map((r) => r.lastChild.textContent)"
        )
        values = told["output"][0]
        assert len(cells) == len(rows) == told["length"]
        np.testing.assert_allclose([number(text) for text in rows], values, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose([number(text) for text in cells], values, rtol=1e-3, atol=1e-12)
        length = opened.execute_script("return document.querySelector('.shape.y dl > div:last-child dd').textContent")
        assert length == str(told["length"])
        assert opened.find_element("id", "numeric").text == told["formula"]


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))
