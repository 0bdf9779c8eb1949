"""Axes named by letters: which axis is batch, channel and space, of the data, the kernel and the output."""

from __future__ import annotations

import dataclasses
from typing import Any

from convax.errors import ArgumentError, ArgumentTypeError

__all__ = ["Layout"]

_SPATIAL = "HWLT"
# The kernel order that belongs to a data order, as each framework pairs them.
_KERNEL_OF = {"NCH": "OIH", "NHC": "HIO"}
# Other libraries' words, for the suggestion only.
_FOREIGN = {"channels_first": "NCH", "channels_last": "NHC"}


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """Order of the axes of data, kernel and output.

    Args:
        data: A permutation of N (batch), C (channels), H (space).
        kernel: A permutation of O (output features), I (input channels), H (taps).
        out: A permutation of N, C, H.

    Example:
        >>> print(Layout.parse("NHC"))
        NHC,HIO->NHC
        >>> Layout.parse("NCT").dimension_numbers
        ((0, 1, 2), (0, 1, 2), (0, 1, 2))
    """

    data: str = "NCH"
    kernel: str = "OIH"
    out: str = "NCH"

    def __str__(self) -> str:
        return f"{self.data},{self.kernel}->{self.out}"

    @property
    def channels_last(self) -> bool:
        """True where the data's samples do not lie side by side in memory."""
        return not self.data.endswith("H")

    @property
    def result_channels_last(self) -> bool:
        """The same of the result."""
        return not self.out.endswith("H")

    @property
    def dimension_numbers(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """lax's form: the axes of (batch, feature, space), (output, input, space), (batch, feature, space)."""
        return (
            tuple(self.data.index(letter) for letter in "NCH"),
            tuple(self.kernel.index(letter) for letter in "OIH"),
            tuple(self.out.index(letter) for letter in "NCH"),
        )

    @classmethod
    def from_dimension_numbers(cls, numbers: tuple[Any, Any, Any]) -> Layout:
        """The layout of lax's axis numbers.

        Example:
            >>> print(Layout.from_dimension_numbers(((0, 2, 1), (2, 1, 0), (0, 2, 1))))
            NHC,HIO->NHC
        """
        words = []
        for letters, axes in zip(("NCH", "OIH", "NCH"), numbers, strict=True):
            words.append("".join(letters[list(axes).index(axis)] for axis in range(3)))
        return cls(*words)

    @classmethod
    def parse(cls, text: Any) -> Layout:
        """Read "NCH", "NHC" (with the kernel order that belongs to them), or "data,kernel" or "data,kernel->out".

        The spatial letter may be H, W, L or T.

        Raises:
            ArgumentTypeError: Not a string.
            ArgumentError: Letters missing, repeated, unknown or too many.

        Example:
            >>> print(Layout.parse("NTC,OIT"))
            NHC,OIH->NHC
        """
        if not isinstance(text, str) or text.lower() in _FOREIGN:
            repair = 'name the axes by letters: layout="NCH" (channels first) or "NHC" (channels last)'
            if isinstance(text, str):
                repair = f'name the axes by letters: layout="{_FOREIGN[text.lower()]}"'
            elif isinstance(text, (tuple, list)) and len(text) == 3 and all(isinstance(word, str) for word in text):
                repair = f'write the three words as one: layout="{text[0]},{text[1]}->{text[2]}"'
            kind = ArgumentError if isinstance(text, str) else ArgumentTypeError
            raise kind(f"layout={text!r} is no string of letters that name axes", repair=repair)
        head, _, out = text.replace(" ", "").upper().partition("->")
        data, _, kernel = head.partition(",")
        data_word = _word(data, "NC", "data", text)
        if kernel:
            kernel_word = _word(kernel, "OI", "kernel", text)
        elif data_word in _KERNEL_OF:
            kernel_word = _KERNEL_OF[data_word]
        else:
            raise ArgumentError(
                f"layout={text!r} does not say how the kernel's axes are ordered",
                repair=f'name them too: layout="{data},OIH"',
            )
        return cls(data_word, kernel_word, _word(out, "NC", "output", text) if out else data_word)


def _word(word: str, letters: str, whose: str, text: str) -> str:
    """`word` with its spatial letter as H, checked to name each axis once."""
    expected = f"each of {letters[0]}, {letters[1]} and one spatial letter ({', '.join(_SPATIAL)}) once"
    example = "NCH or NHC" if letters == "NC" else "OIH or HIO"
    repair = f"write {expected}, for example {example}"
    repeated = sorted({letter for letter in word if word.count(letter) > 1})
    unknown = [letter for letter in word if letter not in letters + _SPATIAL]
    spatial = [letter for letter in word if letter in _SPATIAL]
    missing = [letter for letter in letters if letter not in word]
    problem = ""
    if "," in word:
        problem = "the order of the output stands after an arrow"
        repair = f'write layout="{"->".join(text.rsplit(",", 1))}"'
    elif repeated:
        problem = f"the letter {', '.join(repeated)} stands more than once"
    elif len(spatial) > 1:
        problem = (
            f"{len(spatial)} spatial letters ({', '.join(spatial)}) name a {len(spatial)}-D convolution; convax is 1-D"
        )
    elif unknown:
        problem = f"unknown letter {', '.join(unknown)}"
    elif missing or not spatial:
        problem = f"missing: {', '.join(missing + ([] if spatial else ['the spatial letter']))}"
    if problem:
        raise ArgumentError(
            f"layout={text!r}: its {whose} order {word!r} does not name the axes ({problem})", repair=repair
        )
    return word.replace(spatial[0], "H")
