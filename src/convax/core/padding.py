"""Padding words and numbers -> samples (before, after). A new rule is one function and one line of the table."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from convax.core.arguments import as_integer
from convax.errors import ArgumentError, ArgumentTypeError

__all__ = ["PADDING_MODES", "PADDING_WORDS", "resolve_padding", "resolve_padding_mode"]

Rule = Callable[[int, int, int], tuple[int, int]]


def _valid(length: int, reach: int, stride: int) -> tuple[int, int]:
    """Only whole windows: nothing is added."""
    return 0, 0


def _same_total(length: int, reach: int, stride: int) -> int:
    """Padding for ceil(length / stride) outputs."""
    outputs = -(-length // stride)
    return max(0, (outputs - 1) * stride + reach - length)


def _same(length: int, reach: int, stride: int) -> tuple[int, int]:
    """ceil(length / stride) outputs; an odd sample goes to the end (lax's SAME)."""
    total = _same_total(length, reach, stride)
    return total // 2, total - total // 2


def _same_lower(length: int, reach: int, stride: int) -> tuple[int, int]:
    """ceil(length / stride) outputs; an odd sample goes to the start (lax's SAME_LOWER)."""
    low, high = _same(length, reach, stride)
    return high, low


def _causal(length: int, reach: int, stride: int) -> tuple[int, int]:
    """Output i sees no sample after i * stride: everything is added before the start."""
    return max(0, reach - 1), 0


def _full(length: int, reach: int, stride: int) -> tuple[int, int]:
    """Each window that touches the signal (NumPy's "full")."""
    return max(0, reach - 1), max(0, reach - 1)


PADDING_WORDS: Mapping[str, Rule] = MappingProxyType(
    {"VALID": _valid, "SAME": _same, "SAME_LOWER": _same_lower, "CAUSAL": _causal, "FULL": _full}
)

# The value is the name that `jax.numpy.pad` gives the mode; None stands for zeros, which the convolution itself adds.
PADDING_MODES: Mapping[str, str | None] = MappingProxyType(
    {"zeros": None, "reflect": "reflect", "edge": "edge", "replicate": "edge", "circular": "wrap"}
)


# Other libraries' words, for the suggestion only.
_FOREIGN = {"SAME_UPPER": "SAME", "HALF": "SAME", "WRAP": "circular", "CONSTANT": "zeros", "ZERO": "zeros"}


def nearest(word: str, words: Mapping[str, Any]) -> str:
    """A suggestion for a misspelt word: "did you mean ...?", or the list of all words."""
    by_folded = {known.casefold(): known for known in words}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    found = _FOREIGN.get(word.upper())
    if found not in words:
        found = by_folded[close[0]] if close else None
    everything = ", ".join(repr(known) for known in words)
    return f"did you mean {found!r}? The words are {everything}" if found else f"the words are {everything}"


def resolve_padding(padding: Any, length: int, reach: int, stride: int) -> tuple[int, int]:
    """Samples to add before and after, from any form in which a caller may write padding.

    Args:
        padding: A word of `PADDING_WORDS` in any case, an integer (both ends), or a pair (before, after);
            negative numbers trim. lax's form [(before, after)] is understood too.
        length: Samples in the signal.
        reach: Samples from the first to the last tap, (taps - 1) * dilation + 1.
        stride: Samples between two windows.

    Returns:
        The pair (before, after).

    Raises:
        ArgumentError: A string that is no padding word (the nearest is suggested), or a NaN.
        ArgumentTypeError: A form that is neither word, integer nor pair.

    Example:
        >>> resolve_padding("same", length=10, reach=4, stride=1)
        (1, 2)
    """
    if isinstance(padding, str):
        rule = PADDING_WORDS.get(padding.upper())
        if rule is None:
            if padding.lower() in PADDING_MODES:
                raise ArgumentError(
                    f"padding={padding!r} says what to add, and padding is how much",
                    repair=f'write both: padding="SAME", padding_mode={padding.lower()!r} (convax.conv1d takes them)',
                )
            raise ArgumentError(f"padding={padding!r} is no padding word", repair=nearest(padding, PADDING_WORDS))
        return rule(length, reach, stride)
    if isinstance(padding, (tuple, list)):
        if len(padding) == 1 and isinstance(padding[0], (tuple, list)):
            return resolve_padding(tuple(padding[0]), length, reach, stride)
        if len(padding) == 2 and not any(isinstance(entry, (tuple, list, str)) for entry in padding):
            return as_integer("padding[0]", padding[0]), as_integer("padding[1]", padding[1])
    elif padding is not None:
        amount = as_integer("padding", padding)
        return amount, amount
    raise ArgumentTypeError(
        f"padding={padding!r} is neither a word, an integer nor a pair (before, after)",
        "a 1-D convolution has one spatial axis, so one pair of integers describes its padding",
        f"write padding=(1, 2), padding=1, or a word: {', '.join(repr(word) for word in PADDING_WORDS)}",
    )


def resolve_padding_mode(mode: Any) -> str | None:
    """`jax.numpy.pad`'s name for a padding mode, None for zeros.

    Raises:
        ArgumentError: A word that is no padding mode (the nearest is suggested).

    Example:
        >>> resolve_padding_mode("circular")
        'wrap'
    """
    if isinstance(mode, str) and mode.lower() in PADDING_MODES:
        return PADDING_MODES[mode.lower()]
    if isinstance(mode, str) and mode.upper() in PADDING_WORDS:
        raise ArgumentError(
            f"padding_mode={mode!r} says how much to add, and padding_mode is what",
            repair=f"write padding={mode!r}, and padding_mode for the samples: {', '.join(map(repr, PADDING_MODES))}",
        )
    raise ArgumentError(f"padding_mode={mode!r} is no padding mode", repair=nearest(str(mode), PADDING_MODES))
