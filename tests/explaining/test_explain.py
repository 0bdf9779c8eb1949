"""explain: what it says is what is computed."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import convax
from convax.core import resolve_padding
from convax.errors import ArgumentError, ArgumentTypeError, ConvaxError, ShapeError
from convax.explaining.call import MOST_NUMBERS
from convax.explaining.finding import convolutions_in
from convax.explaining.gradients import gradients_of
from convax.explaining.window import products
from explaining.calls import RandomCall, random_call
from ops.mistakes.mistake import Mistake
from ops.test_errors import MISTAKES
from specs import CASES, spec_id

SEEDS = range(120)


@pytest.mark.parametrize("block", range(0, len(SEEDS), 20))
def test_the_reading_is_what_is_computed(block: int) -> None:
    """The window that is drawn is the window of the convolution in the trace."""
    for seed in SEEDS[block : block + 20]:
        call = random_call(seed)
        explanation = call.explain()
        reading, spec, geometry = explanation.reading, explanation.spec, explanation.geometry
        assert explanation.problem is None and spec is not None and geometry is not None, str(call)
        if reading.mode is None:
            assert geometry == spec.geometry, str(call)
        assert geometry.output == spec.geometry.output, str(call)
        assert (reading.batch_groups, len(reading.out_axes)) == (spec.batch_groups, len(explanation.shape)), str(call)
        assert explanation.shape[reading.out_axes.index("H")] == geometry.output, str(call)
        if call.function not in ("convolve", "correlate"):
            assert reading.groups == spec.feature_groups, str(call)


@pytest.mark.parametrize("seed", [seed for seed in range(200) if seed % 7 in (1, 2, 6)][:45])
def test_the_products_add_up_to_the_output(seed: int) -> None:
    call = random_call(seed)
    x, w = call.arrays
    if x.ndim > 1 or w.ndim > 1:
        call = RandomCall(call.function, (x.ravel()[:9], w.ravel()[:4]), {**call.settings, "axis": -1})
    explanation, want = call.explain(), call.run()
    reading = explanation.reading
    x, w = call.arrays
    w = w.conj() if reading.conjugated else w
    signal, kernel = (w, x) if reading.swapped else (x, w)
    for output, value in enumerate(want):
        terms = [term for term in products(reading, output) if term.sample is not None]
        total = sum(signal[term.sample] * kernel[term.tap] for term in terms)
        np.testing.assert_allclose(total, value, rtol=1e-4, atol=1e-4)


def test_the_products_of_a_transposed_convolution() -> None:
    x, w = np.arange(1.0, 6.0), np.array([1.0, 10.0, 100.0])
    settings: dict[str, Any] = {"stride": 2, "dilation": 2, "padding": (1, -2), "output_padding": 1}
    reading = convax.explain(convax.conv_transpose1d, x, w, **settings).reading
    for output, value in enumerate(np.asarray(convax.conv_transpose1d(x, w, **settings))):
        terms = [term for term in products(reading, output) if term.sample is not None]
        assert value == sum(x[term.sample] * w[term.tap] for term in terms)


@pytest.mark.parametrize("spec", [spec for spec in CASES.values() if spec.batch_groups == 1], ids=spec_id)
def test_gradients_are_those_of_jax(spec: convax.ConvSpec) -> None:
    """The convolutions in the jaxpr of jax.grad, with lax's own rules."""

    def loss(x: Any, w: Any) -> Any:
        geometry, layout = spec.geometry, spec.layout
        return lax.conv_general_dilated(
            x, w, (geometry.stride,), [geometry.padding], (geometry.upsample,), (geometry.dilation,),
            (layout.data, layout.kernel, layout.out), spec.feature_groups,
        ).sum()  # fmt: skip

    operands = [jax.ShapeDtypeStruct(shape, "float32") for shape in (spec.data_shape, spec.kernel_shape)]
    for argument, mine in enumerate(gradients_of(spec)):
        traced = jax.make_jaxpr(jax.grad(loss, argument))(*operands)
        theirs = list(convolutions_in(traced.jaxpr))[-1]
        assert mine.geometry == theirs.geometry
        for field in ("group_batch", "groups", "group_channels", "group_features"):
            assert getattr(mine, field) == getattr(theirs, field), field


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_explained(mistake: Mistake) -> None:
    with pytest.raises(ConvaxError) as caught:
        mistake.make()
    error = caught.value
    text = str(error)
    if error.call is None:  # raised before there were arrays, or by plan
        assert error.explanation is None and not isinstance(error, ShapeError)
        return
    explanation = error.explanation
    assert explanation.problem is error and str(error) == text
    shown = str(explanation)
    assert error.what in shown and error.repair in shown and "<class" not in shown and "Tracer" not in shown
    assert explanation._repr_html_().startswith("<div>")
    assert not explanation.code and "fails" in explanation.in_("torch")
    for operand in explanation.call.operands:
        assert str(operand.shape) in shown
    again = pickle.loads(pickle.dumps(error))
    assert str(again.explanation) == shown


def test_explaining_does_not_raise_and_says_the_same() -> None:
    with pytest.raises(ShapeError) as caught:
        convax.conv1d(np.ones((2, 100, 3)), np.ones((4, 3, 5)))
    direct = convax.explain((2, 100, 3), (4, 3, 5))
    assert str(direct.problem) == str(caught.value)
    assert str(convax.explain(caught.value).problem) == str(caught.value)


def test_errors_inside_of_jit_and_grad_are_explained() -> None:
    for transform in (jax.jit, jax.grad):
        with pytest.raises(ShapeError) as caught:
            transform(lambda x: convax.conv1d(x, jnp.ones(9)).sum())(jnp.ones(4))
        assert caught.value.explanation.geometry == convax.Geometry(4, 9)


def test_the_whole_text() -> None:
    text = str(convax.explain((8, 16, 1000), (32, 4, 5), stride=2, padding=(3, -1), dilation=2, groups=4))
    for piece in (
        'convax.conv1d(x, w, stride=2, padding=(3, -1), dilation=2, groups=4)',
        "batch 8, channels 16, length 1000",
        "features 32, channels of a group 4, taps 5",
        "3 before, 1 trimmed after (zeros)",
        "0 0 0 | x0 x1",
        "(x999)",
        "= floor((3 + 1000 + -1 - ((5 - 1) * 2 + 1)) / 2) + 1 = 497",
        "reach  = (taps - 1) * dilation + 1 = 9",
        "y0 = 0·w0 + 0·w1 + x1·w2 + x3·w3 + x5·w4",
        "summed over the 4 channels of its group",
        "numbers  3 before, -1 after  497 outputs  <- this call",
        "SAME     3 before, 4 after   500 outputs",
        "not flipped",
        "give float32",
        "dx: ",
        "dw: ",
        '"torch"',
    ):  # fmt: skip
        assert piece in text, piece
    assert max(map(len, text.splitlines())) < 200


def test_numbers_of_short_arrays() -> None:
    text = str(convax.explain([1, 2, 3], [1, -1], padding="SAME_LOWER"))
    assert "y2 = 2·1 + 3·(-1) = -1" in text and "0 | 1 2 3" in text
    long = np.ones(MOST_NUMBERS + 1)
    assert "x0·w0" in str(convax.explain(long, [1, -1]))


def test_a_window_in_the_middle_of_a_long_signal() -> None:
    text = str(convax.explain((1_000_000,), (301,), output=500))
    assert (
        "place   ...  498   499   500" in text
        and "y500 = x500·w0 + x501·w1 + x502·w2 + x503·w3 + ... + x800·w300" in text
    )


def test_what_may_be_passed() -> None:
    want = str(convax.explain((4, 3, 10), (5, 3, 2), stride=2))
    x, w = jax.ShapeDtypeStruct((4, 3, 10), "float32"), np.ones((5, 3, 2), "float32")
    assert str(convax.explain(x, w, stride=2)) == want
    seen = []
    jax.jit(lambda x: seen.append(str(convax.explain(x, w, stride=2))) or x)(jnp.ones((4, 3, 10), "float32"))
    assert seen == [want]
    assert convax.explain(lax.conv_general_dilated, x, w, (1,), "SAME").shape == (4, 5, 10)
    assert convax.explain(np.convolve, [1, 2, 3], [1, 1]).reading.flipped
    assert convax.explain(convax.Geometry(10, 3, stride=2)).shape == (1, 1, 4)
    spec = convax.ConvSpec(convax.Geometry(16, 3), batch=4, channels=2, features=6, batch_groups=2)
    assert convax.explain(spec).spec == spec


def test_what_may_not_be_passed() -> None:
    with pytest.raises(ArgumentTypeError, match="explain cannot read this call"):
        convax.explain((8,))
    with pytest.raises(ArgumentTypeError, match="'strides'"):
        convax.explain((8,), (3,), strides=2)
    with pytest.raises(ArgumentError, match="does not know the function 'softmax'"):
        convax.explain(jax.nn.softmax, (8,), (3,))
    with pytest.raises(ArgumentError, match="output=6 is not there"):
        convax.explain((8,), (3,), output=6)
    with pytest.raises(ArgumentError, match="which call"):
        convax.explain(ShapeError("what"))
    with pytest.raises(ArgumentError, match="did you mean 'torch'"):
        convax.explain((8,), (3,)).in_("torhc")
    with pytest.raises(ArgumentTypeError, match="holds text"):
        convax.explain(["a"], (3,))


def test_the_words_beside_the_pictures() -> None:
    for padding in ("VALID", "SAME", "CAUSAL", "FULL"):
        (line,) = (line for line in str(convax.explain((20,), (4,), padding=padding)).splitlines() if "<-" in line)
        before, after = resolve_padding(padding, 20, 4, 1)
        assert line.split()[:5] == [padding, str(before), "before,", str(after), "after"]


def test_the_page_is_escaped_and_closed() -> None:
    page = convax.explain((9,), (3,), padding="SAME")._repr_html_()
    assert page.count("<details>") == page.count("</details>") == 8
    assert "padding=&quot;SAME&quot;" in page and "<script" not in page


def test_the_figure() -> None:
    pytest.importorskip("matplotlib")
    explanation = convax.explain([1.0, 2.0, 4.0, -1.0], [1.0, 0.5, -1.0], padding="SAME", output=2)
    axes = explanation.plot().axes
    assert [each.get_ylabel() for each in axes] == ["sample", "tap", "product", "output"]
    assert [each.get_xlabel() for each in axes][2:] == ["place in the padded signal", "output index"]
    drawn = [each.collections[1].get_offsets()[:, 1].tolist() for each in axes]
    assert drawn == [[0, 1, 2, 4, -1, 0], [1, 0.5, -1], [2, 2, 1], [-1.5, -2, 5, 3.5]]
    assert "sum is 5" in axes[2].get_title(loc="left")
    with pytest.raises(ShapeError, match="no output to draw"):
        convax.explain((2,), (3,)).plot()
    convax.explain((8, 64, 1024), (32, 64, 5), stride=2, dilation=3).plot()


def test_as_dict_is_plain() -> None:
    facts = convax.explain((2,), (3,)).as_dict()
    assert facts["formula"].endswith("= 0") and facts["shapes"] == {"x": [2], "w": [3]}
    assert "longer" in facts["problem"] and facts["result"] is None
