"""tune: measure the candidates of each convolution in a function, and remember the fastest."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from convax import jax_internals
from convax.algorithms import Algorithm
from convax.core import ConvSpec
from convax.errors import ArgumentError
from convax.planner import Remembered, active_wisdom, device_name, estimates, measure
from convax.primitive import conv1d_p, spec_of

__all__ = ["TuneReport", "Tuned", "convolutions_of", "tune"]


@dataclasses.dataclass(frozen=True)
class Tuned:
    """What measuring one convolution found.

    Args:
        spec: The convolution.
        estimate: The algorithm that the estimate alone would choose.
        seconds: Seconds by algorithm, fastest first.
    """

    spec: ConvSpec
    estimate: Algorithm
    seconds: dict[Algorithm, float]

    @property
    def fastest(self) -> Algorithm:
        """The algorithm that was fastest."""
        return next(iter(self.seconds))

    def __str__(self) -> str:
        lines = [str(self.spec)]
        for algorithm, seconds in self.seconds.items():
            mark = " (estimated to be fastest)" if algorithm == self.estimate else ""
            lines.append(f"  {seconds * 1e3:10.4g} ms  {algorithm}{mark}")
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class TuneReport:
    """What `tune` measured: one entry per distinct convolution; prints itself as a table."""

    device: str
    entries: tuple[Tuned, ...]

    def __str__(self) -> str:
        if not self.entries:
            return f"no convolution of convax in the function ({self.device})"
        return "\n".join([self.device, *map(str, self.entries)])


def tune(
    function_or_spec: Callable[..., Any] | ConvSpec,
    *arguments: Any,
    seconds: float = 1.0,
    platform: str | None = None,
    told: Callable[[ConvSpec, Algorithm], None] = lambda spec, algorithm: None,
) -> TuneReport:
    """Measure the candidates of every convolution in a function, and remember the fastest as wisdom.

    The function is traced, not run: its convolutions (those of its gradients too, where it takes gradients) are
    measured one by one on random data of the same shapes. Functions compiled before keep what they have. The
    choices go to the wisdom of the innermost `use_wisdom`, else to the user's.

    Args:
        function_or_spec: A function that calls convax, or one convolution as a `ConvSpec`.
        *arguments: Example arguments of the function; shapes (`jax.ShapeDtypeStruct`) suffice.
        seconds: Time for the runs of each convolution; compilation comes on top.
        platform: Where to measure; None for JAX's default backend.
        told: Called before each candidate is compiled, for a display of progress.

    Returns:
        The report.

    Raises:
        ArgumentError: Called inside a function that JAX is tracing, where nothing can be timed.

    Example:
        >>> import convax
        >>> layer = jax.value_and_grad(lambda w, x: (convax.conv1d(x, w) ** 2).sum())
        >>> shapes = jax.ShapeDtypeStruct((4, 4, 3), "float32"), jax.ShapeDtypeStruct((2, 4, 64), "float32")
        >>> with convax.use_wisdom(convax.Wisdom()) as wisdom:
        ...     report = tune(layer, *shapes, seconds=0.01)
        >>> len(report.entries) == len(wisdom) == 2  # forward, and the gradient with respect to the kernel
        True
        >>> wisdom.save("layer.json")  # doctest: +SKIP
    """
    if jax_internals.is_tracer(jnp.zeros(())):
        raise ArgumentError(
            "convax.tune was called inside a function that JAX is tracing (jit, scan, ...)",
            repair="call tune outside, with the function and example arguments: tune(f, x)",
        )
    platform = platform or jax.default_backend()
    if isinstance(function_or_spec, ConvSpec):
        specs = [function_or_spec]
    else:
        specs = list(dict.fromkeys(convolutions_of(function_or_spec, *arguments)))
    device, wisdom, entries = device_name(platform), active_wisdom(), []
    for spec in specs:
        if spec.is_empty:
            continue
        times = measure(spec, platform, seconds=seconds, told=functools.partial(told, spec))
        ordered = dict(sorted(times.items(), key=lambda item: item[1]))
        entry = Tuned(spec, estimates(spec, platform)[0].algorithm, ordered)
        wisdom.remember(spec, device, Remembered(entry.fastest, {str(a): s for a, s in ordered.items()}))
        entries.append(entry)
    return TuneReport(device, tuple(entries))


def convolutions_of(function: Callable[..., Any], *arguments: Any) -> Iterator[ConvSpec]:
    """The convolutions that a function leaves to the planner, in order, those of inner functions included."""
    yield from _convolutions(jax.make_jaxpr(function)(*arguments).jaxpr)


def _convolutions(jaxpr: Any) -> Iterator[ConvSpec]:
    for equation in jaxpr.eqns:
        if equation.primitive is conv1d_p and equation.params["algorithm"] is None:
            x, w = (atom.aval for atom in equation.invars)
            yield spec_of(x, w, equation.params)
        for inner in jax_internals.inner_jaxprs(equation):
            yield from _convolutions(inner)
