"""Convolutions to test with: named cases, and Hypothesis strategies over the whole family."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from convax.algorithms import ALGORITHMS, Algorithm
from convax.core import ConvSpec, DType, Geometry, Layout
from convax.primitive import bind_conv1d

DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"),
)
INEXACT = DTYPES[:6]

CASES: dict[str, ConvSpec] = {
    "one signal": ConvSpec(Geometry(40, 5)),
    "one tap": ConvSpec(Geometry(17, 1), batch=2, channels=2, features=3),
    "one window": ConvSpec(Geometry(9, 9), batch=2, channels=2, features=2),
    "one sample": ConvSpec(Geometry(1, 1)),
    "padded": ConvSpec(Geometry(20, 4, padding=(2, 3)), batch=2),
    "padded beyond its length": ConvSpec(Geometry(3, 2, padding=(7, 9))),
    "trimmed": ConvSpec(Geometry(20, 4, padding=(-3, -2)), channels=2, features=2),
    "trimmed before, padded after": ConvSpec(Geometry(20, 4, stride=2, padding=(-3, 5))),
    "trimmed before, padded after, dense": ConvSpec(Geometry(15, 2, padding=(-1, 1)), 2, 4, 8),
    "all but one sample trimmed": ConvSpec(Geometry(15, 2, padding=(-14, 3)), 2, 4, 8),
    "all samples trimmed": ConvSpec(Geometry(15, 1, padding=(-15, 2)), channels=17, features=17),
    "strided": ConvSpec(Geometry(23, 4, stride=3), channels=2, features=3),
    "stride beyond the taps": ConvSpec(Geometry(31, 2, stride=5), batch=2),
    "dilated": ConvSpec(Geometry(30, 3, dilation=4), batch=2, channels=2, features=2),
    "strided and dilated": ConvSpec(Geometry(33, 3, stride=2, dilation=3, padding=(2, 0)), channels=3, features=2),
    "transposed": ConvSpec(Geometry(11, 5, upsample=2, padding=(4, 4)), batch=2, channels=3, features=2),
    "upsampled beyond the taps": ConvSpec(Geometry(9, 2, upsample=5, padding=(1, 3))),
    "upsampled and strided": ConvSpec(Geometry(13, 4, stride=2, upsample=3, padding=(3, 2)), channels=2, features=2),
    "all steps": ConvSpec(
        Geometry(14, 3, stride=3, dilation=2, upsample=2, padding=(-1, 6)), batch=2, channels=4, features=4
    ),
    "dense": ConvSpec(Geometry(18, 3, padding=(1, 1)), batch=3, channels=5, features=4),
    "channels last": ConvSpec(Geometry(18, 3), batch=2, channels=3, features=4, layout=Layout.parse("NHC")),
    "axes in any order": ConvSpec(
        Geometry(15, 4, stride=2), batch=2, channels=3, features=5, layout=Layout("HNC", "IHO", "CHN")
    ),
    "depthwise": ConvSpec(Geometry(19, 4), batch=2, channels=6, features=6, feature_groups=6),
    "depthwise with two features each": ConvSpec(Geometry(19, 4), batch=2, channels=3, features=6, feature_groups=3),
    "grouped": ConvSpec(
        Geometry(21, 3, stride=2, dilation=2, padding=(1, 2)),
        batch=2,
        channels=4,
        features=6,
        feature_groups=2,
        layout=Layout("CNH", "HOI", "HCN"),
    ),
    "batch groups": ConvSpec(Geometry(16, 3), batch=4, channels=2, features=6, batch_groups=2),
    "batch groups, upsampled": ConvSpec(
        Geometry(9, 3, upsample=2, padding=(2, 1)), batch=6, channels=2, features=3, batch_groups=3
    ),
    "kernel gradient, dense": ConvSpec(Geometry(51, 47, padding=(1, 1)), batch=3, channels=2, features=4),
    "kernel gradient, depthwise": ConvSpec(Geometry(73, 70), batch=4, channels=2, features=4, batch_groups=4),
    "kernel gradient, strided": ConvSpec(Geometry(61, 20, dilation=3), batch=2, channels=3, features=2),
    "long signal": ConvSpec(Geometry(1500, 40)),
    "long kernel": ConvSpec(Geometry(1300, 1000), channels=2),
    "some rows": ConvSpec(Geometry(300, 31, padding=(15, 15)), batch=2, features=2),
}


def spec_id(spec: ConvSpec) -> str:
    """The name of a named case."""
    return next(name for name, named in CASES.items() if named == spec)


def with_dtype(spec: ConvSpec, dtype: str, out: str | None = None) -> ConvSpec:
    """The same convolution of other element types."""
    return dataclasses.replace(spec, dtype=DType(dtype), out_dtype=None if out is None else DType(out))


def parameters(spec: ConvSpec) -> dict[str, Any]:
    """The parameters with which lax's primitive (and ours) computes `spec`."""
    geometry = spec.geometry
    return {
        "window_strides": (geometry.stride,),
        "padding": (geometry.padding,),
        "lhs_dilation": (geometry.upsample,),
        "rhs_dilation": (geometry.dilation,),
        "dimension_numbers": lax.ConvDimensionNumbers(*spec.layout.dimension_numbers),
        "feature_group_count": spec.feature_groups,
        "batch_group_count": spec.batch_groups,
        "precision": spec.precision,
        "preferred_element_type": None if spec.out_dtype is None else jnp.dtype(spec.out_dtype.name),
        "out_sharding": None,
    }


def conv1d(spec: ConvSpec, algorithm: str | Algorithm | None = None) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """`spec` as a function of data and kernel, through the primitive."""
    return functools.partial(bind_conv1d, algorithm=algorithm, **parameters(spec))


def lax_convolution(spec: ConvSpec) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """`spec` as a function of data and kernel, through lax itself."""
    return functools.partial(lax.conv_general_dilated_p.bind, **parameters(spec))


@functools.lru_cache(maxsize=64)
def compiled(spec: ConvSpec, algorithm: str | Algorithm | None = None) -> Callable[..., jax.Array]:
    """`conv1d`, compiled once for the tests that need it one after another."""
    return jax.jit(conv1d(spec, algorithm))


def random_array(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Normal floats, integers of the whole range, bools that are more often False."""
    rng = np.random.default_rng([seed, *shape])
    kind = jnp.dtype(dtype)
    if dtype == "bool":
        return rng.random(shape) < 0.4
    if jnp.issubdtype(kind, np.integer):
        limits = np.iinfo(kind)
        return rng.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
    values = rng.normal(size=shape)
    if jnp.issubdtype(kind, np.complexfloating):
        values = values + 1j * rng.normal(size=shape)
    return values.astype(kind)


def operands(spec: ConvSpec, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Data and kernel for `spec`."""
    data = random_array(spec.data_shape, spec.dtype.name, seed)
    return data, random_array(spec.kernel_shape, spec.dtype.name, seed + 1)


def errs_by_norms(algorithm: Algorithm) -> bool:
    """True for the algorithms whose error is bounded by the norms of signal and kernel, as that of a transform is."""
    return algorithm.name in ("fft", "overlap_save", "winograd") or errs_by_norms_inside(algorithm)


def errs_by_norms_inside(algorithm: Algorithm) -> bool:
    """True where a formulation hands the work to one of them."""
    inner = getattr(algorithm, "inner", None)
    return inner is not None and errs_by_norms(inner)


def settings_of(kind: type[Algorithm], spec: ConvSpec) -> Iterator[Algorithm]:
    """What the planner would compare, then smaller tunables, which make small signals take several blocks."""
    yield from kind.candidates(spec)
    for field in dataclasses.fields(kind):
        if isinstance(field.default, int):
            yield from (kind(**{field.name: size}) for size in (2, 3, 8, 16))


def serving(kind: type[Algorithm], spec: ConvSpec) -> list[Algorithm]:
    """The settings of an algorithm that serve `spec`."""
    return [setting for setting in settings_of(kind, spec) if setting.why_not(spec) is None]


def for_all(strategy: st.SearchStrategy[Any], examples: str, few: int, many: int = 150) -> Callable[..., None]:
    """Run the decorated check at once, on `few` fixed or `many` new examples.

    Args:
        strategy: What the check's one argument is drawn from.
        examples: "few" or "many" (the fixture of that name).
        few: Number of examples in the default run.
        many: Number of examples in a deep run.
    """

    def run(check: Callable[[Any], None]) -> None:
        chosen = settings(max_examples=few if examples == "few" else many, derandomize=examples == "few")
        chosen(given(strategy)(check))()

    return run


@st.composite
def geometries(draw: st.DrawFn, steps: str = "any", longest: int = 20) -> Geometry:
    """Geometries that have an output.

    Args:
        draw: Hypothesis.
        steps: "any", "plain" (all steps 1), "strided" or "upsampled".
        longest: Greatest length of the signal.
    """
    step = st.integers(1, 3)
    taps = draw(st.integers(1, 7))
    stride = draw({"plain": st.just(1), "strided": st.integers(2, 4)}.get(steps, step))
    dilation = 1 if steps == "plain" else draw(step)
    upsample = draw({"any": step, "upsampled": st.integers(2, 4)}.get(steps, st.just(1)))
    length = draw(st.integers(1, longest))
    before, after = draw(st.integers(-3, 5)), draw(st.integers(-3, 5))
    geometry = Geometry(length, taps, stride, dilation, upsample, (before, after))
    if geometry.padded < geometry.reach:
        # Padded up to the one window that is needed.
        after += geometry.reach - geometry.padded
    return dataclasses.replace(geometry, padding=(before, after))


@st.composite
def conv_specs(
    draw: st.DrawFn,
    steps: str = "any",
    dtypes: tuple[str, ...] = DTYPES,
    thin: bool = False,
    grouping: tuple[str, ...] = ("none", "feature", "batch"),
) -> ConvSpec:
    """Members of the family.

    Args:
        draw: Hypothesis.
        steps: As in `geometries`.
        dtypes: Element types to draw from.
        thin: One channel per group.
        grouping: Kinds of groups to draw from.
    """
    geometry = draw(geometries(steps))
    small = st.integers(1, 3)
    groups = draw(small)
    feature_groups, batch_groups = {
        "none": (1, 1),
        "feature": (groups, 1),
        "batch": (1, groups),
    }[draw(st.sampled_from(grouping))]
    return ConvSpec(
        geometry,
        batch=draw(small) * batch_groups,
        channels=(1 if thin else draw(small)) * feature_groups,
        features=draw(small) * feature_groups * batch_groups,
        feature_groups=feature_groups,
        batch_groups=batch_groups,
        layout=draw(layouts()),
        dtype=DType(draw(st.sampled_from(dtypes))),
    )


def layouts() -> st.SearchStrategy[Layout]:
    """Every order of the axes; the two common ones first."""
    permuted = [st.permutations(word).map("".join) for word in ("NCH", "OIH", "NCH")]
    return st.one_of(st.just(Layout()), st.just(Layout.parse("NHC")), st.builds(Layout, *permuted))


@st.composite
def served(draw: st.DrawFn, kind: type[Algorithm], dtypes: tuple[str, ...] = DTYPES) -> tuple[ConvSpec, Algorithm]:
    """A convolution and a setting of the algorithm that serves it."""
    if "float" in kind.name or kind.name in ("fft", "overlap_save"):
        dtypes = tuple(name for name in dtypes if name in INEXACT) or dtypes
    families = [conv_specs(steps, dtypes) for steps in ("any", "strided", "upsampled")]
    families += [conv_specs("plain", dtypes), conv_specs("plain", dtypes, thin=True)]
    spec = draw(st.one_of(families).filter(lambda spec: serving(kind, spec)))
    return spec, draw(st.sampled_from(serving(kind, spec)))


def pairs(names: tuple[str, ...] | None = None, most: int = 3) -> list[tuple[ConvSpec, Algorithm]]:
    """Each named case with the settings that serve it, at most so many of each algorithm."""
    chosen = CASES.values() if names is None else [CASES[name] for name in names]
    found = []
    for number, spec in enumerate(chosen):
        for kind in ALGORITHMS.values():
            able = [setting for setting in kind.candidates(spec) if setting.why_not(spec) is None]
            # Where there are many (polyphase with each inner algorithm), each case takes other ones.
            turned = able[number % len(able) :] + able[: number % len(able)] if len(able) > most else able
            found += [(spec, setting) for setting in turned[:most]]
    return found


def half_deep(values: Iterable[Any]) -> list[Any]:
    """The values of a parameter (or tuples of several), every second for deep runs only."""
    sets = (value if isinstance(value, tuple) else (value,) for value in values)
    return [pytest.param(*each, marks=[pytest.mark.deep] * (number % 2)) for number, each in enumerate(sets)]


def pair_id(value: object) -> str:
    """How a case or a setting is named in the list of tests."""
    return spec_id(value).replace(" ", "-") if isinstance(value, ConvSpec) else str(value)
