"""What went wrong in a call of lax's or JAX's convolution, and what to write instead."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from convax.core.padding import PADDING_WORDS
from convax.errors import ConvaxError
from convax.explaining.asking import explain
from convax.explaining.call import Call, operand
from convax.explaining.explanation import Explanation
from convax.explaining.observing import Observed
from convax.explaining.reading import read
from convax.explaining.repairs import LAX_PADDING_WORDS, Draft, repaired

__all__ = ["Diagnosis", "diagnose"]

# As in `convax.inspect`: data with so many more channels than samples was probably laid out the other way.
LOPSIDED = 8


@dataclasses.dataclass(frozen=True, eq=False)
class Diagnosis:
    """The answer of `convax.why`; printing it shows everything.

    Args:
        what: What does not fit, in the words of the function that was called.
        arithmetic: The rule with the caller's numbers put in; may be empty.
        repair: What to write instead, in words.
        code: The repaired call, ready to be copied: it takes lhs and rhs (or a and v) and leaves the result in y.
        explanation: Of the repaired call, or of the call where it cannot be repaired by itself.
        said: What the library itself said, or did in silence.
        is_wrong: Whether anything is wrong at all.
    """

    what: str
    arithmetic: str = ""
    repair: str = ""
    code: str | None = None
    explanation: Explanation | None = None
    said: str = ""
    is_wrong: bool = True

    def __str__(self) -> str:
        lines = [f"it said:   {self.said}"] if self.said else []
        lines.append(self.what)
        if self.arithmetic:
            lines.append(f"  because: {self.arithmetic}")
        if self.repair:
            lines.append(f"  repair:  {self.repair}")
        if self.code:
            lines += ["write", *(f"  {line}".rstrip() for line in self.code.strip().splitlines())]
        explanation = self.explanation
        if explanation is not None and explanation.shape is not None:
            shapes = " and ".join(str(operand.shape) for operand in explanation.call.operands[:2])
            lines.append(f"then {shapes} give {explanation.shape}")
        if not self.is_wrong and explanation is not None:
            lines += ["", str(explanation)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    @classmethod
    def of_error(cls, error: ConvaxError, said: str = "") -> Diagnosis:
        """An error in three parts, as convax raises it."""
        explanation = error.explanation
        return cls(error.what, error.arithmetic, error.repair, explanation=explanation, said=said)


def diagnose(observed: Observed) -> Diagnosis:
    """What is wrong with one call, if anything."""
    said = "" if observed.error is None else _first_line(observed.error)
    if observed.name in ("convolve", "correlate"):
        return _numpy_name(observed, said)
    given = dict(observed.arguments)
    if "lhs" not in given or "rhs" not in given:
        return Diagnosis("the operands are missing", repair="pass lhs and rhs first", said=said)
    missing = [name for name in ("window_strides", "padding") if name not in given]
    # Arguments of lax's that say nothing about the shapes.
    settings = {name: value for name, value in given.items() if name not in ("lhs", "rhs", *_SILENT)}
    settings = {"window_strides": (1,), "padding": "VALID", **settings}
    order = ["window_strides", "padding", *settings]
    settings = {name: settings[name] for name in dict.fromkeys(order)}
    operands, written = [], []
    for name in ("lhs", "rhs"):
        try:
            operands.append(operand(name, _unambiguous(given[name])))
        except ConvaxError as error:
            return Diagnosis.of_error(error, said)
        written.append(name if hasattr(given[name], "shape") else f"jnp.asarray({name})")
    if len(operands[0].shape) == len(operands[1].shape) > 3:
        return Diagnosis(
            "this convolution has more than one spatial dimension, which convax leaves to lax",
            repair="read what lax says",
            said=said or "nothing",
            is_wrong=observed.error is not None,
        )
    call = Call("conv_general_dilated", (operands[0], operands[1]), tuple(settings.items()))
    return _of_lax(observed, Draft(call, (written[0], written[1])), missing, said)


_SILENT = ("precision", "out_sharding")


def _of_lax(observed: Observed, draft: Draft, missing: list[str], said: str) -> Diagnosis:
    problem = _foreign_word(draft) or _list_as_operand(draft) or draft.problem
    silent = observed.error is None
    if problem is None and missing:
        problem = ConvaxError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            "lax has no defaults for them: a plain convolution has strides of 1 and no padding",
            'write lax.conv_general_dilated(lhs, rhs, (1,), "VALID")',
        )
    if problem is None and silent:
        return _suspicion(draft)
    if problem is None:
        return Diagnosis(
            "convax finds nothing wrong with this call, and lax does",
            repair="convax.conv_general_dilated takes the same arguments; please report the call",
            said=said,
            explanation=_explained(draft),
        )
    found = repaired(draft)
    if silent:
        shape = getattr(observed.result, "shape", None)
        said = f"nothing: it returned an array of shape {shape}"
    repair = problem.repair
    return Diagnosis(
        problem.what,
        problem.arithmetic,
        repair,
        None if found is None else found.code,
        _explained(draft if found is None else found),
        said,
    )


def _explained(draft: Draft) -> Explanation:
    call = draft.call
    operands = [jax.ShapeDtypeStruct(each.shape, each.struct.dtype) for each in call.operands]
    from convax.ops import conv_general_dilated

    return explain(conv_general_dilated, *operands, **dict(call.settings))


def _foreign_word(draft: Draft) -> ConvaxError | None:
    """A padding word that convax knows and lax does not."""
    padding = draft.call.setting("padding")
    if not isinstance(padding, str) or padding.upper() not in PADDING_WORDS or padding.upper() in LAX_PADDING_WORDS:
        return None
    geometry = read(draft.call).geometry
    if geometry is None or draft.problem is not None:
        return None
    before, after = geometry.padding
    return ConvaxError(
        f"padding={padding!r} is a word of convax (and of Keras and Flax), not of lax",
        f"{padding.upper()} adds {before} before and {after} after: reach - 1 = {geometry.reach} - 1 = "
        f"{geometry.reach - 1}",
        f"write padding=[({before}, {after})], or call convax.conv_general_dilated, which knows the word",
    )


def _list_as_operand(draft: Draft) -> ConvaxError | None:
    lists = [word for word in draft.written if word.startswith("jnp.asarray(")]
    if not lists or draft.problem is not None:
        return None
    return ConvaxError(
        f"{' and '.join(word[12:-1] for word in lists)} {'is a list' if len(lists) == 1 else 'are lists'}",
        "lax takes arrays; convax takes lists too",
        f"write {', '.join(lists)}",
    )


def _suspicion(draft: Draft) -> Diagnosis:
    """What works, and is probably not what was meant."""
    explanation, reading = _explained(draft), read(draft.call)
    data = draft.call.operands[0].shape
    if reading.layout is not None and reading.groups == 1:
        sizes = dict(zip(reading.layout.data, data, strict=True))
        if sizes["C"] >= LOPSIDED * sizes["H"] and sizes["H"] > 0:
            other = "NHC" if reading.layout.data == "NCH" else "NCH"
            return Diagnosis(
                f"lhs of shape {data} is read as {sizes['C']} channels of {sizes['H']} samples "
                f"({reading.layout.data}); that is rare, and so it may be {other} data",
                f"{sizes['C']} is {sizes['C'] // sizes['H']} times {sizes['H']}",
                f'if it is {other}, pass dimension_numbers=("{other}", "{"HIO" if other == "NHC" else "OIH"}", '
                f'"{other}") and a kernel that counts {sizes["H"]} channels',
                explanation=explanation,
                said="nothing",
            )
    return Diagnosis("nothing is wrong with this call", explanation=explanation, is_wrong=False)


def _numpy_name(observed: Observed, said: str) -> Diagnosis:
    from convax import ops

    given = observed.arguments
    settings = {name: value for name, value in given.items() if name == "mode"}
    try:
        operands = [operand(name, _unambiguous(given[name])) for name in ("a", "v")]
    except ConvaxError as error:
        return Diagnosis.of_error(error, said)
    except KeyError:
        return Diagnosis("an operand is missing", repair=f"pass both: {observed.name}(a, v)", said=said)
    explanation = explain(getattr(ops, observed.name), *(each.struct for each in operands), **settings)
    code = f"import convax\n\ny = convax.{observed.name}(a, v{''.join(f', {k}={v!r}' for k, v in settings.items())})\n"
    code = code.replace("'", '"')
    if explanation.problem is not None:
        problem = explanation.problem
        return Diagnosis(problem.what, problem.arithmetic, problem.repair, explanation=explanation, said=said)
    if observed.error is not None:
        shapes = " and ".join(str(each.shape) for each in operands)
        return Diagnosis(
            f"jax.numpy.{observed.name} takes two one-dimensional arrays, not {shapes}",
            "convax's function of that name convolves along one axis and broadcasts the others",
            f"call convax.{observed.name}, or map jax.numpy's with jax.vmap",
            code,
            explanation,
            said,
        )
    if observed.result is not None and str(observed.result.dtype) != explanation.dtype:
        return Diagnosis(
            f"jax.numpy.{observed.name} answers {operands[0].dtype} with {observed.result.dtype}",
            f"NumPy's result is {explanation.dtype}, and sums of more than 24 bits are not exact in float32",
            f"pass preferred_element_type=jnp.{explanation.dtype}, or call convax.{observed.name}",
            code,
            explanation,
            "nothing",
        )
    return Diagnosis("nothing is wrong with this call", explanation=explanation, is_wrong=False)


def _unambiguous(value: Any) -> Any:
    """A tuple is a shape to `explain`, and values to a function of JAX."""
    return list(value) if isinstance(value, tuple) else jnp.asarray(value) if isinstance(value, float) else value


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    return f"{type(error).__name__}: {text if len(text) < 160 else text[:157] + '...'}"
