"""What formulations do from some size on (threads, pieces, turns), done by small convolutions.

Each size from which on one of them goes another way is a constant of its module. Made small, they let the named cases
take those ways, which the oracle would be too slow for at their real sizes.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest

import oracle
from convax.algorithms import ALGORITHMS, Algorithm, Matmul
from convax.algorithms.normal_form import compute
from convax.core import ConvSpec, Geometry, Layout
from specs import CASES, operands, pair_id

SMALL = {
    "passes.KEPT": 0,
    "passes.ROW": 4,
    "passes.SHORT_END": 3,
    "passes.FEWEST": 4,
    "shift_add.LONG": 0,
    "shift_add.PIECE": 1,
    "shift_add.MANY": 0,
    "fft.WHOLE": 0,
    "fft.PIECE": 1 << 9,
    "overlap_save.WHOLE": 0,
    "overlap_save.PIECE": 1 << 9,
    "overlap_save.TURN": 1,
    "inner_product.FEW_GROUPS": 1,
    "inner_product.MANY_OUTPUTS": 1,
    "inner_product.ROWS": 2,
    "inner_product.MANY_BLOCKS": 2,
    "winograd.MANY": 1 << 10,
}
MODULES = tuple(dict.fromkeys(name.partition(".")[0] for name in SMALL if name.partition(".")[0] in ALGORITHMS))
NHC = Layout.parse("NHC")
# One row of outputs from one or several, of an odd number; and what else differs by size, in both orders.
MORE = {
    "one row of one channel": ConvSpec(Geometry(101, 5)),
    "one row that makes rows": ConvSpec(Geometry(103, 5)),
    "one row that makes rows, in passes": ConvSpec(Geometry(118, 20)),
    "one row, padded": ConvSpec(Geometry(101, 5, padding=(2, 2))),
    "one row that makes rows, padded": ConvSpec(Geometry(103, 5, padding=(2, 2))),
    "one row, padded before": ConvSpec(Geometry(101, 5, stride=3, padding=(8, 0))),
    "one row, padded, in rows": ConvSpec(Geometry(60, 5, padding=(2, 2))),
    "one row of strides, padded, in rows": ConvSpec(Geometry(31, 3, stride=2, padding=(2, 0))),
    "rows of rows": ConvSpec(Geometry(42, 3, dilation=2, padding=(3, 1)), 3),
    "depthwise, in rows": ConvSpec(Geometry(30, 5, padding=(0, 4)), 3, 4, 4, 4),
    "dense, in rows": ConvSpec(Geometry(48, 3, stride=2, padding=(1, 1)), 3, 4, 5),
    "depthwise, channels last, padded": ConvSpec(Geometry(33, 5, padding=(2, 2)), 3, 4, 4, 4, layout=NHC),
    "one row of three channels": ConvSpec(Geometry(101, 5), channels=3),
    "one row of two channels, in passes": ConvSpec(Geometry(101, 20, padding=(3, 4)), channels=2),
    "one row, channels last": ConvSpec(Geometry(101, 20), channels=2, layout=NHC),
    "one row of strides": ConvSpec(Geometry(101, 9, stride=2)),
    "signals of many channels": ConvSpec(Geometry(33, 3, padding=(1, 1)), 3, 9, 8),
    "signals of many channels, last": ConvSpec(Geometry(33, 5, dilation=2), 3, 9, 8, layout=NHC),
    "depthwise signals": ConvSpec(Geometry(33, 18, padding=(1, 1)), 3, 4, 4, 4),
}


def settings(name: str, spec: ConvSpec) -> list[Algorithm]:
    """What serves `spec`; of matmul what the planner compares from some size on."""
    if name == "matmul":
        turns: list[Algorithm] = [Matmul(form, axes, True) for form in ("unfold", "fold") for axes in ("NHC", "NCH")]
        return [each for each in turns if each.why_not(spec) is None]
    return [each for each in ALGORITHMS[name].candidates(spec) if each.why_not(spec) is None]


def some() -> list[tuple[ConvSpec, Algorithm]]:
    """Each case with a setting of the algorithms that have such sizes (of half of them, where the contract holds too).

    Another half and another setting from case to case.
    """
    found = []
    for number, spec in enumerate([*CASES.values(), *MORE.values()]):
        names = (*MODULES, "matmul", "polyphase")
        for name in names if spec in MORE.values() else names[number % 2 :: 2]:
            able = settings(name, spec)
            found += [(spec, able[number % len(able)])] if able else []
    return found


def name_of(value: object) -> str:
    """How a case or a setting is named in the list of tests."""
    extra = next((name for name, spec in MORE.items() if spec == value), None)
    return pair_id(value) if extra is None else extra.replace(" ", "-")


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in SMALL.items():
        monkeypatch.setattr(f"convax.algorithms.{name}", size)
    for name in ("passes", "fourier"):
        monkeypatch.setattr(f"convax.algorithms.{name}.is_split", lambda flops, bytes: True)


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize(("spec", "setting"), some(), ids=name_of)
def test_values_and_nan(spec: ConvSpec, setting: Algorithm) -> None:
    x, w = operands(spec, 3)
    run = jax.jit(lambda x, w: compute(setting, x, w, spec))
    exact = oracle.convolve(x, w, spec)
    y = np.asarray(run(x, w))
    assert y.shape == exact.shape
    np.testing.assert_allclose(y, exact, rtol=0, atol=1e-5 * max(1.0, np.abs(exact).max()))
    x = np.array(x)
    x.flat[x.size // 2] = np.nan
    np.testing.assert_array_equal(~np.isfinite(np.asarray(run(x, w))), oracle.touched(~np.isfinite(x), spec))


@pytest.mark.parametrize("name", MODULES)
def test_other_ways_are_taken(name: str, request: pytest.FixtureRequest) -> None:
    pairs = [(spec, setting) for spec, setting in some() if setting.name == name]
    before = [program(spec, setting) for spec, setting in pairs]
    request.getfixturevalue("all_are_large")
    changed = [program(spec, setting) != text for (spec, setting), text in zip(pairs, before, strict=True)]
    assert sum(changed) >= 2


def program(spec: ConvSpec, setting: Algorithm) -> str:
    """The formulation as JAX traces it."""
    return str(jax.make_jaxpr(lambda x, w: compute(setting, x, w, spec))(*operands(spec)))
