"""The package as a whole: what it exports, what importing it costs, and the form of its files."""

from __future__ import annotations

import ast
import importlib
import inspect
import pathlib
import pkgutil
import subprocess
import sys
import types

import pytest

import convax

ROOT = pathlib.Path(convax.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
# The command's modules need the extras of `convax[cli]`, which its own tests cover.
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages([str(ROOT)], "convax.")
    if not name.startswith("convax.cli") and not name.endswith("__main__")
]
LONGEST = 300


def relative(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def run(*lines: str) -> str:
    """What a fresh interpreter prints."""
    program = "\n".join(("import sys", *lines))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class TestNames:
    """Exports are complete, lazy and true to the types."""

    @pytest.mark.parametrize("name", convax.__all__)
    def test_resolves(self, name: str) -> None:
        assert getattr(convax, name) is not None
        assert name in dir(convax)

    def test_nothing_twice(self) -> None:
        assert len(set(convax.__all__)) == len(convax.__all__)

    def test_unknown_name(self) -> None:
        with pytest.raises(AttributeError, match="module 'convax' has no attribute 'conv2d'"):
            convax.conv2d  # noqa: B018

    def test_what_type_checkers_see_is_what_is_loaded(self) -> None:
        """The imports under TYPE_CHECKING and the table of lazy names are one list, written twice by need."""
        tree = ast.parse((ROOT / "__init__.py").read_text("utf-8"))
        (block,) = (
            node
            for node in tree.body
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        )
        seen: dict[str, str] = {}
        for node in block.body:
            assert isinstance(node, ast.ImportFrom) and node.module is not None
            for alias in node.names:
                assert alias.asname == alias.name, "`import x as x` is what marks a name as exported"
                seen[alias.name] = node.module
        modules = {name for name, module in seen.items() if module == "convax"}
        assert modules == set(convax._MODULES)
        assert {name: module for name, module in seen.items() if name not in modules} == convax._MODULE_OF

    @pytest.mark.parametrize("module", MODULES)
    def test_every_module_says_what_it_exports(self, module: str) -> None:
        loaded = importlib.import_module(module)
        exported = getattr(loaded, "__all__", None)
        assert exported is not None, "__all__ is missing"
        assert len(set(exported)) == len(exported)
        for name in exported:
            assert hasattr(loaded, name)


class TestImports:
    """What importing costs."""

    def test_convax_imports_no_jax(self) -> None:
        assert run("import convax", "print([name for name in ('jax', 'numpy') if name in sys.modules])") == "[]"

    def test_core_imports_no_jax(self) -> None:
        assert run("import convax.core", "print([name for name in ('jax', 'numpy') if name in sys.modules])") == "[]"

    def test_planning_starts_no_backend(self) -> None:
        """Importing everything leaves the choice of a backend, and its seconds, to the first computation."""
        lines = (
            "import convax, jax",
            "from jax._src import xla_bridge",
            "[getattr(convax, name) for name in convax.__all__]",
            "print(xla_bridge.backends_are_initialized())",
        )
        assert run(*lines) == "False"

    def test_public_names_leave_jax_s_settings_alone(self) -> None:
        lines = (
            "import jax",
            "before = dict(jax.config.values)",
            "import convax; [getattr(convax, name) for name in convax.__all__]",
            "print(before == dict(jax.config.values))",
        )
        assert run(*lines) == "True"


class TestFiles:
    """The form of the source."""

    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_is_short(self, path: pathlib.Path) -> None:
        assert len(path.read_text("utf-8").splitlines()) <= LONGEST

    @pytest.mark.parametrize("path", FILES, ids=relative)
    def test_has_a_name_and_a_first_sentence(self, path: pathlib.Path) -> None:
        assert path.stem not in ("utils", "util", "helpers", "common", "misc")
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        assert docstring and docstring.splitlines()[0].rstrip().endswith((".", "!", ","))

    def test_is_marked_as_typed(self) -> None:
        assert (ROOT / "py.typed").exists()

    def test_only_one_file_reaches_behind_jax(self) -> None:
        """Names beyond JAX's documented surface are used in jax_internals alone."""
        behind = ("jax._src", "jax.interpreters", "jax.core")
        users = set()
        for path in FILES:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    imported = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    imported = [f"{node.module}.{alias.name}" for alias in node.names]
                else:
                    continue
                if any(name.startswith(prefix) for name in imported for prefix in behind):
                    users.add(relative(path))
        assert users <= {"jax_internals.py"}


FUNCTIONS = [name for name in convax.__all__ if isinstance(getattr(convax, name), types.FunctionType)]


class TestDocstrings:
    """Public functions are described in the same sections."""

    def test_there_are_functions(self) -> None:
        assert {"conv1d", "convolve", "plan"} <= set(FUNCTIONS)

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_sections(self, name: str) -> None:
        function = inspect.unwrap(getattr(convax, name))
        docstring = inspect.getdoc(function)
        assert docstring and docstring.splitlines()[0].endswith((".", ":"))
        if not inspect.signature(function).parameters:
            return
        assert "\nExample:\n    >>> " in docstring
        if not inspect.isgeneratorfunction(function):
            assert "\nArgs:\n" in docstring and "\nReturns:\n" in docstring

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_every_argument_is_described(self, name: str) -> None:
        function = inspect.unwrap(getattr(convax, name))
        if inspect.isgeneratorfunction(function):
            return
        described = (inspect.getdoc(function) or "").partition("\nArgs:\n")[2].partition("\n\n")[0]
        names = [
            line.strip().partition(":")[0].lstrip("*") for line in described.splitlines() if line.startswith("    ")
        ]
        for parameter in inspect.signature(function).parameters:
            assert parameter in names, f"{parameter} is not described"

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_types_are_written(self, name: str) -> None:
        signature = inspect.signature(inspect.unwrap(getattr(convax, name)))
        assert signature.return_annotation is not inspect.Signature.empty
        for parameter in signature.parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty
