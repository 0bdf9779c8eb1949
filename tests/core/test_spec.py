"""A convolution as a value: what follows from its fields, and which fields do not fit."""

from __future__ import annotations

import dataclasses
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from convax.core import ConvSpec, DType, Geometry, Layout, Work
from convax.errors import ShapeError
from specs import CASES, DTYPES, conv_specs, for_all, lax_convolution, spec_id

by_case = pytest.mark.parametrize("spec", CASES.values(), ids=spec_id)


@by_case
def test_shapes_are_lax_s(spec: ConvSpec) -> None:
    check_shapes(spec)


def test_shapes_of_any_spec(examples: str) -> None:
    @for_all(conv_specs(dtypes=("float32",)), examples, few=50, many=1000)
    def agrees(spec: ConvSpec) -> None:
        check_shapes(spec)


def check_shapes(spec: ConvSpec) -> None:
    x, w = (jax.ShapeDtypeStruct(shape, "float32") for shape in (spec.data_shape, spec.kernel_shape))
    assert jax.eval_shape(lax_convolution(spec), x, w).shape == spec.output_shape
    assert spec.sizes == tuple(int(np.prod(shape)) for shape in (x.shape, w.shape, spec.output_shape))


@by_case
def test_counts(spec: ConvSpec) -> None:
    """Multiply-adds and bytes, from the shapes alone."""
    per_output = int(np.prod(spec.kernel_shape)) // spec.features
    assert spec.multiply_adds == int(np.prod(spec.output_shape)) * per_output
    assert spec.bytes == 4 * sum(spec.sizes)
    wide = dataclasses.replace(spec, dtype=DType("int8"), out_dtype=DType("int32"))
    assert wide.bytes == wide.sizes[0] + wide.sizes[1] + 4 * wide.sizes[2]


@by_case
def test_normal_form_is_the_same_work(spec: ConvSpec) -> None:
    normal = spec.normal()
    assert normal.batch_groups == 1 and normal.layout == Layout()
    assert normal.multiply_adds == spec.multiply_adds
    assert normal.sizes == spec.sizes
    assert (normal.groups, normal.group_batch, normal.group_channels, normal.group_features) == (
        (spec.groups, spec.group_batch, spec.group_channels, spec.group_features)
    )
    assert normal.normal() == normal
    assert spec.normal(features=normal.features * 2).group_features == 2 * spec.group_features


def test_groups() -> None:
    spec = ConvSpec(Geometry(9, 3), batch=2, channels=6, features=12, feature_groups=3)
    assert (spec.groups, spec.group_batch, spec.group_channels, spec.group_features) == (3, 2, 2, 4)
    spec = ConvSpec(Geometry(9, 3), batch=6, channels=2, features=12, batch_groups=3)
    assert (spec.groups, spec.group_batch, spec.group_channels, spec.group_features) == (3, 2, 2, 4)
    assert spec.data_shape == (6, 2, 9) and spec.kernel_shape == (12, 2, 3) and spec.output_shape == (2, 12, 7)


@pytest.mark.parametrize(
    ("fields", "says", "arithmetic"),
    [
        ({"channels": 5, "features": 4, "feature_groups": 2}, "the 5 channels", "5 / 2 = 2 remainder 1"),
        ({"channels": 4, "features": 5, "feature_groups": 2}, "the 5 output features", "5 / 2 = 2 remainder 1"),
        ({"batch": 5, "features": 4, "batch_groups": 2}, "the 5 signals of the batch", "5 / 2 = 2 remainder 1"),
        ({"batch": 4, "features": 5, "batch_groups": 2}, "the 5 output features", "5 / 2 = 2 remainder 1"),
    ],
)
def test_groups_that_do_not_divide(fields: dict[str, int], says: str, arithmetic: str) -> None:
    with pytest.raises(ShapeError) as raised:
        ConvSpec(Geometry(9, 3), **fields)
    assert f"groups=2 does not divide {says}" == raised.value.what
    assert raised.value.arithmetic == arithmetic
    # The repair divides.
    whole, near = (int(raised.value.repair.replace(",", "").split()[index]) for index in (7, -1))
    assert whole % near == 0


@pytest.mark.parametrize(
    ("spec", "empty"),
    [
        (ConvSpec(Geometry(9, 3)), False),
        (ConvSpec(Geometry(9, 3), batch=0), True),
        (ConvSpec(Geometry(9, 3), channels=0), True),
        (ConvSpec(Geometry(9, 3), features=0), True),
        (ConvSpec(Geometry(2, 3)), True),
        (ConvSpec(Geometry(0, 3, padding=(2, 2))), True),
    ],
    ids=str,
)
def test_is_empty(spec: ConvSpec, empty: bool) -> None:
    assert spec.is_empty == empty


@by_case
def test_is_a_value(spec: ConvSpec) -> None:
    assert dataclasses.replace(spec) == spec
    assert hash(dataclasses.replace(spec)) == hash(spec)
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert eval(repr(spec)) == spec


def test_prints() -> None:
    assert str(CASES["depthwise"]) == "float32 depthwise N2 C6 O6 groups 6: length 19, taps 4 -> 16"
    assert str(CASES["batch groups"]) == "float32 grouped N2 C4 O6 groups 2: length 16, taps 3 -> 14"
    assert str(CASES["one signal"]) == "float32 N1 C1 O1: length 40, taps 5 -> 36"


class TestDType:
    """Element types by name."""

    @pytest.mark.parametrize("name", DTYPES)
    def test_widths_and_kinds_are_numpy_s(self, name: str) -> None:
        dtype, numpy = DType(name), jnp.dtype(name)
        assert dtype.bytes == numpy.itemsize
        kinds = {"b": "bool", "i": "signed", "u": "unsigned", "c": "complex"}
        assert dtype.kind == kinds.get(numpy.kind, "float")
        assert dtype.is_integer == (numpy.kind in "biu")
        assert str(dtype) == name

    @pytest.mark.parametrize("name", DTYPES)
    def test_sums_are_kept_in_the_same_kind_and_no_less(self, name: str) -> None:
        dtype = DType(name)
        kept = dtype.accumulator(dtype)
        assert kept.bytes >= max(4, dtype.bytes)
        if name == "bool":
            assert kept.kind == "signed"
        else:
            assert kept.kind == dtype.kind
        assert kept.accumulator(kept) == kept

    @pytest.mark.parametrize(
        ("name", "out", "kept"),
        [
            *(("float16", "float32", "float32"), ("bfloat16", "float64", "float64"), ("int8", "int32", "int32")),
            *(("int8", "int64", "int64"), ("uint8", "int32", "int32"), ("uint8", "uint64", "uint64")),
            *(("int16", "float32", "float32"), ("int32", "float64", "float64"), ("bool", "int32", "int32")),
            *(("complex64", "complex128", "complex128"), ("float8_e4m3fn", "float32", "float32")),
        ],
    )
    def test_of_a_wider_result(self, name: str, out: str, kept: str) -> None:
        assert DType(name).accumulator(DType(out)) == DType(kept)

    def test_unknown_types_are_left_to_lax(self) -> None:
        assert DType("float8_e4m3fn").kind == "other"
        assert DType("int4").accumulator(DType("int4")) == DType("int4")


class TestWork:
    """Counts that add up."""

    def test_addition(self) -> None:
        total = Work({"loop": 1.0, "gemm": 2.0}, 10, 1) + Work({"gemm": 3.0, "fft": 4.0}, 5, 2)
        assert total == Work({"loop": 1.0, "gemm": 5.0, "fft": 4.0}, 15, 3)

    def test_is_frozen(self) -> None:
        counts = {"loop": 1.0}
        work = Work(counts, 10)
        counts["loop"] = 2.0
        assert work.operations["loop"] == 1.0
        with pytest.raises(TypeError):
            work.operations["loop"] = 3.0  # type: ignore[index]

    def test_prints(self) -> None:
        assert str(Work({"gemm": 1e9, "loop": 5.0}, 2e6, 3)) == "1.0e+09 gemm, 5.0e+00 loop, 2.0e+06 bytes, 3 launches"
