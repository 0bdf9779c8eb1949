"""The process in which a learner's file is judged: it may loop, crash or leave, and the command goes on.

Whatever happens is written into a folder that the command made: what is being done, the verdict, and where the
program was when its time was over. What the file prints has no part in it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.util
import json
import os
import pathlib
import re
import sys
import traceback
import types
from collections.abc import Sequence
from typing import Any

__all__ = ["AT", "STACK", "VERDICT", "main"]

VERDICT, AT, STACK = "verdict.json", "at.txt", "stack.txt"
MEMORY = 8 << 30  # bytes of memory that the process may ask for
OUTPUT = 16 << 20  # bytes that it may write into one file
SHOWN = 5  # functions of a file, in an error


def main(words: Sequence[str]) -> None:
    """Judges a file and ends the process.

    Args:
        words: The file, the exercise's name, the folder for the outcome, and seconds for the learner's code.
    """
    file, name, folder, seconds = pathlib.Path(words[0]), words[1], pathlib.Path(words[2]), float(words[3])
    _limit()
    stack = (folder / STACK).open("w")
    faulthandler.enable(stack)
    try:
        import jax

        from convax.practice import judge as _  # noqa: F401

        jax.devices()
        faulthandler.dump_traceback_later(seconds, exit=True, file=stack)
        outcome = _judged(file, name, folder)
    except KeyboardInterrupt:  # nobody's Ctrl-C: this process has no terminal
        outcome = _interrupted(name)
    except BaseException:  # ours, for the learner's are caught where they are called
        outcome = {"bug": traceback.format_exc()}
    faulthandler.cancel_dump_traceback_later()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    part = folder / f"{VERDICT}.part"
    part.write_text(json.dumps(outcome), "utf-8")
    os.replace(part, folder / VERDICT)
    os._exit(0)  # threads and exit handlers of the learner's file are not waited for


def _judged(file: pathlib.Path, name: str, folder: pathlib.Path) -> dict[str, Any]:
    from convax.practice import show
    from convax.practice.failures import Failure, call, in_words
    from convax.practice.judge import judge
    from convax.practice.verdict import Verdict

    def watch(text: str) -> None:
        (folder / AT).write_text(text, "utf-8")

    watch(f"while {file.name} was imported, before any call")
    sys.path.insert(0, str(file.resolve().parent))  # as for a script; JAX is imported already
    module = call(lambda: _loaded(file))
    if isinstance(module, Failure):
        finding = in_words(module.error, str(file.resolve()))
        first = finding.lines[0].replace("your function raises", f"{file.name} cannot be run: it raises")
        lines = (first, *finding.lines[1:])
        kind = "syntax error" if isinstance(module.error, SyntaxError) else finding.diagnosis
        repair = "mend that first" if finding.diagnosis == "raises" else finding.repair
        return Verdict(name, False, kind, lines, (), repair).to_plain()
    function = getattr(module, name, None)
    if not callable(function):
        return _missing(module, file, name)
    verdict: Verdict = judge(function, show(name), watch)
    return verdict.to_plain()


def _interrupted(name: str) -> dict[str, Any]:
    from convax.practice.verdict import Verdict

    return Verdict(name, False, "raises", ("your code raises KeyboardInterrupt",), (), "let it return").to_plain()


def _loaded(file: pathlib.Path) -> types.ModuleType:
    """Runs the file as a module; what stands under `if __name__ == "__main__"` is left alone."""
    name = re.sub(r"\W", "_", f"_practice_{file.stem}")
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(file))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(file.resolve())
    sys.modules[name] = module  # dataclasses look their module up there
    exec(compile(file.read_bytes(), str(file.resolve()), "exec"), vars(module))
    return module


def _missing(module: types.ModuleType, file: pathlib.Path, name: str) -> dict[str, Any]:
    from convax.practice import show
    from convax.practice.verdict import Verdict

    own = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    names = f"it has {', '.join(own[:SHOWN])}" if own else "it has no function at all"
    says = f"{file.name} has no function {name}: {names}"
    if hasattr(module, name):
        kind = type(getattr(module, name)).__name__
        says = f"{name} in {file.name} is {'an' if kind[0] in 'aeiou' else 'a'} {kind}, and no function"
    return Verdict(name, False, "no function", (says,), (), f"def {show(name).call}:").to_plain()


def _limit() -> None:
    """Bounds memory and files, where the system can; JAX on the CPU needs a fraction of it."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    for kind, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_FSIZE, OUTPUT), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
