"""Work in pieces: the same results where small signals take many of them, and little memory at real sizes."""

from __future__ import annotations

from typing import Any

import jax
import jaxlib.version
import numpy as np
import pytest

import oracle
from convax.algorithms import (
    Algorithm,
    Fft,
    InnerProduct,
    Matmul,
    OverlapSave,
    Polyphase,
    ShiftAdd,
    Swapped,
    overlap_save,
)
from convax.algorithms.normal_form import compute
from convax.algorithms.passes import Passes
from convax.algorithms.pieces import along_length, group_by_group, signal_by_signal
from convax.core import ConvSpec, DType, Geometry, Layout
from convax.core.threads import threads
from specs import operands

# The order of a kernel gradient's operands where the layer has its channels last.
GROUPS_LAST = Layout("CHN", "IHO", "HNC")
MALLOC_RETURNS = 32 << 20  # bytes from which on glibc fetches memory anew for each call


def program(algorithm: Algorithm, spec: ConvSpec) -> Any:
    """The compiled formulation."""
    shapes = [jax.ShapeDtypeStruct(shape, spec.dtype.name) for shape in (spec.data_shape, spec.kernel_shape)]
    return jax.jit(lambda x, w: compute(algorithm, x, w, spec)).lower(*shapes).compile()


def temporaries(algorithm: Algorithm, spec: ConvSpec) -> int:
    """Bytes that the compiled formulation needs beside operands and result."""
    return int(program(algorithm, spec).memory_analysis().temp_size_in_bytes)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("overlap_save", "fft"):
        monkeypatch.setattr(f"convax.algorithms.{module}.WHOLE", 1 << 10)
        monkeypatch.setattr(f"convax.algorithms.{module}.PIECE", 1 << 9)
    monkeypatch.setattr("convax.algorithms.shift_add.LONG", 1 << 10)
    monkeypatch.setattr("convax.algorithms.shift_add.PIECE", 100)
    monkeypatch.setattr("convax.algorithms.shift_add.MANY", 1 << 10)
    monkeypatch.setattr("convax.algorithms.inner_product.FEW_GROUPS", 4)
    monkeypatch.setattr("convax.algorithms.inner_product.MANY_OUTPUTS", 3)


IN_PIECES = {
    "one signal": (OverlapSave(32), ConvSpec(Geometry(1000, 9))),
    "padded": (OverlapSave(32), ConvSpec(Geometry(1000, 9, padding=(8, 3)))),
    "dilated": (OverlapSave(64), ConvSpec(Geometry(700, 5, dilation=4))),
    "channels": (OverlapSave(32), ConvSpec(Geometry(600, 6), batch=2, channels=3, features=4)),
    "groups": (OverlapSave(32), ConvSpec(Geometry(600, 6), batch=2, channels=6, features=6, feature_groups=3)),
    "cut kernel": (OverlapSave(32), ConvSpec(Geometry(1000, 990))),
    "cut kernel, whole turns, dilated": (OverlapSave(64), ConvSpec(Geometry(1040, 256, dilation=4, padding=(3, 0)))),
    "cut kernel, channels": (OverlapSave(32), ConvSpec(Geometry(600, 585), batch=2, channels=3, features=4)),
    "cut kernel, groups": (OverlapSave(32), ConvSpec(Geometry(600, 585), 2, 6, 6, 3)),
    "fft by groups": (Fft(), ConvSpec(Geometry(64, 40, padding=(39, 0)), 3, 6, 6, 6)),
    "fft, two features": (Fft(), ConvSpec(Geometry(64, 9, stride=2), 2, 6, 12, 6)),
    "long sum": (ShiftAdd(4), ConvSpec(Geometry(1001, 9))),
    "long sum, padded": (ShiftAdd(4), ConvSpec(Geometry(1000, 9, padding=(8, 0)))),
    "long sum, dilated": (ShiftAdd(3), ConvSpec(Geometry(1000, 7, dilation=5))),
    "signals in turn": (ShiftAdd(2), ConvSpec(Geometry(90, 3, padding=(1, 1)), 3, 4, 4, 4)),
    "signals in turn, channels last": (
        ShiftAdd(4),
        ConvSpec(Geometry(90, 9, stride=2, padding=(4, 4)), 3, 4, 4, 4, layout=Layout.parse("NHC")),
    ),
    "groups last, in steps": (
        InnerProduct(16),
        ConvSpec(Geometry(150, 147), 8, 3, 8, batch_groups=8, layout=GROUPS_LAST),
    ),
    "groups last, fewer taps than a step": (
        InnerProduct(16),
        ConvSpec(Geometry(40, 11, stride=7, dilation=2, padding=(3, 2)), 8, 2, 8, batch_groups=8, layout=GROUPS_LAST),
    ),
    "samples last, in steps": (
        InnerProduct(16),
        ConvSpec(Geometry(100, 40, stride=2, dilation=2, padding=(2, 0)), 8, 3, 8, batch_groups=8),
    ),
}
by_piece = pytest.mark.parametrize(("algorithm", "spec"), IN_PIECES.values(), ids=IN_PIECES)


@by_piece
def test_pieces_compute_the_same(algorithm: Algorithm, spec: ConvSpec, request: pytest.FixtureRequest) -> None:
    x, w = operands(spec)
    whole = program(algorithm, spec)
    request.getfixturevalue("small_pieces")
    with_loop = program(algorithm, spec)
    assert with_loop.as_text().count(" while(") > whole.as_text().count(" while(")
    np.testing.assert_allclose(with_loop(x, w), oracle.convolve(x, w, spec), rtol=1e-4, atol=1e-4)


@by_piece
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_pieces_contain_what_is_not_finite(
    algorithm: Algorithm, spec: ConvSpec, poison: float, small_pieces: None
) -> None:
    x, w = operands(spec)
    clean = oracle.convolve(x, w, spec)
    # Where some windows hold it and some do not: those of a long kernel all hold the middle.
    x[0, 1 % x.shape[1], -3 if spec.geometry.reach > 0.9 * x.shape[2] else x.shape[2] // 2] = poison
    with np.errstate(invalid="ignore"):
        reached = ~np.isfinite(oracle.convolve(x, w, spec))
    y = np.asarray(program(algorithm, spec)(x, w))
    assert 0 < reached.sum() < reached.size
    np.testing.assert_array_equal(~np.isfinite(y), reached)
    np.testing.assert_allclose(y[~reached], clean[~reached], rtol=1e-4, atol=1e-4)


def test_each_way_to_take_turns_is_the_whole() -> None:
    random = np.random.default_rng(0)
    z, w = random.normal(size=(3, 4, 2, 50)).astype("f4"), random.normal(size=(4, 5, 2, 7)).astype("f4")

    def convolve(z: Any, w: Any) -> Any:
        windows = jax.numpy.stack([z[..., k : k + z.shape[-1] - 6] for k in range(7)], axis=-1)
        return jax.numpy.einsum("ngclk,gock->ngol", windows, w)

    whole = convolve(z, w)
    for most in (1, 2, 3, 4):
        np.testing.assert_allclose(group_by_group(convolve, z, w, 44, most), whole, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(signal_by_signal(convolve, z, w), whole, rtol=1e-5, atol=1e-5)
    for size in (1, 10, 44):
        pieces = along_length(lambda z: convolve(z, w), jax.numpy.asarray(z), 5, size, Geometry(50, 7))
        np.testing.assert_allclose(pieces, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("taps", [1, 16, 127, 128, 333])
@pytest.mark.parametrize("kind", ["a signal", "channels", "groups"])
def test_blocks_of_rows_of_lanes_sum_the_same(taps: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convax.algorithms.inner_product.ROWS", 4)
    monkeypatch.setattr("convax.algorithms.inner_product.MANY_BLOCKS", 2)
    algorithm = InnerProduct(16)
    pieces = list(algorithm._pieces(taps))
    assert [start for start, _ in pieces] == np.cumsum([0, *(np.prod(shape) for _, shape in pieces)])[:-1].tolist()
    assert sum(np.prod(shape) for _, shape in pieces) == taps
    assert any(blocks > 1 for _, (blocks, _, _) in pieces) == (taps >= 128)
    sizes: dict[str, dict[str, int]] = {
        "a signal": {},
        "channels": {"batch": 2, "channels": 3, "features": 4},
        "groups": {"batch": 2, "channels": 4, "features": 4, "feature_groups": 4},
    }
    spec = ConvSpec(Geometry(2 * taps + 7, taps, dilation=2, padding=(1, 0)), **sizes[kind])
    x, w = operands(spec)
    np.testing.assert_allclose(program(algorithm, spec)(x, w), oracle.convolve(x, w, spec), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("step", [1, 4, 7])
@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_frames_are_what_each_block_meets(step: int, blocks: int) -> None:
    for overlap in range(step + 1):
        for length in range(max(1, (blocks - 1) * step + 1), blocks * step + overlap + 1):
            z = np.arange(1, 2 * length + 1, dtype=np.float32).reshape(2, length)
            zeros = np.pad(z, ((0, 0), (0, (blocks + 1) * step - length)))
            expected = np.stack([zeros[:, b * step : (b + 1) * step + overlap] for b in range(blocks)], axis=1)
            np.testing.assert_array_equal(overlap_save._frames(jax.numpy.asarray(z), step, overlap, blocks), expected)


# What the memory of the compiled programs is.


@pytest.mark.parametrize("taps", [301, 4097])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_signals_need_no_fresh_memory_for_temporaries(taps: int, dtype: str) -> None:
    """Page faults took three quarters of the time where the program's temporaries exceeded this."""
    points = 8 * taps if taps < 1000 else 32768
    for length in (1_000_000, 10_000_000):
        spec = ConvSpec(Geometry(length, taps), dtype=DType(dtype))
        padding = spec.sizes[0] * spec.dtype.bytes if length > 1_000_000 else 0  # frames may need a padded copy
        assert temporaries(OverlapSave(1 << (points - 1).bit_length()), spec) < MALLOC_RETURNS + padding


def test_signals_that_take_turns_need_less_memory() -> None:
    spec = ConvSpec(Geometry(1024, 3, padding=(1, 1)), 16, 64, 64)
    unfolded = 3 * spec.sizes[0] * spec.dtype.bytes
    assert temporaries(Matmul("unfold", "NCH"), spec) >= unfolded
    assert temporaries(Matmul("unfold", "NCH", sequential=True), spec) < unfolded / 2


@pytest.mark.parametrize("layout", ["NCH", "NHC"])
def test_shifted_sums_take_data_as_they_lie(layout: str) -> None:
    """A transposition would need memory for the signal."""
    spec = ConvSpec(Geometry(1024, 4), 8, 512, 512, 512, layout=Layout.parse(layout))
    assert temporaries(ShiftAdd(), spec) < spec.sizes[0] * spec.dtype.bytes / 10


@pytest.mark.parametrize("layout", ["NCH", "NHC"])
def test_passes_hand_over_nothing_but_their_sums(layout: str) -> None:
    """What goes into a fence was copied where an axis of size one lay elsewhere than XLA puts it."""
    spec = ConvSpec(Geometry(1024, 20), 8, 512, 512, 512, layout=Layout.parse(layout))
    assert temporaries(ShiftAdd(), spec) < 1.1 * spec.sizes[2] * spec.dtype.bytes


@pytest.mark.parametrize(
    "spec",
    [
        ConvSpec(Geometry(100_000, 9, padding=(4, 4)), dtype=DType("float64")),
        ConvSpec(Geometry(4000, 5, padding=(4, 0)), 4, 64, 64, 64),
        ConvSpec(Geometry(4000, 3, stride=2, padding=(1, 1)), 8, 2, 8),
    ],
    ids=["a signal", "depthwise", "strided"],
)
def test_a_padded_result_is_in_memory_once(spec: ConvSpec) -> None:
    """Neither the padded signal nor the result is there a second time: only the ends of its rows, and the kernel."""
    assert temporaries(ShiftAdd(), spec) < 0.1 * spec.sizes[2] * spec.dtype.bytes


TOO_MANY = pytest.mark.skipif(threads() > 9, reason="9 rows are too few for all threads")


@pytest.mark.parametrize(("taps", "rows"), [pytest.param(9, 9, marks=TOO_MANY), (60, 1)])
def test_an_odd_number_of_outputs_is_in_memory_once(taps: int, rows: int) -> None:
    """One pass sums it in rows of equal length. Of several the last one joins what threads share to the rest."""
    spec = ConvSpec(Geometry(99_999 + taps - 1, taps))
    passes = Passes(spec, ShiftAdd().block)
    assert (passes.rows(range(99_999)), len(passes.parts), passes.copied) == (rows, 2 - (rows > 1), 0)
    assert temporaries(ShiftAdd(), spec) < (passes.count > 1) * 4 * 99_999 + 1000
    x, w = operands(spec)
    y = program(ShiftAdd(), spec)(x, w).ravel()
    np.testing.assert_allclose(y, np.correlate(x.ravel(), w.ravel(), "valid"), rtol=1e-4, atol=1e-4)


def test_a_single_pass_hands_no_sums_over() -> None:
    spec = ConvSpec(Geometry(1024, 20), 8, 64, 64, 64)
    usual, alone, *_ = ShiftAdd.candidates(spec)
    assert [Passes(spec, each.block).count for each in (usual, alone)] == [2, 1]
    assert temporaries(usual, spec) >= spec.sizes[2] * spec.dtype.bytes
    assert temporaries(alone, spec) < 10_000  # the kernel, transposed


@pytest.mark.parametrize(
    ("layout", "step", "channels", "terms"),
    [("NHC", 1, 512, 8), ("NHC", 4, 128, 8), ("NHC", 1, 500, 16), ("NHC", 1, 128, 16), ("NCH", 1, 512, 16)],
)
def test_loads_that_share_a_set_of_the_cache_are_few(layout: str, step: int, channels: int, terms: int) -> None:
    """Of float32, 512 channels lie 2048 bytes behind the next 512."""
    sizes = dict.fromkeys(("channels", "features", "feature_groups"), channels)
    spec = ConvSpec(Geometry(1024, 40, dilation=step), layout=Layout.parse(layout), **sizes)
    assert next(ShiftAdd.candidates(spec)).block == terms


@pytest.mark.skipif(jaxlib.version.__version_info__ < (0, 9), reason="XLA of jaxlib before 0.9 needs a copy there")
@pytest.mark.parametrize("taps", [4, 31])
@pytest.mark.parametrize("layout", [Layout("CNH", "IOH", "NCH"), GROUPS_LAST], ids=["NCH", "NHC"])
def test_kernel_gradients_take_operands_as_they_lie(layout: Layout, taps: int) -> None:
    spec = ConvSpec(Geometry(1024 + taps - 1, 1024), 256, 8, 256, batch_groups=256, layout=layout)
    sums = 64 * spec.sizes[2] * spec.dtype.bytes
    assert temporaries(InnerProduct(), spec) < 1.1 * sums + spec.sizes[0] * spec.dtype.bytes / 10


# Phases.


@pytest.mark.parametrize(
    ("taps", "padding", "phases"),
    [(1, (0, 1), 1), (1, (1, 0), 1), (2, (1, 1), 2), (3, (2, 2), 3), (3, (0, 3), 6), (7, (6, 6), 6)],
)
def test_phases_that_meet_no_tap_are_left_out(taps: int, padding: tuple[int, int], phases: int) -> None:
    """But for those between two that do."""
    spec = ConvSpec(Geometry(20, taps, upsample=6, padding=padding), 2, 4, 5)
    algorithm = Polyphase(Matmul())
    assert algorithm.inner_spec(spec).features == 5 * phases
    x, w = operands(spec)
    np.testing.assert_allclose(program(algorithm, spec)(x, w), oracle.convolve(x, w, spec), rtol=1e-4, atol=1e-4)
    x[:] = np.nan
    np.testing.assert_array_equal(program(algorithm, spec)(x, w), oracle.convolve(x, w, spec))


# Changed places.


def test_swapped_leaves_out_inserted_zeros() -> None:
    """The kernel gradient of a transposed layer."""
    spec = ConvSpec(Geometry(100, 800, upsample=8, padding=(7, 7)), 4, 2, 3)
    swapped = Swapped(Matmul("outputs"))
    assert swapped.why_not(spec) is None
    zeros_skipped = swapped.work(spec).operations["gemm_thin"]
    assert zeros_skipped == spec.multiply_adds / 8
    x, w = operands(spec)
    np.testing.assert_allclose(program(swapped, spec)(x, w), oracle.convolve(x, w, spec), rtol=1e-4, atol=1e-4)


def test_swapped_says_when_there_is_nothing_to_gain() -> None:
    reason = Swapped().why_not(ConvSpec(Geometry(100, 3)))
    assert reason is not None and "shorter operand" in reason
