"""The page as a person uses it: by mouse, by keyboard, by link, with a screen reader, on a phone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from convax.explorer import page
from explorer.settings import Setting, random_settings
from explorer.test_values import ask, compare

PHONE, DESK = (360, 780), (1280, 900)


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, and axe-core comes from it")
    folder = tmp_path_factory.mktemp("axe")
    words = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", "axe-core"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    source = folder / "node_modules" / "axe-core" / "axe.min.js"
    if done.returncode or not source.exists():
        pytest.skip(f"npm could not install axe-core: {done.stderr.strip()[-200:]}")
    return source.read_text("utf-8")


def resize(browser: Any, size: tuple[int, int]) -> None:
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def media(browser: Any, **features: str) -> None:
    wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})


def put(browser: Any, control: str, value: Any) -> None:
    """Type a number, choose a word, or click, as a person does."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    node = browser.find_element(By.ID, control)
    if node.tag_name == "select":
        Select(node).select_by_value(str(value))
    elif node.get_attribute("type") in ("checkbox", "radio"):
        if node.is_selected() != value:
            node.click()
    else:
        node.send_keys(Keys.CONTROL, "a")
        node.send_keys(str(value))


def test_tells_its_load_time_and_loads_nothing_else(opened, record_property) -> None:
    """Measured by the browser and told, not judged: the clock of a busy machine is no test."""
    timing = (
        "const [t] = performance.getEntriesByType('navigation'); return [t.domContentLoadedEventEnd, t.loadEventEnd]"
    )
    ready, loaded = opened.execute_script(timing)
    record_property("load_ms", loaded)
    print(f"the explorer page: ready after {ready:.0f} ms, loaded after {loaded:.0f} ms")
    assert opened.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_the_controls_themselves(opened) -> None:
    """A dozen settings, put in by the real controls; what the page then holds agrees with convax."""
    chosen = [setting for setting in random_settings(60, seed=21) if setting["stride"] >= 1 and setting["groups"] >= 1]
    for setting in chosen[:12]:
        opened.find_element("id", "reset").click()
        put(opened, "transposed", setting["transposed"])
        put(opened, "flipped" if setting["flipped"] else "correlation", True)
        for name in ("length", "taps", "stride", "dilation", "channels", "features", "groups"):
            put(opened, name, setting[name])
        if setting["transposed"]:
            put(opened, "outputPadding", setting.get("outputPadding", 0))
        put(opened, "padding", setting["padding"])
        if setting["padding"] == "numbers":
            put(opened, "before", setting["before"])
            put(opened, "after", setting["after"])
        held: Setting = opened.execute_script("return convax.get()")
        for name in set(setting) - {"x", "w"}:
            assert held[name] == setting[name], name
        compare(held, ask(opened, [held])[0])


def test_numbers_can_be_typed(opened) -> None:
    put(opened, "x-values", "0.5, -1 2;4")
    put(opened, "w-values", "1 -1")
    told = opened.execute_script("return convax.compute(convax.get())")
    assert (told["x"], told["output"]) == ([[0.5, -1, 2, 4]], [[1.5, -3, -2]])
    assert opened.find_element("id", "length").get_attribute("value") == "4"
    put(opened, "w-values", "1, one")
    assert opened.find_element("id", "w-values").get_attribute("aria-invalid") == "true"
    assert "no list of numbers" in opened.find_element("id", "values-note").text
    assert opened.execute_script("return convax.get().w") == [[[1]]], "what stood there before the word"


def test_what_a_slider_cut_off_returns(opened) -> None:
    """Typed values of every channel survive a shorter length, by slider or by typing."""
    opened.execute_script("convax.set({length: 4, channels: 2, x: [[5, 6, 7, 8], [1, 3, 5, 7]]})")
    put(opened, "length", 2)
    assert opened.execute_script("return convax.get().x") == [[5, 6], [1, 3]]
    put(opened, "x-values", "9 8 7 6")
    assert opened.execute_script("return convax.get().x") == [[9, 8, 7, 6], [1, 3, 5, 7]]
    opened.find_element("id", "reset").click()
    assert opened.execute_script("return convax.get().x") == [[1, 2, 3, 4, 5]]


@pytest.mark.parametrize("seed", range(3))
def test_a_link_brings_the_setting_back(opened, seed) -> None:
    for setting in random_settings(6, seed=30 + seed):
        opened.execute_script("convax.set(arguments[0])", setting)
        held, link = opened.execute_script("return [convax.get(), location.href]")
        opened.get("about:blank")
        opened.get(link)
        assert opened.execute_script("return convax.get()") == held


@pytest.mark.parametrize(
    "hash",
    [
        "length=NaN&taps=1e99",
        "padding=nonsense",
        "x=<img src=x onerror=alert(1)>",
        "w=1,2;;3&x=,,",
        "%E0%A4%A",
        "a=b=c&&&=",
        "length=-5&channels=1000",
    ],
)
def test_a_broken_link_does_no_harm(opened, hash) -> None:
    opened.get("about:blank")
    opened.get(f"{page().as_uri()}#{hash}")
    held = opened.execute_script("return convax.get()")
    compare(held, ask(opened, [held])[0])


def test_keyboard_alone(opened) -> None:
    """Every control is reached by Tab, in the order in which it stands, with a visible focus; arrows step."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys: str) -> None:
        ActionChains(opened).send_keys(*keys).perform()

    opened.execute_script("document.body.focus()")
    press(Keys.ARROW_RIGHT)
    assert opened.find_element("id", "position").text == "2 / 3"
    press(Keys.END)
    assert opened.find_element("id", "sum").text.endswith("= 12")
    press(Keys.HOME, Keys.ARROW_LEFT)
    assert opened.find_element("id", "position").text == "1 / 3"

    wanted = opened.execute_script(
        "return [...document.querySelectorAll('a, button, input, select, summary, [tabindex=\"0\"]')]"
        ".filter((n) => n.checkVisibility() && !n.disabled && n.tabIndex >= 0"
        " && !(n.type === 'radio' && !n.checked)).length"
    )
    reached, tops = [], []
    for _ in range(wanted):
        press(Keys.TAB)
        name, outline, top = opened.execute_script(
            "const n = document.activeElement, s = getComputedStyle(n);"
            "return [n.id || n.dataset.fill || n.textContent, s.outlineStyle + ' ' + s.outlineWidth,"
            " n.getBoundingClientRect().height]"
        )
        reached.append(name)
        tops.append(top)
        assert outline == "solid 3px", name
    assert len(set(reached)) == wanted
    for name in (
        "scroller",
        "play",
        "scrub",
        "x-values",
        "length-slider",
        "length",
        "padding",
        "transposed",
        "tab-convax",
        "code",
    ):
        assert name in reached, name
    assert reached[0] == "Skip to the controls" and min(tops) > 0

    opened.find_element("id", "tab-convax").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert opened.find_element("css selector", "[role=tab][aria-selected=true]").text == "jax.numpy"
    assert "jnp.correlate" in opened.find_element("id", "code").text
    opened.find_element("id", "length-slider").send_keys(Keys.ARROW_RIGHT)
    assert opened.execute_script("return convax.get().length") == 6
    opened.find_element("id", "scrub").send_keys(Keys.ARROW_RIGHT)
    assert opened.find_element("id", "position").text == "2 / 4"
    opened.find_element("id", "play").send_keys(Keys.ARROW_RIGHT)
    assert opened.find_element("id", "position").text == "3 / 4"


def test_a_field_that_is_being_typed_in_keeps_its_arrows(opened) -> None:
    from selenium.webdriver.common.keys import Keys

    opened.find_element("id", "x-values").send_keys(Keys.ARROW_RIGHT, Keys.END)
    assert opened.find_element("id", "position").text == "1 / 3"


def test_plays_to_the_end_and_pauses(opened) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    play = opened.find_element("id", "play")
    play.click()
    assert play.get_attribute("aria-label") == "Pause"
    WebDriverWait(opened, 10).until(lambda browser: browser.find_element("id", "position").text == "3 / 3")
    WebDriverWait(opened, 10).until(lambda browser: play.get_attribute("aria-label") == "Play")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_steps_glide_only_where_motion_is_welcome(opened, motion) -> None:
    media(opened, prefers_reduced_motion=motion)
    place = "document.querySelector('#picture .tap').getAttribute('transform')"
    moved = f"const a = {place}; document.getElementById('forward').click(); return a === {place}"
    assert opened.execute_script(moved) == (motion != "reduce")


def test_what_a_screen_reader_is_told(opened) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    def hears(text: str) -> None:
        WebDriverWait(opened, 5).until(
            lambda browser: text in browser.find_element("id", "live").get_attribute("textContent")
        )

    opened.find_element("id", "forward").click()
    hears("output 1 of 3: the window covers samples 1 to 3; 2 times 1, plus 3 times 1, plus 4 times 1, is 9")
    put(opened, "taps", 7)
    hears("Cannot work: the kernel is longer than the input")
    put(opened, "padding", "SAME")
    hears("Output length 5")
    assert "zeros (3 of padding)" in opened.find_element("id", "picture-text").get_attribute("textContent")


HASHES = [
    "",
    "length=3&taps=5",
    "length=12&dilation=3&padding=CAUSAL",
    "channels=2&features=3&stride=2&transposed=1",
    "padding=-1,2&features=2",
    "length=40&taps=16&dilation=3&channels=6&features=2&padding=SAME",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_accessibility(opened, axe, size, scheme) -> None:
    """axe-core finds no violation, in both colours, narrow and wide, working and refused."""
    resize(opened, size)
    media(opened, prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    opened.execute_script(axe)
    for hash in HASHES:
        opened.execute_script(
            "location.hash = arguments[0]; for (const d of document.querySelectorAll('details')) d.open = true", hash
        )
        found = opened.execute_async_script(
            "const done = arguments[arguments.length - 1]; setTimeout(() => axe.run(document).then(done), 50)"
        )
        broken = [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found["violations"]]
        assert broken == [], hash
        assert len(found["passes"]) > 20


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1920])
def test_nothing_hangs_over_the_side(opened, width) -> None:
    resize(opened, (width, 800))
    for hash in HASHES:
        opened.execute_script("location.hash = arguments[0]", hash)
        opened.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        assert opened.execute_script("return document.documentElement.scrollWidth") <= width, hash


def test_the_window_stays_in_sight(opened) -> None:
    """On a phone the picture scrolls along with the window."""
    resize(opened, PHONE)
    media(opened, prefers_reduced_motion="reduce")
    opened.execute_script("location.hash = 'length=40'")
    for output in (37, 0, 20):
        seen = opened.execute_async_script(
            "convax.step(arguments[0]); const done = arguments[1]; requestAnimationFrame(() => {"
            "const room = document.getElementById('scroller').getBoundingClientRect();"
            "done([...document.querySelectorAll('#picture .tap, #picture .output.now')].every((n) => {"
            "const box = n.getBoundingClientRect(); return box.left >= room.left && box.right <= room.right; })); })",
            output,
        )
        assert seen, output


def test_code_is_copied(opened) -> None:
    opened.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    opened.find_element("id", "tab-numpy").click()
    opened.find_element("id", "copy-code").click()
    text = opened.execute_async_script(
        "setTimeout(() => navigator.clipboard.readText().then(arguments[0], arguments[0]), 200)"
    )
    assert "np.correlate(x, w" in str(text)


def test_a_copy_elsewhere_works_as_well(opened, tmp_path: Path) -> None:
    copy = shutil.copy(page(), tmp_path / "copy of the page.html")
    opened.get(Path(copy).as_uri() + "#length=9&stride=2")
    assert opened.find_element("id", "position").text == "1 / 4"
