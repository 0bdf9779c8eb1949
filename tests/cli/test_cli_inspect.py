"""`convax inspect` prints what `convax.inspect` returns, for functions of any file and shapes named on the spot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

import convax
from convax.cli import inspect as inspect_module
from convax.cli.inspect import squares_differentiated
from convax.cli.literals import Abstract, parse_value

MODEL = '''
"""A network of two layers, as somebody would write it."""
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from helper import STRIDE

WEIGHTS = [1, 2]


@dataclass(frozen=True)
class Layer:
    padding: str


def forward(x, w, padding="SAME", *, stride=STRIDE):
    y = jax.lax.conv_general_dilated(x, w, (stride,), Layer(padding).padding)
    return jax.nn.relu(y)


def network(parameters, x, depth: int = 1):
    for _ in range(depth):
        x = forward(x, parameters["w"], stride=1) + parameters["b"]
    return {"out": x, "name": "network"}


def counts(x):
    return jnp.argmax(x)


def talkative(x, w):
    print("tracing")
    return forward(x, w)


def broken(x, w):
    if x.ndim == 3:
        raise RuntimeError("first line\\n\\nand many more")
    return x


def decides(x):
    return x if x.sum() > 0 else -x


class Net:
    def __call__(self, x, w):
        return forward(x, w)


net = Net()
'''
BROKEN = {
    "divides.py": "\n\nx = 1 / 0\n",
    "unfinished.py": "def forward(x:\n    return x\n",
    "needs.py": "import no_such_package_at_all\n",
    "leaves.py": "import sys\nsys.exit(0)\n",
    "relative.py": "from . import helper\n",
    "borrows.py": "import divides\n",
    "empty.py": "",
}
X, W = "f32[8,16,100]", "f32[16,16,3]"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with a model, its helper, and files that cannot be imported."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "helper.py").write_text("STRIDE = 2\n")
    (tmp_path / "text.txt").write_text("no Python")
    (tmp_path / "there.html").write_text("precious")
    for name, text in BROKEN.items():
        (tmp_path / name).write_text(text)
    yield tmp_path
    for name in ("model", "helper", "divides", "borrows"):
        sys.modules.pop(name, None)  # the next test's folder has its own


def shape(*sizes: int, dtype: str = "float32") -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(sizes, dtype)


def layer(x, w, padding="SAME", stride=2):
    return jax.nn.relu(jax.lax.conv_general_dilated(x, w, (stride,), padding))


def without_sources(table: dict[str, object]) -> dict[str, object]:
    """The same function stands on other lines here."""
    rows = [{key: value for key, value in row.items() if key != "source"} for row in table["convolutions"]]
    return table | {"convolutions": rows}


# What it prints.


@pytest.mark.parametrize("target", ["model.py:forward", "./model.py:forward", "model:forward", "model.py:net.__call__"])
def test_it_prints_the_table(command, target) -> None:
    outcome = command("inspect", target, "--arg", X, "--arg", W)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("1 one-dimensional convolution, times estimated for cpu\n")
    assert "model.py:18 (forward)" in outcome.out
    assert "O16 I16 K3" in outcome.out and "N8 O16 L50" in outcome.out  # the helper's stride


def test_it_is_the_text_of_the_inspection(command, folder, monkeypatch) -> None:
    outcome = command("inspect", "model.py:forward", "--arg", X, "--arg", W)
    monkeypatch.syspath_prepend(folder)
    import model

    assert outcome.out == f"{convax.inspect(model.forward)(shape(8, 16, 100), shape(16, 16, 3))}\n"


def test_an_absolute_path_elsewhere_finds_its_own_helper(command, folder, tmp_path_factory, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    before = list(sys.path)
    assert "L50" in command("inspect", f"{folder / 'model.py'}:forward", "--arg", X, "--arg", W).out
    assert sys.path == before


def test_a_file_may_have_the_name_of_a_package(command, folder) -> None:
    import numpy

    (folder / "sub").mkdir()
    (folder / "sub" / "numpy.py").write_text("import jax\ndef f(x, w):\n    return jax.lax.conv(x, w, (1,), 'SAME')\n")
    assert command("inspect", "sub/numpy.py:f", "--arg", X, "--arg", W).code == 0
    assert sys.modules["numpy"] is numpy


def test_a_function_of_a_package(command) -> None:
    assert command("inspect", "convax:conv1d_basic", "--arg", "f32[100]", "--arg", "f32[5]").code == 0
    assert "L96" in command("inspect", "jax.numpy:convolve", "--arg", "f32[100]", "--arg", "f32[5]",
                            "--arg", "'valid'").out  # fmt: skip


def test_json_is_the_inspections_and_nothing_else(command) -> None:
    outcome = command("inspect", "model.py:talkative", "--arg", X, "--arg", W, "--json")
    assert outcome.code == 0 and outcome.err == "tracing\n"
    found = convax.inspect(layer)(shape(8, 16, 100), shape(16, 16, 3))
    assert without_sources(json.loads(outcome.out)) == without_sources(json.loads(found.to_json()))


def test_other_arguments_and_keywords(command) -> None:
    words = ["--arg", X, "--arg", W, "--arg", "'VALID'", "--keyword", "stride=1", "--json"]
    (row,) = json.loads(command("inspect", "model.py:forward", *words).out)["convolutions"]
    assert (row["output"]["length"], row["padding"]) == (98, [0, 0])


def test_trees_of_arrays(command) -> None:
    parameters = "{'w': f32[16,16,3], 'b': f32[]}"
    found = command("inspect", "model.py:network", "--arg", parameters, "--arg", X, "--arg", "3", "--json")
    assert len(json.loads(found.out)["convolutions"]) == 3


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16", "complex64", "complex128", "int32"])
def test_dtypes_are_kept(command, dtype) -> None:
    outcome = command("inspect", "model.py:network", "--arg", f"{{'w': {dtype}[4,4,3], 'b': {dtype}[]}}",
                      "--arg", f"{dtype}[2,4,9]", "--json")  # fmt: skip
    assert json.loads(outcome.out)["convolutions"][0]["dtype"] == dtype
    assert not jax.config.jax_enable_x64


def test_the_platform_is_passed_on(command) -> None:
    assert "estimated for cuda" in command("inspect", "model.py:forward", "--arg", X, "--arg", W,
                                           "--platform", "cuda").out  # fmt: skip


# The gradient.


def test_the_gradient_is_that_of_the_sum_of_squares(command) -> None:
    outcome = command("inspect", "model.py:forward", "--arg", X, "--arg", W, "--gradient", "--json")
    found = convax.inspect(jax.value_and_grad(lambda x, w: (layer(x, w) ** 2).sum(), (0, 1)))(
        shape(8, 16, 100), shape(16, 16, 3)
    )
    kinds = ["backward", "data", "kernel", "output", "stride", "dilation", "upsample", "padding"]
    ours, theirs = (
        [{kind: row[kind] for kind in kinds} for row in table["convolutions"]]
        for table in (json.loads(outcome.out), found.as_dict())
    )
    assert [row["backward"] for row in ours] == [False, True, True]
    assert ours == json.loads(json.dumps(theirs))


def test_the_gradient_goes_through_trees_and_passes_over_what_is_no_number(command) -> None:
    words = ["--arg", "{'w': f32[16,16,3], 'b': f32[]}", "--arg", X, "--arg", "2", "--gradient", "--json"]
    rows = json.loads(command("inspect", "model.py:network", *words).out)["convolutions"]
    assert [row["backward"] for row in rows].count(True) == 4


def test_the_gradient_of_complex_results() -> None:
    value, (slope,) = squares_differentiated(lambda x: x * (3 + 4j))(jax.numpy.array([2.0]))
    assert (value, slope.tolist()) == (100.0, [100.0])


# The page.


def test_the_page_is_whole_and_stands_alone(command, folder) -> None:
    outcome = command("inspect", "model.py:forward", "--arg", X, "--arg", W, "--html", "page.html")
    assert outcome.code == 0 and outcome.out.endswith("wrote   page.html\n") and "L50" in outcome.out
    page = (folder / "page.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and page.endswith("</html>\n")
    assert "model.py:forward</title>" in page and "<code>(f32[8,16,100], f32[16,16,3])</code>" in page
    assert page.count("<table>") == 1 and "http" not in page and "<script" not in page


def test_the_page_and_json(command, folder) -> None:
    outcome = command("inspect", "model.py:forward", "--arg", X, "--arg", W, "--html", "page.html", "--json")
    assert json.loads(outcome.out) and (folder / "page.html").exists()


def test_what_is_typed_is_escaped_in_the_page(command, folder) -> None:
    (folder / "a<b>.py").write_text("def f(x, name):\n    return x\n")
    command("inspect", "a<b>.py:f", "--arg", "f32[3]", "--arg", "'<script>'", "--html", "page.html")
    page = (folder / "page.html").read_text("utf-8")
    assert "a&lt;b&gt;.py:f" in page and "<script" not in page and "no one-dimensional convolution" in page


def test_an_existing_page_is_replaced_only_by_force(command, refused, folder) -> None:
    words = ["inspect", "model.py:forward", "--arg", X, "--arg", W, "--html", "there.html"]
    assert "there.html exists already: choose another name, or add --force" in refused(*words)
    assert (folder / "there.html").read_text() == "precious"
    assert command(*words, "--force").code == 0
    assert (folder / "there.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_leaves_the_old_page(command, folder, monkeypatch, sent, code) -> None:
    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), sent)

    monkeypatch.setattr(inspect_module, "as_page", interrupt)
    before = files(folder)
    outcome = command("inspect", "model.py:forward", "--arg", X, "--arg", W, "--html", "there.html", "--force")
    assert outcome.code == code
    assert files(folder) == before


# What does not fit.

CASES = [
    # The function.
    ("missing.py:f", "missing.py does not exist: give FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION"),
    ("no_such_module_at_all:f", "there is no module no_such_module_at_all: give FILE.py:FUNCTION"),
    ("jax.nonsense:f", "there is no module jax.nonsense: give FILE.py:FUNCTION"),
    ("./text.txt:f", "./text.txt is not a file of Python"),
    ("model.py", "model.py names no function: give FILE.py:FUNCTION"),
    ("model.py:", "model.py: names no function"),
    ("model.py:a-b", "model.py:a-b names no function"),
    ("model.py:forwrd", "model.py has no function forwrd: did you mean forward?"),
    ("model.py:zzz", "model.py has no function zzz: it has forward, network, counts, talkative, broken, ..."),
    ("empty.py:f", "empty.py has no function f, and no function at all: define one"),
    ("model.py:WEIGHTS", "model.py:WEIGHTS is of type list and not a function: it has forward, network"),
    ("model.py:Net", "model.py:Net is a class and not a function: it has forward"),
    # Its module.
    ("divides.py:f", "divides.py raises when it is imported: divides.py, line 3: ZeroDivisionError: division by zero; "
                     "mend that first"),
    ("divides:f", "divides raises when it is imported: divides.py, line 3: ZeroDivisionError: division by zero"),
    ("borrows.py:f", "borrows.py raises when it is imported: divides.py, line 3: ZeroDivisionError"),
    ("unfinished.py:f", "unfinished.py raises when it is imported: unfinished.py, line 1: SyntaxError: "),
    ("needs.py:f", "needs.py, line 1: ModuleNotFoundError: No module named 'no_such_package_at_all'; install that"),
    ("needs:f", "needs.py, line 1: ModuleNotFoundError: No module named 'no_such_package_at_all'; install that"),
    ("leaves.py:f", 'leaves.py, line 2: SystemExit: 0; keep what runs as a program under if __name__ == "__main__"'),
    ("relative.py:f", "name it as PACKAGE.MODULE:FUNCTION, since it belongs to a package"),
    # The arguments.
    ("model.py:forward --arg f32[8,64", "--arg f32[8,64 cannot be read: an array is written f32[8,64,1024], anything"),
    ("model.py:forward --arg SAME", "--arg SAME cannot be read: an array is written f32[8,64,1024], anything else as"),
    ("model.py:forward --arg f32[a]", "--arg f32[a] cannot be read"),
    ("model.py:forward --arg f(3)", "--arg f(3) cannot be read"),
    ("model.py:forward --arg f31[8]", "--arg f31[8]: there is no dtype f31: use one of f16, f32, f64"),
    ("model.py:forward --arg f32[-1]", "--arg f32[-1]: each size of a shape is a whole number that is not negative"),
    ("model.py:forward --arg f32[1.5]", "each size of a shape is a whole number"),
    ("model.py:forward --arg f32[True]", "each size of a shape is a whole number"),
    ("model.py:forward --keyword stride", "--keyword stride is not written NAME=VALUE, such as --keyword stride=2"),
    ("model.py:forward --keyword 2=3", "--keyword 2=3 is not written NAME=VALUE"),
    ("model.py:forward --keyword stride=f", "--keyword stride f cannot be read"),
    ("model.py:forward --keyword stride=1 --keyword stride=2", "--keyword stride is given twice: keep one"),
    # The call.
    (f"model.py:forward --arg {X}", "model.py:forward(x, w, padding='SAME', *, stride=2) was given 1 argument: "
                                    "missing a required argument: 'w'; give each by its own --arg 'f32[8,64,1024]'"),
    ("model.py:forward --arg 1 --arg 2 --arg 3 --arg 4", "was given 4 arguments: too many positional arguments"),
    (f"model.py:forward --arg {X} --arg {W} --keyword hop=2", "was given 2 arguments and hop: got an unexpected"),
    (f"model.py:forward --arg {X} --arg f32[16,8,3]", "model.py:forward fails on (f32[8,16,100], f32[16,8,3]): "
                                                      "model.py, line 18: "),
    (f"model.py:broken --arg {X} --arg {W}", "model.py, line 39: RuntimeError: first line; change the arguments or"),
    ("model.py:decides --arg f32[3]", "model.py, line 44: TracerBoolConversionError: "),
    ("convax:conv1d_basic --arg f32[3] --arg f32[5]", "convax:conv1d_basic fails on (f32[3], f32[5]): "),
    # The gradient.
    ("model.py:forward --arg i32[1,4,9] --arg i32[4,4,3] --gradient", "--gradient has nothing to differentiate by: "
                                                                      "give an array of floats, such as --arg"),
    ("model.py:counts --arg f32[9] --gradient", "--gradient has nothing to differentiate: the function returns no"),
    # The page.
    (f"model.py:forward --arg {X} --arg {W} --html no/page.html", "the folder no of the output page.html does not"),
    (f"model.py:forward --arg {X} --arg {W} --html model.py --force", "model.py is also read by this command"),
    ("", "Missing argument"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "part"), CASES, ids=[words for words, _ in CASES])
def test_what_does_not_fit_is_one_line(refused, folder, words, part) -> None:
    before = files(folder)
    line = refused("inspect", *words.split())
    assert part in line
    assert files(folder) == before


def test_a_ways_own_error_is_told_whole(refused) -> None:
    """convax's errors keep their arithmetic and their repair."""
    assert "repair" in refused("inspect", "convax:conv1d_basic", "--arg", "f32[3]", "--arg", "f32[5]")


def test_a_bug_keeps_its_traceback(monkeypatch) -> None:
    from convax.cli import main
    from convax.transform import inspection

    monkeypatch.setattr(inspection, "inspection_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["inspect", "model.py:forward", "--arg", X, "--arg", W])


def test_a_termination_while_importing_is_no_error_of_the_file(command, folder) -> None:
    (folder / "slow.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")
    assert command("inspect", "slow.py:f") == (143, "", "")


# Values.


def test_values_are_arrays_or_literals() -> None:
    texts = ["f32[8, 64,1024]", "f64[]", "bf16[3]", "c128[0]", "u8[2,]", "bool[4]", "int64[1_000]", "3", "-2.5",
             "'f32[]'", "None", "[1, (f32[2], 'a')]", "{}"]  # fmt: skip
    assert [parse_value("--arg", text) for text in texts] == [
        Abstract("float32", (8, 64, 1024)), Abstract("float64", ()), Abstract("bfloat16", (3,)),
        Abstract("complex128", (0,)), Abstract("uint8", (2,)), Abstract("bool", (4,)), Abstract("int64", (1000,)),
        3, -2.5, "f32[]", None, [1, (Abstract("float32", (2,)), "a")], {},
    ]  # fmt: skip


def test_help_answers_without_importing_jax() -> None:
    code = """
import sys
from convax.cli import main
try:
    main(["inspect", "--help"])
except SystemExit as leaving:
    code = leaving.code
print("loaded:", sorted(set(sys.modules) & {"jax", "jaxlib", "numpy"}), "code:", code)
"""
    paths = [str(Path(convax.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths).strip(os.pathsep)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "loaded: [] code: 0" in done.stdout and "f32[8,64,1024]" in done.stdout


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
