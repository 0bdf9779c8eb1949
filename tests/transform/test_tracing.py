"""When a function is traced, and when not; arguments of every kind, and what cannot be traced at all."""

from __future__ import annotations

import dataclasses
import functools
import gc
import weakref
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import convax
from convax.errors import ArgumentError
from transform.constructs import conv, operands

close = functools.partial(np.testing.assert_allclose, rtol=1e-11, atol=1e-11)


class Counted:
    """A function that counts how often Python runs it."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.traces = 0

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self.traces += 1
        return self.function(*arguments, **keywords)


def test_a_training_loop_traces_once() -> None:
    x, w = operands()
    counted = Counted(lambda w, x: jax.value_and_grad(lambda w: jnp.mean(conv(x, w) ** 2))(w))
    step = convax.accelerate(counted)
    first = None
    for number in range(1000):
        loss, gradient = step(w, x)
        w = w - 0.01 * gradient
        first = loss if number == 0 else first
    assert counted.traces == 1
    assert loss < first / 2


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_new_shapes_and_types_trace_anew_and_nothing_else_does(wrap: Any) -> None:
    x, w = operands()
    counted = Counted(conv)
    fast = wrap(convax.accelerate(counted))
    for data in (x, 2 * x, np.asarray(x), x[:1], x[:1] + 1):
        close(fast(data, w), conv(jnp.asarray(data), w))
    assert counted.traces == 2
    fast(x.astype("float32"), w.astype("float32"))
    assert counted.traces == 3


def test_x64_and_precision_are_part_of_the_signature() -> None:
    counted = Counted(lambda x, w: lax.conv_general_dilated(x, w, (1,), "SAME"))
    fast = convax.accelerate(counted)
    x, w = operands("float32")
    fast(x, w)
    with jax.default_matmul_precision("highest"):
        fast(x, w)
    assert counted.traces == 2


def test_static_arguments_by_value() -> None:
    x, w = operands()

    def layer(x: Any, w: Any, padding: str, *, stride: int, train: bool) -> Any:
        return lax.conv_general_dilated(x, w, (stride,), padding) * (2 if train else 1)

    counted = Counted(layer)
    fast = convax.accelerate(counted)
    for padding, stride, train in (("SAME", 1, True), ("SAME", 1, True), ("VALID", 1, True), ("VALID", 2, False)):
        close(fast(x, w, padding, stride=stride, train=train), layer(x, w, padding, stride=stride, train=train))
    # Three signatures, and one attempt to trace the stride as a number that varies.
    assert counted.traces == 3 + 1


def test_numbers_that_vary_do_not_trace_anew() -> None:
    x, w = operands()
    counted = Counted(lambda x, w, rate: conv(x, w) * rate)
    fast = convax.accelerate(counted)
    for rate in (0.1, 0.2, 0.3):
        close(fast(x, w, rate), conv(x, w) * rate)
    assert counted.traces == 1


def test_numbers_that_decide_are_taken_by_value() -> None:
    x, w = operands()

    def deep(x: Any, w: Any, layers: int) -> Any:
        for _ in range(layers):
            x = conv(x, w)
        return x

    counted = Counted(deep)
    fast = convax.accelerate(counted)
    for layers in (1, 2, 3, 2, 1):
        close(fast(x, w, layers), deep(x, w, layers))
    assert counted.traces == 1 + 3  # one that found out, then one for each number


class Pair(NamedTuple):
    x: Any
    w: Any


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Layer:
    w: Any
    padding: str = dataclasses.field(metadata={"static": True}, default="SAME")

    def __call__(self, x: Any) -> Any:
        return lax.conv_general_dilated(x, self.w, (1,), self.padding)

    def twice(self, x: Any) -> Any:
        return self(self(x))


def test_trees_in_and_out() -> None:
    x, w = operands()

    def tree(pair: Pair, more: dict[str, Any]) -> dict[str, Any]:
        y = conv(pair.x, pair.w) + more["bias"][0]
        return {"y": Pair(y, None), "name": "layer", "same": more["bias"], "number": 3, "function": conv}

    found = convax.accelerate(tree)(Pair(x, w), {"bias": [1.0, None, "word"]})
    close(found["y"].x, conv(x, w) + 1)
    assert found["y"].w is None and found["name"] == "layer" and found["function"] is conv
    assert found["same"][1:] == [None, "word"]
    assert found["number"] == 3 and type(found["number"]) is int


def test_objects_that_are_trees_pass_their_parameters() -> None:
    x, w = operands()
    layer = Layer(w)
    fast, method = convax.accelerate(layer), convax.accelerate(layer.twice)
    close(fast(x), conv(x, w))
    close(method(x), conv(conv(x, w), w))
    layer.w = 2 * w  # what an optimizer does
    close(fast(x), conv(x, 2 * w))
    close(method(x), conv(conv(x, 2 * w), 2 * w))
    by_argument = convax.accelerate(lambda layer, x: layer(x))
    close(by_argument(layer, x), conv(x, 2 * w))
    close(by_argument(Layer(w, "VALID"), x), lax.conv_general_dilated(x, w, (1,), "VALID"))


def test_a_method_in_a_class_body() -> None:
    x, w = operands()

    class Net:
        def __init__(self) -> None:
            self.w = w

        @convax.accelerate
        def __call__(self, x: Any) -> Any:
            return conv(x, self.w)

    close(Net()(x), conv(x, w))


def test_an_object_that_is_changed_in_place_is_refused() -> None:
    x, w = operands()
    layer = Layer(w)

    def careless(layer: Layer, x: Any) -> Any:
        layer.w = layer.w + 1
        return layer(x)

    with pytest.raises(ArgumentError, match=r"argument 0 \(Layer\) is changed in place") as caught:
        convax.accelerate(careless)(layer, x)
    assert "split and merge" in str(caught.value)
    # Containers are the function's own, as in jit.
    convax.accelerate(lambda state, x: state.update(n=x.sum()) or state)({"n": x.sum()}, x)


def test_values_closed_over() -> None:
    x, w = operands()
    fast = convax.accelerate(lambda x: conv(x, w))
    close(fast(x), conv(x, w))

    def outer(x: Any, w: Any) -> Any:
        inner = convax.accelerate(lambda x: conv(x, w))
        return inner(x) + inner(2 * x)

    close(jax.jit(outer)(x, w), 3 * conv(x, w))
    close(jax.grad(lambda w: jnp.sum(outer(x, w)))(w), jax.grad(lambda w: jnp.sum(3 * conv(x, w)))(w))


def test_a_closed_over_value_of_an_outer_trace_does_not_leak() -> None:
    x, w = operands()
    box = {"w": w}
    fast = convax.accelerate(lambda x: conv(x, box["w"]))

    def outer(x: Any, w: Any) -> Any:
        box["w"] = w
        return fast(x)

    close(jax.jit(outer)(x, w), conv(x, w))
    close(jax.jit(lambda x, w: outer(x, w) + 1)(x, w), conv(x, w) + 1)
    box["w"] = 2 * w
    close(fast(x), conv(x, 2 * w))


def test_unhashable_arguments_are_traced_each_time() -> None:
    class Settings:
        __hash__ = None  # type: ignore[assignment]

        def __init__(self, stride: int) -> None:
            self.stride = stride

        def __eq__(self, other: object) -> bool:
            return True

    x, w = operands()
    counted = Counted(lambda x, w, s: lax.conv_general_dilated(x, w, (s.stride,), "SAME"))
    fast = convax.accelerate(counted)
    for stride in (1, 2, 2):
        close(fast(x, w, Settings(stride)), lax.conv_general_dilated(x, w, (stride,), "SAME"))
    assert counted.traces == 3


def test_errors_of_the_function_are_its_own() -> None:
    x, w = operands()
    with pytest.raises(ZeroDivisionError):
        convax.accelerate(lambda x: x / (1 // 0))(x)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        convax.accelerate(lambda x, w: x)(x)
    with pytest.raises(jax.errors.TracerBoolConversionError):
        convax.accelerate(lambda x: x if x.sum() > 0 else -x)(x)
    with pytest.raises((TypeError, ValueError), match="conv_general_dilated"):
        convax.accelerate(conv)(x, w[:, :2])


def test_nothing_is_kept_of_a_function_that_is_gone() -> None:
    x, w = operands()
    fast = convax.accelerate(lambda x, w: conv(x, w))
    fast(x, w)
    gone = weakref.ref(fast)
    del fast
    gc.collect()
    assert gone() is None


def test_refs_and_shapes_without_values() -> None:
    x, w = operands()
    found = jax.eval_shape(convax.accelerate(conv), x, w)
    assert (found.shape, found.dtype) == (x.shape, x.dtype)
    assert convax.accelerate(conv).__wrapped__ is conv
