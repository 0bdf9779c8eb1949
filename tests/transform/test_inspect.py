"""inspect: what is counted, in what order, how far it reaches, and how it is shown."""

from __future__ import annotations

import builtins
import json
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax import lax

import convax
from convax.errors import ArgumentTypeError
from transform.constructs import CONSTRUCTS, conv, operands

X = jax.ShapeDtypeStruct((2, 4, 64), "float32")
W = jax.ShapeDtypeStruct((4, 4, 3), "float32")


def valid(x: Any, w: Any, **settings: Any) -> Any:
    return lax.conv_general_dilated(x, w, settings.pop("window_strides", (1,)), "VALID", **settings)


def test_the_fields_of_one_convolution() -> None:
    def layer(x: Any, w: Any) -> Any:
        with jax.named_scope("block"):
            return valid(x, w, window_strides=(2,), rhs_dilation=(3,), feature_group_count=2)

    w = jax.ShapeDtypeStruct((6, 2, 5), "float32")
    found = convax.inspect(layer)(X, w)
    (one,) = found.convolutions
    plain = one.as_dict()
    assert plain["data"] == {"batch": 2, "channels": 4, "length": 64}
    assert plain["kernel"] == {"features": 6, "channels": 2, "taps": 5}
    assert plain["output"] == {"batch": 2, "channels": 6, "length": 26}  # (64 - 13) // 2 + 1
    assert (plain["stride"], plain["dilation"], plain["groups"], plain["reach"]) == (2, 3, 2, 13)
    assert plain["scope"] == "block" and not plain["backward"] and plain["repeats"] == 1
    assert plain["source"].startswith("test_inspect.py:") and "(valid)" in plain["source"]
    assert one.flops == 2 * (2 * 6 * 26) * 2 * 5
    assert one.bytes == 4 * (2 * 4 * 64 + 6 * 2 * 5 + 2 * 6 * 26)
    assert one.parameters == 6 * 2 * 5
    assert plain["seconds"] > 0 and plain["lax_seconds"] > 0
    assert not one.planned
    assert convax.inspect(convax.accelerate(layer))(X, w).convolutions[0].planned


def test_nothing_is_executed() -> None:
    ran: list[int] = []

    def told(x: Any, w: Any) -> Any:
        jax.debug.callback(lambda: ran.append(1))
        return conv(x, w)

    # So large that it could not be.
    huge = jax.ShapeDtypeStruct((4096, 4, 1 << 24), "float32")
    found = convax.inspect(told)(huge, W)
    jax.effects_barrier()
    assert not ran and found.convolutions[0].flops == 2 * 4096 * 4 * (1 << 24) * 12


def test_gradients_are_found_in_order() -> None:
    def loss(w: Any, x: Any) -> Any:
        return jnp.sum(conv(jnp.tanh(conv(x, w)), w) ** 2)

    found = convax.inspect(jax.value_and_grad(loss))(W, X)
    assert [each.backward for each in found.convolutions] == [False, False, True, True, True]
    assert found.parameters == 4 * 4 * 3  # both layers have the same ones
    assert found.receptive_field == 5


@pytest.mark.parametrize("name", sorted(CONSTRUCTS))
def test_every_construct_is_looked_into(name: str) -> None:
    x, w = operands()
    found = convax.inspect(CONSTRUCTS[name])(x, w)
    assert found.convolutions and not found.others
    assert json.loads(found.to_json())["total"]["flops"] == found.flops
    assert str(found) and found._repr_html_()
    # The same after the convolutions are convax's.
    fast = convax.inspect(convax.accelerate(CONSTRUCTS[name]))(x, w)
    assert [each.spec for each in fast.convolutions] == [each.spec for each in found.convolutions]
    assert fast.receptive_field == found.receptive_field


def test_loops_count_their_turns() -> None:
    def scanned(x: Any, w: Any) -> Any:
        def outer(y: Any, _: Any) -> Any:
            return lax.scan(lambda y, _: (conv(y, w), None), y, None, length=5)[0], None

        return lax.scan(outer, x, None, length=3)[0]

    found = convax.inspect(scanned)(X, W)
    assert [each.repeats for each in found.convolutions] == [15]
    assert found.flops == 15 * 2 * 2 * 4 * 64 * 12
    assert found.receptive_field == 1 + 15 * 2

    unknown = convax.inspect(CONSTRUCTS["while_loop"])(*operands())
    assert [each.repeats for each in unknown.convolutions] == [None, None]
    assert unknown.receptive_field is None and "unknown length" in str(unknown)

    assert all(each.branch for each in convax.inspect(CONSTRUCTS["cond"])(*operands()).convolutions)


def field(function: Any, *arguments: Any) -> int | None:
    found: int | None = convax.inspect(function)(*arguments).receptive_field
    return found


def test_the_receptive_field_of_chains() -> None:
    x = jax.ShapeDtypeStruct((1, 4, 400), "float32")

    def wavenet(x: Any, w: Any) -> Any:
        for dilation in (1, 2, 4, 8):
            padded = jnp.pad(x, ((0, 0), (0, 0), (2 * dilation, 0)))
            y = valid(padded, w, rhs_dilation=(dilation,))
            x = x + jax.nn.gelu(y) * jax.nn.sigmoid(y.mean(1, keepdims=True))
        return x

    assert field(wavenet, x, W) == 1 + 2 * 15

    def strided(x: Any, w: Any) -> Any:
        y = valid(x, w, window_strides=(4,))
        y = lax.reduce_window(y, -jnp.inf, lax.max, (1, 1, 2), (1, 1, 2), "VALID")
        return valid(y, w)

    assert field(strided, x, W) == 1 + 2 + 1 * 4 + 2 * 8

    def transposed(x: Any, w: Any) -> Any:
        y = valid(x, w, window_strides=(2,))
        y = lax.conv_general_dilated(y, w, (1,), [(2, 2)], lhs_dilation=(2,))
        return valid(y, w)

    # A result of the transposed layer depends on at most two samples, 2 apart; the last layer on three neighbours.
    assert field(transposed, x, W) == 1 + 2 + 2 + 2

    def channels_last(x: Any, w: Any) -> Any:
        y = conv(x, w).transpose(0, 2, 1)
        y = (y - y.mean(-1, keepdims=True)) @ jnp.ones((4, 4), x.dtype)
        y = y.reshape(1, 400, 2, 2).reshape(1, 400, 4)
        numbers = ("NHC", "OIH", "NHC")
        return lax.conv_general_dilated(y, w, (1,), "SAME", dimension_numbers=numbers)

    assert field(channels_last, x, W) == 5


def test_the_receptive_field_is_unknown_rather_than_wrong() -> None:
    assert field(lambda x, w: conv(jnp.cumsum(conv(x, w), -1), w), X, W) is None
    assert field(lambda x, w: conv(conv(x, w)[..., ::-1], w), X, W) is None
    assert field(lambda x, w: conv(conv(x, w).transpose(0, 2, 1), jnp.ones((4, 64, 3), x.dtype)), X, W) is None
    assert field(lambda x, w: conv(jnp.fft.fft(conv(x, w)).real, w), X, W) is None

    def attention(x: Any, w: Any) -> Any:
        y = conv(x, w)
        weights = jax.nn.softmax(jnp.einsum("ncl,ncm->nlm", y, y))
        return conv(jnp.einsum("nlm,ncm->ncl", weights, y), w)

    assert field(attention, X, W) is None


def test_text_html_and_json_say_the_same() -> None:
    def model(x: Any, w: Any) -> Any:
        return conv(conv(x, w), w)

    found = convax.inspect(model)(X, W)
    text, page, plain = str(found), found._repr_html_(), json.loads(found.to_json())
    assert text.splitlines()[0] == "2 one-dimensional convolutions, times estimated for cpu"
    for word in ("N2 C4 L64 float32", "O4 I4 K3", "pad 1,1", "receptive field 5 samples", "48 parameters"):
        assert word in text and word in page
    assert plain["total"]["parameters"] == 48 and len(plain["convolutions"]) == 2
    assert page.count("<tr>") == 3 and "<script" not in page
    none = convax.inspect(jnp.sin)(X)
    assert str(none) == "no one-dimensional convolution" and "<table" not in none._repr_html_()


def test_without_rich_the_columns_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    found = convax.inspect(conv)(X, W)
    by_rich, original = str(found), builtins.__import__

    def refuse(name: str, *others: Any, **more: Any) -> Any:
        if name.split(".")[0] == "rich":
            raise ImportError(name)
        return original(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    plain = str(found)
    assert plain != by_rich
    assert plain.split("\n")[-2].split() == by_rich.split("\n")[-2].split()


def test_names_in_a_page_are_escaped() -> None:
    def layer(x: Any, w: Any) -> Any:
        with jax.named_scope("<b>"):
            return jax.jit(lambda x: conv(x, w))(x)

    assert "<b>" not in convax.inspect(layer)(X, W)._repr_html_()


def test_empty_convolutions_and_bad_arguments() -> None:
    found = convax.inspect(valid)(jax.ShapeDtypeStruct((2, 4, 2), "float32"), W)
    assert found.convolutions[0].spec.geometry.output == 0 and found.flops == 0 and str(found)
    with pytest.raises(ArgumentTypeError, match="takes a function"):
        convax.inspect(X)  # type: ignore[arg-type]


def test_the_algorithm_that_a_call_asks_for_is_shown() -> None:
    found = convax.inspect(lambda x, w: convax.conv1d(x, w, algorithm="fft"))(X, W)
    assert found.convolutions[0].algorithm.startswith("fft")


def test_a_loop_whose_values_change_places() -> None:
    def swapping(x: Any, w: Any) -> Any:
        def turn(carry: Any, _: Any) -> Any:
            one, other = carry
            return (conv(other, w), one), None

        return lax.scan(turn, (x, x), None, length=6)[0][0]

    # Three convolutions one behind the other; the last of them is noted, and it is not known how far it reaches.
    assert field(swapping, X, W) is None

    def short(x: Any, w: Any) -> Any:
        return lax.scan(lambda y, _: (conv(y, w), None), x, None, length=3)[0]

    assert field(short, X, W) == 1 + 3 * 2


def test_padding_by_hand_keeps_its_place() -> None:
    def skipping(x: Any, w: Any) -> Any:
        y = conv(x, w)
        ends = jnp.zeros((2, 4, 2), x.dtype)
        causal = valid(jnp.concatenate([ends, y], -1), w)  # sees 2 samples before, none after
        return conv(causal + y, w)

    # Of y: 2 samples before and 0 after; one more at either end of the last, and of the first layer.
    assert field(skipping, X, W) == 1 + 2 + 2 + 2
