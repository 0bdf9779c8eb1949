"""jax.lax: it can say every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convax.explaining.reading import is_word
from convax.explaining.tongues.dialect import JAX
from convax.explaining.tongues.prepared import prepare

if TYPE_CHECKING:
    from convax.explaining.explanation import Explanation

__all__ = ["lax"]


def lax(explanation: Explanation, wanted: str) -> list[str]:
    """lax.conv_general_dilated, with what differs from its defaults."""
    spec, call = explanation.spec, explanation.call
    assert spec is not None
    preferred = spec.out_dtype
    prepared = prepare(explanation, JAX, spec.dtype.name if preferred is not None else wanted)
    geometry, layout = prepared.geometry, prepared.layout
    padding = call.setting("padding") if call.function in ("conv1d", "conv_general_dilated") else ""
    words = {"VALID", "SAME", "SAME_LOWER"}
    if geometry.padding == (0, 0) and geometry.upsample == 1:
        ends = '"VALID"'
    elif is_word(padding) and padding.upper() in words and geometry == explanation.geometry and geometry.upsample == 1:
        ends = f'"{padding.upper()}"'
    else:
        ends = f"[{geometry.padding}]"
    parts = ["x", "w", f"({geometry.stride},)", ends]
    if geometry.upsample > 1:
        parts.append(f"lhs_dilation=({geometry.upsample},)")
    if geometry.dilation > 1:
        parts.append(f"rhs_dilation=({geometry.dilation},)")
    if (layout.data, layout.kernel, layout.out) != ("NCH", "OIH", "NCH"):
        parts.append(f'dimension_numbers=("{layout.data}", "{layout.kernel}", "{layout.out}")')
    if prepared.groups > 1:
        parts.append(f"feature_group_count={prepared.groups}")
    if prepared.batch_groups > 1:
        parts.append(f"batch_group_count={prepared.batch_groups}")
    if preferred is not None:
        parts.append(f"preferred_element_type={JAX.dtype(preferred.name)}")
    return [
        "from jax import lax",
        *JAX.imports,
        *prepared.before,
        f"y = lax.conv_general_dilated({', '.join(parts)})",
        *prepared.after,
    ]
