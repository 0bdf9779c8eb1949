"""Axes that are not named."""

from __future__ import annotations

from convax.errors import ArgumentError, ArgumentTypeError
from ops.mistakes.mistake import Mistake

LAYOUTS = {
    "a repeated letter": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCC')",
        ArgumentError,
        what=("layout='NCC'", "the letter C stands more than once"),
        repair=("each of N, C and one spatial letter", "NCH or NHC"),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH')",
        shape=(1, 1, 6),
    ),
    "a missing letter": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NH')",
        ArgumentError,
        what=("layout='NH'", "missing: C"),
        repair=("NCH or NHC",),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH')",
        shape=(1, 1, 6),
    ),
    "no spatial letter": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NC')",
        ArgumentError,
        what=("layout='NC'", "missing: the spatial letter"),
        repair=("H, W, L, T",),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCL')",
        shape=(1, 1, 6),
    ),
    "an unknown letter": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCX')",
        ArgumentError,
        what=("layout='NCX'", "unknown letter X"),
        repair=("H, W, L, T",),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCT')",
        shape=(1, 1, 6),
    ),
    "two spatial letters": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCHW')",
        ArgumentError,
        what=("layout='NCHW'", "2-D convolution; convax is 1-D"),
        repair=("NCH or NHC",),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCW')",
        shape=(1, 1, 6),
    ),
    "a repeated letter of the kernel": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH,OOH')",
        ArgumentError,
        what=("kernel order 'OOH'", "the letter O"),
        repair=("each of O, I", "OIH or HIO"),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH,OIH')",
        shape=(1, 1, 6),
    ),
    "a missing letter of the output": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH->NC')",
        ArgumentError,
        what=("output order 'NC'", "missing"),
        repair=("NCH or NHC",),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH->NHC')",
        shape=(1, 6, 1),
    ),
    "no order for the kernel": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='CNH')",
        ArgumentError,
        what=("layout='CNH'", "kernel"),
        repair=('layout="CNH,OIH"',),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='CNH,OIH')",
        shape=(1, 1, 6),
    ),
    "a comma for the arrow": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH,OIH,NHC')",
        ArgumentError,
        what=("layout='NCH,OIH,NHC'",),
        repair=('layout="NCH,OIH->NHC"',),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH,OIH->NHC')",
        shape=(1, 6, 1),
    ),
    "Keras's words": Mistake(
        "conv1d(ones(1, 8, 1), ones(3, 1, 1), layout='channels_last')",
        ArgumentError,
        what=("layout='channels_last'",),
        repair=('layout="NHC"',),
        repaired="conv1d(ones(1, 8, 1), ones(3, 1, 1), layout='NHC')",
        shape=(1, 6, 1),
    ),
    "lax's tuple": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout=('NCH', 'OIH', 'NCH'))",
        ArgumentTypeError,
        what=("layout=('NCH', 'OIH', 'NCH')",),
        repair=('layout="NCH,OIH->NCH"',),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH,OIH->NCH')",
        shape=(1, 1, 6),
    ),
    "a number": Mistake(
        "conv1d(ones(1, 1, 8), ones(1, 1, 3), layout=3)",
        ArgumentTypeError,
        what=("layout=3",),
        repair=('layout="NCH"', "channels first"),
        repaired="conv1d(ones(1, 1, 8), ones(1, 1, 3), layout='NCH')",
        shape=(1, 1, 6),
    ),
}
