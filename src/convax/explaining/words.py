"""An explanation in words, section by section; the text, the page and the figure say the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from convax.core import DType, Geometry, resolve_padding
from convax.explaining.drawing import Labels, padded_signal, sliding, sum_of, window
from convax.explaining.explanation import Explanation
from convax.explaining.gradients import gradients_of
from convax.explaining.reading import MEANING
from convax.explaining.window import is_drawable

__all__ = ["Section", "labels_of", "sections", "table"]


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading and its lines; `drawn` lines keep their columns."""

    title: str
    lines: tuple[str, ...]
    drawn: bool = False


def sections(explanation: Explanation) -> list[Section]:
    """Everything that there is to say, in reading order."""
    geometry = explanation.geometry
    found = [_axes(explanation)]
    if explanation.problem is not None:
        found.append(Section("does not fit", tuple(str(explanation.problem).splitlines())))
    if geometry is not None and is_drawable(geometry):
        found.append(_padding(explanation, geometry))
    if geometry is not None:
        found.append(_length(explanation, geometry))
    if geometry is not None and is_drawable(geometry) and geometry.output:
        found += _outputs(explanation)
    if geometry is not None and geometry.length and geometry.taps:
        found.append(_other_paddings(explanation, geometry))
    found.append(Section("kernel", (_direction(explanation),)))
    if explanation.spec is not None:
        found.append(_types(explanation))
        found.append(_gradients(explanation))
    if explanation.problem is None:
        found.append(_tongues(explanation))
    return found


def labels_of(explanation: Explanation) -> Labels:
    """What the pictures call the samples and the taps."""
    signal, kernel = (_LETTERS.get(operand.name, operand.name) for operand in explanation.call.operands[:2])
    numbers = tuple(operand.numbers for operand in explanation.call.operands[:2])
    reading = explanation.reading
    conjugated = (False, reading.conjugated and explanation.dtype is not None and explanation.dtype.startswith("c"))
    if reading.swapped:
        return Labels((kernel, signal), (numbers[1], numbers[0]), (conjugated[1], conjugated[0]))
    return Labels((signal, kernel), (numbers[0], numbers[1]), conjugated)


_LETTERS = {"lhs": "x", "rhs": "w", "kernel": "w"}


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with their columns one under another."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _axes(explanation: Explanation) -> Section:
    call, reading = explanation.call, explanation.reading
    rows = []
    # A kernel counts the channels of a group, that of a transposed convolution the features of a group.
    counted = "O" if call.function == "conv_transpose1d" else "I"
    of_group = {counted: f"{MEANING[counted]} of a group"} if reading.groups > 1 else {}
    for operand, letters, words in zip(
        call.operands, (reading.data_axes, reading.kernel_axes, "O"), ({}, of_group, {}), strict=False
    ):
        rows.append((operand.name, str(operand.shape), operand.dtype, _named(letters, operand.shape, words)))
    if explanation.shape is not None:
        rows.append(
            ("y", str(explanation.shape), explanation.dtype or "", _named(reading.out_axes, explanation.shape, {}))
        )
    lines = table(rows)
    if reading.swapped:
        first, second = (operand.name for operand in call.operands[:2])
        lines.append(f"{second} is longer, so it is the signal, and {first} slides over it, as in NumPy")
    short = [(operand.name, _LETTERS[operand.name]) for operand in call.operands[:2] if operand.name in _LETTERS]
    if short and reading.geometry is not None:
        lines.append("below, " + " and ".join(f"{letter}3 is number 3 of {name}" for name, letter in short))
    return Section("axes", tuple(lines), drawn=True)


def _named(letters: str, shape: Sequence[int], per_group: Mapping[str, str]) -> str:
    if len(letters) != len(shape) or not letters:
        return ""
    meaning = {**MEANING, **per_group}
    return ", ".join(f"{meaning[letter]} {size}" for letter, size in zip(letters, shape, strict=True))


def _padding(explanation: Explanation, geometry: Geometry) -> Section:
    reading, labels = explanation.reading, labels_of(explanation)
    before, after = geometry.padding
    what = (
        "zeros"
        if reading.mode is None
        else {"wrap": "the other end", "edge": "the edge"}.get(reading.mode, "a reflection")
    )
    parts = []
    for count, place in ((before, "before"), (after, "after")):
        parts.append(f"{-count} trimmed {place}" if count < 0 else f"{count} {place}")
    lines = [f"{', '.join(parts)}{f' ({what})' if max(before, after) > 0 else ''}"]
    if geometry.upsample > 1:
        between = geometry.upsample - 1
        lines[0] += f"; {between} zero{'s' * (between != 1)} between two samples"
    spread = f"(({geometry.length} - 1) * {geometry.upsample} + 1)" if geometry.upsample > 1 else f"{geometry.length}"
    lines.append(padded_signal(geometry, labels, reading.mode))
    lines.append(f"{before} + {spread} + {after} = {geometry.padded} places for the window")
    return Section("padding", tuple(lines), drawn=True)


def _length(explanation: Explanation, geometry: Geometry) -> Section:
    reading = explanation.reading
    lines = [
        f"output = floor((before + {'spread' if geometry.upsample > 1 else 'length'} + after - reach) / stride) + 1",
        f"       = {geometry.formula()}",
    ]
    if geometry.upsample > 1:
        lines.append(f"spread = (length - 1) * upsample + 1 = {geometry.spread}")
    if geometry.dilation > 1:
        lines.append(f"reach  = (taps - 1) * dilation + 1 = {geometry.reach}")
    if reading.cut is not None:
        before, after, extra = reading.cut
        whole = (geometry.length - 1) * geometry.upsample - before - after + geometry.reach + extra
        lines.append(
            "the same in the transposed convolution's words: (length - 1) * stride - before - after + reach + "
            f"output_padding = ({geometry.length} - 1) * {geometry.upsample} - {before} - {after} + {geometry.reach} "
            f"+ {extra} = {whole}"
        )
    return Section("length", tuple(lines), drawn=True)


def _outputs(explanation: Explanation) -> list[Section]:
    reading, labels, geometry = explanation.reading, labels_of(explanation), explanation.geometry
    assert geometry is not None
    output = explanation.output
    lines = [*window(reading, labels, output), sum_of(reading, labels, output)]
    spec = explanation.spec
    if spec is not None and spec.group_channels > 1 and not explanation.call.function.startswith("corr"):
        lines.append(
            f"summed over the {spec.group_channels} channels of its group"
            if spec.groups > 1
            else f"summed over the {spec.group_channels} channels"
        )
    found = [Section(f"output {output} of {geometry.output}", tuple(lines), drawn=True)]
    rows = sliding(reading, labels)
    if rows and geometry.output > 1:
        found.append(Section("all outputs", tuple(rows), drawn=True))
    return found


def _other_paddings(explanation: Explanation, geometry: Geometry) -> Section:
    function = explanation.call.function
    if function in ("convolve", "correlate"):
        taps = geometry.taps
        ends = {"full": (taps - 1, taps - 1), "same": (taps // 2, taps - taps // 2 - 1), "valid": (0, 0)}
        title = "other modes"
    elif explanation.reading.cut is not None:
        return _other_cuts(explanation, geometry)
    else:
        words = ("VALID", "SAME", "CAUSAL", "FULL")
        ends = {word: resolve_padding(word, geometry.spread, geometry.reach, geometry.stride) for word in words}
        title = "other paddings"
    rows = []
    for word, pair in ends.items():
        other = dataclasses.replace(geometry, padding=pair)
        rows.append((word, f"{pair[0]} before, {pair[1]} after", _outputs_of(other), _here(pair == geometry.padding)))
    if geometry.padding not in ends.values():
        before, after = geometry.padding
        rows.append(("numbers", f"{before} before, {after} after", _outputs_of(geometry), _here(True)))
    lines = table(rows)
    if function == "conv_general_dilated" and geometry.upsample > 1:
        lines.append("lax takes no word for an upsampled signal: write the pair")
    elif function == "conv_general_dilated":
        lines.append("CAUSAL and FULL are convax's words: for lax write the pair, [(before, after)]")
    elif function == "conv1d_basic":
        lines.append("conv1d_basic is always VALID; convax.conv1d takes the others")
    return Section(title, tuple(lines), drawn=True)


def _other_cuts(explanation: Explanation, geometry: Geometry) -> Section:
    from convax.ops.transposed import cut_of

    cut = explanation.reading.cut
    assert cut is not None
    rows = []
    for word in ("VALID", "SAME", 0):
        pair = cut_of(word, geometry.length, geometry.reach, geometry.upsample)
        ends = (geometry.reach - 1 - pair[0], geometry.reach - 1 - pair[1])
        other = dataclasses.replace(geometry, padding=ends)
        here = _here(pair == cut[:2] and cut[2] == 0)
        rows.append((str(word), f"cuts {pair[0]} before, {pair[1]} after", _outputs_of(other), here))
    if not any(row[-1] for row in rows):
        extra = f", appends {cut[2]}" if cut[2] else ""
        rows.append(("numbers", f"cuts {cut[0]} before, {cut[1]} after{extra}", _outputs_of(geometry), _here(True)))
    return Section("other paddings", tuple(table(rows)), drawn=True)


def _outputs_of(geometry: Geometry) -> str:
    return f"{geometry.output} outputs" if geometry.output else "no output: the kernel is longer"


def _here(yes: bool) -> str:
    return "<- this call" if yes else ""


def _direction(explanation: Explanation) -> str:
    function = explanation.call.function
    names = [operand.name for operand in explanation.call.operands[:2]]
    if function == "convolve":
        return f"flipped, as numpy.convolve flips it: the last number of {names[1]} meets the first of its window"
    if function == "correlate":
        return "not flipped, as in numpy.correlate: numpy.convolve would meet the numbers of v in reverse order" + (
            "; v is conjugated" if explanation.reading.conjugated else ""
        )
    if function == "conv_transpose1d":
        return (
            "each sample is multiplied by the whole kernel and laid down in order, as numpy.convolve does with stride "
            "1; seen as a window over the spread signal, the kernel is flipped"
        )
    return (
        f"not flipped: this is a cross-correlation. numpy.convolve flips its kernel; to get the same from it pass "
        f"{names[1]} with its taps reversed"
    )


def _types(explanation: Explanation) -> Section:
    spec, call = explanation.spec, explanation.call
    assert spec is not None
    given = " and ".join(f"{operand.name} {operand.dtype}" for operand in call.operands[:2])
    rule = {
        "convolve": "NumPy's common type of both; integers stay integers",
        "correlate": "NumPy's common type of both; integers stay integers",
        "conv_general_dilated": "lax wants both of one type, and answers in it",
    }.get(call.function, "the type that JAX promotes both to")
    if call.function not in ("conv1d_basic", "convolve", "correlate") and call.setting("preferred_element_type"):
        rule = "the preferred_element_type"
    sums = spec.dtype.accumulator(DType(explanation.dtype or spec.result.name))
    exact = ", exact modulo the width" if sums.is_integer else ""
    return Section("types", (f"{given} give {explanation.dtype} ({rule}); sums are kept in {sums}{exact}",))


def _gradients(explanation: Explanation) -> Section:
    spec = explanation.spec
    assert spec is not None
    both = gradients_of(spec)
    x, w = (operand.name for operand in explanation.call.operands[:2])
    if explanation.reading.swapped:
        x, w = w, x
    if spec.dtype.kind not in ("float", "complex"):
        return Section("gradients", (f"{spec.dtype} has no gradient; convert to floats first",))
    if both is None or spec.is_empty:
        return Section("gradients", ("convolutions too; convax.inspect(jax.grad(f)) lists them",))
    lines = []
    for name, each, how in (
        (x, both[0], "the gradient of y slides under the flipped kernel"),
        (w, both[1], f"{x} slides under the gradient of y"),
    ):
        groups = f" groups {each.groups}" if each.groups > 1 else ""
        sizes = f"N{each.group_batch} C{each.groups * each.group_channels} O{each.features}{groups}"
        lines.append(f"d{name}: {how}: {sizes}: {each.geometry}")
    return Section("gradients", tuple(lines), drawn=True)


def _tongues(explanation: Explanation) -> Section:
    said = ", ".join(f'"{name}"' for name in explanation.code)
    lines = [f".in_(...) gives this call in {said}"]
    lines += [f"{name}: {reason}" for name, reason in explanation.unsaid.items()]
    return Section("the same call elsewhere", tuple(lines))
