"""What limits convax where a rival is faster: said where it is known, left out where it is not."""

from __future__ import annotations

from benchmarks.rows import Row

__all__ = ["reason", "reason_on_gpu"]

# Bytes that glibc keeps for a process at the most.
RETURNED = 32 << 20

_ORDER = (
    "lax's operands were laid out channels last before the clock started; ours lie channels first, and bringing them "
    "into order, or multiplying in their order, takes the difference"
)
_FFT = (
    "XLA's CPU does a single transform on one thread, and so a batch of them that a thread of its pool comes upon "
    "after another step; shared between the threads they take no longer than PyTorch's"
)
_NARROW = "XLA's CPU converts bfloat16 to float32 and back; PyTorch multiplies it as it is"
_PRODUCTS = "XLA's matrix products of this type are slower than PyTorch's"
_PAGES = "fresh memory: the result goes to pages that the system has yet to hand out, NumPy's to large ones (see below)"
_TEMPORARIES = "temporaries of 32 MiB or more, which glibc returns to the system and fetches anew at each call"
_GROUPS = "the matrix products of the groups are small, one after the other"
_ONEDNN = "PyTorch's convolution (oneDNN) is faster at this shape than XLA's convolution and matrix products"
_STEPS = "XLA's program passes over memory between transform, product and transform back; SciPy's stays in the cache"
_SAME = "both run lax's own convolution: the difference is the scatter of the machine"
_RESULT = "a result of 32 MiB in fresh memory: lax writes each page once, a sum in passes more often"
_STARTS = "starting the program and waking its threads takes longer than the work"


_OF_CUDNN = (
    "both run cuDNN: XLA brings data whose channels come first into channels last for it, and the result back, which "
    "takes as long as the convolution"
)
_SHORT = "starting a program of JAX takes the host longer than a call of PyTorch"
_TF32 = "lax multiplies complex numbers in TF32, with a thousand times the error"
_ASKS = "whether the repair of NaN is needed is asked of the host, which waits for the device"
_SAMPLES_APART = "with channels side by side, no loaded sample serves two outputs of a thread"


def reason_on_gpu(row: Row, rival: str) -> str:
    """One sentence, or nothing, for rows that were recorded on a GPU."""
    case = row.case
    direct = any(name.startswith("direct") for name in row.algorithms)
    if (
        rival == "lax NHC"
        and case["layout"] == "NCH"
        and case["operation"] != "signal"
        and case["dtype"] != "complex64"
    ):
        return _ORDER if not direct else _OF_CUDNN
    if rival.startswith("lax") and case["dtype"] == "complex64":
        return _TF32
    if rival.startswith("lax") and row.algorithms and direct and len(row.algorithms) == 1:
        return _SAME
    if row.timings["convax"].median < 6e-5 and rival == "torch":
        return _SHORT
    if rival == "torch.fft":
        return _ASKS
    if rival == "torch" and direct and case["layout"] == "NCH":
        return _OF_CUDNN
    return _SAMPLES_APART if case["layout"] == "NHC" and case["groups"] == case["channels"] > 1 else ""


def reason(row: Row, rival: str) -> str:
    """One sentence, or nothing, for rows that were recorded on a CPU."""
    case, milliseconds = row.case, row.timings["convax"].median * 1e3
    if rival == "lax NHC" and case["layout"] == "NCH" and case["operation"] not in ("signal", "examples"):
        return _ORDER
    if rival == "torch.fft":
        return _FFT
    if rival in ("NumPy", "SciPy correlate") and case["length"] >= 10**7:
        return _PAGES
    if milliseconds < 0.2:
        return _STARTS
    if case["operation"] == "signal" and row.temporaries["convax"] >= RETURNED:
        return _TEMPORARIES
    if rival == "torch" and case["dtype"] == "bfloat16":
        return _NARROW
    if rival == "torch" and case["dtype"] in ("float64", "int32", "complex64"):
        return _PRODUCTS
    if 1 < case["groups"] < case["channels"]:
        return _GROUPS
    if rival.startswith("SciPy oa"):
        return _STEPS
    if rival.startswith("lax") and row.algorithms and set(row.algorithms) == {"direct"}:
        return _SAME
    if case["channels"] == 1 and case["batch"] * case["features"] * case["length"] >= 8 << 20:
        return _RESULT
    if rival == "torch":
        return _ONEDNN
    return ""
