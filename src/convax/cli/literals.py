"""Arguments as they are typed: arrays by their dtype and shape, anything else as Python writes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convax.cli.failure import CommandError

__all__ = ["Abstract", "parse_keyword", "parse_value", "replaced"]

_SHORT = {"f": "float", "c": "complex", "i": "int", "u": "uint"}
_SIZES = {"f": (16, 32, 64), "c": (64, 128), "i": (8, 16, 32, 64), "u": (8, 16, 32, 64)}
DTYPES = {f"{short}{bits}": f"{_SHORT[short]}{bits}" for short, sizes in _SIZES.items() for bits in sizes}
DTYPES |= {"bf16": "bfloat16", "bool": "bool"}
_STRING_OR_SCALAR = re.compile(r"""(?P<string>'[^']*'|"[^"]*")|(?<=\w)\[\s*\]""")
FORMS = "an array is written f32[8,64,1024], anything else as in Python: 3, True, \"'SAME'\""


@dataclass(frozen=True)
class Abstract:
    """An array without its values."""

    dtype: str
    shape: tuple[int, ...]


def parse_value(option: str, text: str) -> Any:
    """Reads an array's type and shape, a Python literal, or lists, tuples and dictionaries of both.

    >>> parse_value("--arg", "f32[8,64]"), parse_value("--arg", "bfloat16[]"), parse_value("--arg", "'SAME'")
    (Abstract(dtype='float32', shape=(8, 64)), Abstract(dtype='bfloat16', shape=()), 'SAME')
    >>> parse_value("--arg", "{'w': f32[3], 'scale': -0.5}")
    {'w': Abstract(dtype='float32', shape=(3,)), 'scale': -0.5}

    Args:
        option: The word before it, for the error.
        text: What was typed.

    Raises:
        CommandError: If it is neither.
    """
    # A subscript without an index is not Python: the shape of a scalar gets one.
    written = _STRING_OR_SCALAR.sub(lambda found: found["string"] or "[()]", text.strip())
    try:
        return _read(ast.parse(written, mode="eval").body)
    except CommandError as error:
        raise CommandError(f"{option} {text}: {error}") from error
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise CommandError(f"{option} {text} cannot be read: {FORMS}") from error


def parse_keyword(text: str) -> tuple[str, Any]:
    """Reads a keyword and its value.

    >>> parse_keyword("stride=2")
    ('stride', 2)

    Raises:
        CommandError: If it is not written NAME=VALUE, or the value cannot be read.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise CommandError(f"--keyword {text} is not written NAME=VALUE, such as --keyword stride=2")
    return name.strip(), parse_value(f"--keyword {name.strip()}", value)


def replaced(value: Any, by: Callable[[Abstract], Any]) -> Any:
    """A value that was read, with each array in it replaced."""
    if isinstance(value, Abstract):
        return by(value)
    if isinstance(value, (list, tuple)):
        return type(value)(replaced(each, by) for each in value)
    if isinstance(value, dict):
        return {key: replaced(each, by) for key, each in value.items()}
    return value


def _read(node: ast.expr) -> Any:
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=sizes):
            return Abstract(_dtype(name), _shape(sizes))
        case ast.List(elts=parts):
            return [_read(part) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(_read(part) for part in parts)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {ast.literal_eval(key): _read(part) for key, part in zip(keys, values, strict=True) if key}
        case _:
            return ast.literal_eval(node)


def _dtype(name: str) -> str:
    if name in DTYPES.values():
        return name
    if name not in DTYPES:
        raise CommandError(f"there is no dtype {name}: use one of {', '.join(DTYPES)}")
    return DTYPES[name]


def _shape(node: ast.expr) -> tuple[int, ...]:
    sizes = ast.literal_eval(node)
    sizes = sizes if isinstance(sizes, tuple) else (sizes,)
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise CommandError("each size of a shape is a whole number that is not negative, as in f32[8,64,1024]")
    return sizes
