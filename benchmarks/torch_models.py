"""Example architectures in PyTorch, with the same parameters and results. Where torch is absent, `torch_step` fails."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from examples.model import Model

from benchmarks.torch_rivals import load

__all__ = ["TORCH_MODELS", "torch_step"]


def torch_step(name: str, model: Model, size: Any) -> Callable[[], tuple[Any, Any]]:
    """Loss and gradients of a training step, as `Model.step` returns them.

    Args:
        name: Of the example, one of `TORCH_MODELS`.
        model: What it made.
        size: Its sizes.
    """
    torch, forward = load(), TORCH_MODELS[name]
    leaves, structure = jax.tree.flatten(model.parameters)
    tensors = [torch.from_numpy(np.array(leaf)).requires_grad_() for leaf in leaves]
    parameters, x = jax.tree.unflatten(structure, tensors), torch.from_numpy(np.array(model.x))

    def step() -> tuple[Any, Any]:
        loss = forward(parameters, x, size).square().mean()
        return loss.detach(), jax.tree.unflatten(structure, torch.autograd.grad(loss, tensors))

    return step


def wavenet(parameters: Any, x: Any, size: Any) -> Any:
    """Channels first, as PyTorch has them."""
    torch = load()

    def convolution(layer: Any, x: Any, dilation: int = 1) -> Any:
        kernel = layer["kernel"].get_value().permute(2, 1, 0)
        return _causal(x, kernel, dilation, groups=1) + layer["bias"].get_value()[:, None]

    state, summed = convolution(parameters["entering"], x.transpose(1, 2)), 0
    for number, dilation in enumerate(size.dilations):
        layer = parameters["layers"][number]
        filtered, gate = convolution(layer["dilated"], state, dilation).chunk(2, dim=1)
        hidden = torch.tanh(filtered) * torch.sigmoid(gate)
        summed = summed + convolution(layer["skip"], hidden)
        state = state + convolution(layer["residual"], hidden) if "residual" in layer else state
    return convolution(parameters["leaving"], torch.relu(convolution(parameters["hidden"], torch.relu(summed))))


def tcn(parameters: Any, x: Any, size: Any) -> Any:
    """All sequences at once."""
    relu = load().relu

    def convolution(layer: Any, x: Any, dilation: int = 1) -> Any:
        return _causal(x, layer.weight, dilation, groups=1) + layer.bias

    for number, block in enumerate(parameters.blocks):
        hidden = relu(convolution(block.first.convolution, x, 2**number))
        hidden = relu(convolution(block.second.convolution, hidden, 2**number))
        x = relu(hidden + (x if block.widened is None else convolution(block.widened, x)))
    return x[..., -1] @ parameters.answer.weight.T + parameters.answer.bias


def depthwise_stack(parameters: Any, x: Any, size: Any) -> Any:
    """Depthwise, relu and pointwise, with residuals."""
    functional = load().nn.functional
    for layer in parameters:
        alone = functional.conv1d(x, layer["alone"], layer["alone_bias"], padding=size.taps // 2, groups=size.channels)
        x = x + functional.conv1d(functional.relu(alone), layer["mixing"], layer["mixing_bias"])
    return x


def recurrent_stack(parameters: Any, x: Any, size: Any) -> Any:
    """A loop of Python, which is how PyTorch repeats a layer."""
    functional = load().nn.functional
    given = functional.conv1d(x, parameters["input"], parameters["bias"])
    state = given.new_zeros(given.shape)
    for _ in range(size.depth):
        state = functional.relu(given + functional.conv1d(state, parameters["kernel"], padding=size.taps // 2))
    return state


def hyena(parameters: Any, x: Any, size: Any) -> Any:
    """The long convolution by FFT of twice the length, as PyTorch's own implementations of Hyena have it."""
    torch, length = load(), size.length
    for block in parameters:
        projected = torch.einsum("oc,ncl->nol", block["input"], _normalised(x, 1) * block["scale"][:, None])
        query, key, value = _causal(projected, block["short"]).chunk(3, dim=1)
        entering, kernel = key * value, block["long"][:, 0] * _window(size.width, length)
        spectrum = torch.fft.rfft(entering, 2 * length) * torch.fft.rfft(kernel, 2 * length)
        filtered = torch.fft.irfft(spectrum, 2 * length)[..., :length] + block["skip"][:, None] * entering
        x = x + torch.einsum("oc,ncl->nol", block["output"], query * filtered)
    return x


def _normalised(x: Any, axis: int) -> Any:
    return x * (x.square().mean(axis, keepdim=True) + 1e-6).rsqrt()


def _causal(x: Any, kernel: Any, dilation: int = 1, groups: int | None = None) -> Any:
    functional = load().nn.functional
    padded = functional.pad(x, ((kernel.shape[-1] - 1) * dilation, 0))
    return functional.conv1d(padded, kernel, dilation=dilation, groups=x.shape[1] if groups is None else groups)


def _window(channels: int, taps: int) -> Any:
    from examples.hyena import FASTEST, SLOWEST

    torch = load()
    rates = torch.logspace(*(math.log10(-math.log(most)) for most in (FASTEST, SLOWEST)), channels)
    return torch.exp(-rates[:, None] * torch.linspace(0, 1, taps))


TORCH_MODELS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "wavenet": wavenet,
    "tcn": tcn,
    "depthwise_stack": depthwise_stack,
    "recurrent_stack": recurrent_stack,
    "hyena": hyena,
}
