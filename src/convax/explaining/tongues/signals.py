"""NumPy, jax.numpy and SciPy: one signal and one kernel by their own functions, layers by windows and einsum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convax.explaining.tongues.dialect import JAX, NUMPY, Dialect
from convax.explaining.tongues.prepared import Prepared, added_by_mode, arrays, biased, inner_window, prepare

if TYPE_CHECKING:
    from convax.explaining.explanation import Explanation

__all__ = ["jax_numpy", "numpy", "scipy"]


def numpy(explanation: Explanation, wanted: str) -> list[str]:
    """numpy.convolve and numpy.correlate, or sliding_window_view and einsum."""
    return list(NUMPY.imports) + (
        _signal(explanation, NUMPY, "np.{}({}, {}, {!r})", wanted)
        or _layer(explanation, NUMPY, wanted, "np.lib.stride_tricks.sliding_window_view(x, {reach}, axis=-1){steps}")
    )


def jax_numpy(explanation: Explanation, wanted: str) -> list[str]:
    """jax.numpy's functions of the same names; integers stay integers only where it is told so."""
    exact = f", preferred_element_type={JAX.dtype(wanted)}" if "int" in wanted else ""
    return list(JAX.imports) + (
        _signal(explanation, JAX, "jnp.{}({}, {}, {!r}" + exact + ")", wanted)
        or _layer(explanation, JAX, wanted, "x[:, :, {starts} + {taps}]")
    )


def scipy(explanation: Explanation, wanted: str) -> list[str]:
    """scipy.signal's functions; empty for layers."""
    lines = _signal(explanation, NUMPY, 'signal.{}({}, {}, {!r}, method="direct")', wanted)
    return ["import numpy as np", "from scipy import signal", *lines] if lines else []


def _signal(explanation: Explanation, dialect: Dialect, template: str, wanted: str) -> list[str]:
    """One signal and one kernel; empty where the call has channels."""
    call, reading = explanation.call, explanation.reading
    if call.function in ("convolve", "correlate"):
        return _numpy_call(explanation, dialect, template, wanted)
    if any(len(operand.shape) != 1 for operand in call.operands[:2]):
        return []
    lines = [arrays(explanation, dialect, wanted), *added_by_mode(explanation, dialect, 0, 1)]
    geometry = inner_window(explanation)
    if geometry.upsample > 1:
        columns = dialect.pad("x[:, None]", 1, 2, (0, geometry.upsample - 1))
        lines.append(f"x = {dialect.reshape(columns, (-1,))}[:{geometry.spread}]")
    before, after = geometry.padding
    if min(before, after) < 0:
        lines.append(f"x = x[{max(0, -before)}:{geometry.spread - max(0, -after)}]")
    if max(before, after) > 0:
        lines.append(f"x = {dialect.pad('x', 0, 1, (max(0, before), max(0, after)))}")
    if geometry.dilation > 1:
        columns = dialect.pad("w[:, None]", 1, 2, (0, geometry.dilation - 1))
        lines.append(f"w = {dialect.reshape(columns, (-1,))}[:{geometry.reach}]")
    step = f"[::{geometry.stride}]" if geometry.stride > 1 else ""
    kernel = "w" if reading.flipped else "w[::-1]"
    lines.append(f"y = {_filled(template, 'convolve', 'x', kernel, 'valid')}{step}")
    return lines + biased(explanation, dialect, (-1,))


def _numpy_call(explanation: Explanation, dialect: Dialect, template: str, wanted: str) -> list[str]:
    """NumPy's function itself, mapped over the other axes."""
    from convax.ops.numpy_names import mode_of

    call, reading = explanation.call, explanation.reading
    name, mode, axis = call.function, mode_of(call.setting("mode")), call.setting("axis")
    lines = [arrays(explanation, dialect, wanted)]
    ranks = [len(operand.shape) for operand in call.operands[:2]]
    for letter, rank in zip("xw", ranks, strict=True):
        if rank == 0:
            lines.append(f"{letter} = {dialect.reshape(letter, (1,))}")
        elif rank > 1 and axis % rank != rank - 1:
            lines.append(f"{letter} = {dialect.move(letter, axis, -1)}")
    one = _filled(template, name, "x", "w", mode)
    if reading.swapped and "signal." in template:
        one = _filled(template, name, "w", "x", mode)
        if name == "correlate":
            one += "[::-1].conj()"
    if max(ranks) <= 1:
        return [*lines, f"y = {one}"]
    for letter, rank in zip("xw", ranks, strict=True):
        missing = max(ranks) - max(rank, 1)
        if missing and dialect is JAX:  # where rank promotion may be switched off
            lines.append(f"{letter} = {letter}[{', '.join(['None'] * missing)}]")
    lines.append(f'y = {dialect.name}.vectorize(lambda x, w: {one}, signature="(m),(n)->(k)")(x, w)')
    if axis % max(ranks) != max(ranks) - 1:
        lines.append(f"y = {dialect.move('y', -1, axis)}")
    return lines


def _filled(template: str, name: str, first: str, second: str, mode: str) -> str:
    return template.format(name, first, second, mode).replace("'", '"')


def _layer(explanation: Explanation, dialect: Dialect, wanted: str, windows: str) -> list[str]:
    prepared = prepare(explanation, dialect, wanted)
    prepared.ordered(dialect, "NCH", "OIH")
    prepared.spread(dialect)
    prepared.padded(dialect)
    return [*prepared.before, *_contracted(prepared, dialect, windows), *prepared.after]


def _contracted(prepared: Prepared, dialect: Dialect, windows: str) -> list[str]:
    geometry, groups = prepared.geometry, prepared.groups
    batch, channels, features = prepared.sizes
    stride, dilation = (f" * {step}" if step > 1 else "" for step in (geometry.stride, geometry.dilation))
    strided = f"::{geometry.stride}" if stride else ":"
    steps = f"[..., {strided}, {f'::{geometry.dilation}' if dilation else ':'}]" if stride or dilation else ""
    starts = f"{dialect.name}.arange({geometry.output})[:, None]{stride}"
    taps = f"{dialect.name}.arange({geometry.taps})[None, :]{dilation}"
    lines = [f"windows = {windows.format(reach=geometry.reach, steps=steps, starts=starts, taps=taps)}"]
    if groups == 1:
        return [*lines, f'y = {dialect.name}.einsum("nclk,ock->nol", windows, w)']
    split = (batch, groups, channels // groups, geometry.output, geometry.taps)
    kernel = (groups, features // groups, channels // groups, geometry.taps)
    return [
        *lines,
        f"windows = {dialect.reshape('windows', split)}",
        f"w = {dialect.reshape('w', kernel)}",
        f'y = {dialect.name}.einsum("ngclk,gock->ngol", windows, w)',
        f"y = {dialect.reshape('y', (batch, features, geometry.output))}",
    ]
