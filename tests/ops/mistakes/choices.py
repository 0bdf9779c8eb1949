"""Algorithms, modes and element types that cannot be had."""

from __future__ import annotations

from convax.errors import AlgorithmError, ArgumentError, ArgumentTypeError
from ops.mistakes.mistake import Mistake

ALGORITHMS = {
    "a misspelt name": Mistake(
        "conv1d(X, W, algorithm='shiftadd')",
        AlgorithmError,
        what=("'shiftadd'",),
        repair=("did you mean 'shift_add'", "'direct'"),
        repaired="conv1d(X, W, algorithm='shift_add')",
        shape=(6,),
    ),
    "neither name nor algorithm": Mistake(
        "conv1d(X, W, algorithm=3)",
        ArgumentTypeError,
        what=("algorithm=3", "int"),
        repair=("convax.algorithms.ShiftAdd()",),
        repaired="conv1d(X, W, algorithm=algorithms.ShiftAdd())",
        shape=(6,),
    ),
    "one that rounds, for integers": Mistake(
        "convolve([1, 2, 3], [1, 1], algorithm='fft')",
        AlgorithmError,
        what=("'fft' cannot serve",),
        because=("rounds",),
        repair=("algorithm=None",),
        repaired="convolve([1, 2, 3], [1, 1], algorithm=None)",
        shape=(4,),
    ),
    "in a plan": Mistake(
        "plan(1000, 3, algorithm='toplitz')",
        AlgorithmError,
        what=("'toplitz'",),
        repair=("did you mean 'toeplitz'",),
    ),
    "a bad mode": Mistake(
        "convolve(X, W, 'sam')",
        ArgumentError,
        what=("'valid', 'same', or 'full'",),
        because=("mode='sam'",),
        repair=("did you mean 'same'",),
        repaired="convolve(X, W, 'same')",
        shape=(8,),
    ),
    "no mode": Mistake(
        "correlate(X, W, None)",
        ArgumentTypeError,
        what=("convolve/correlate mode not understood",),
        because=("mode=None",),
        repair=("'valid'",),
        repaired="correlate(X, W, 'valid')",
        shape=(6,),
    ),
}

TYPES = {
    "strict promotion": Mistake(
        "conv1d(X.astype('float32'), W.astype('int32'))",
        ArgumentTypeError,
        what=("x is float32 and w is int32",),
        because=("float32", "int32"),
        repair=("jnp.asarray(w, jnp.float32)",),
        repaired="conv1d(X.astype('float32'), jnp.asarray(W, jnp.float32))",
        shape=(6,),
    ),
    "float8": Mistake(
        "conv1d(X.astype('float8_e4m3fn'), W.astype('bfloat16'))",
        ArgumentTypeError,
        what=("x is float8_e4m3fn and w is bfloat16",),
        because=("float8_e4m3fn",),
        repair=("jnp.asarray(x, jnp.bfloat16)",),
        repaired="conv1d(jnp.asarray(X, jnp.bfloat16), W.astype('bfloat16'))",
        shape=(6,),
    ),
    "a wide bias": Mistake(
        "conv1d(X.astype('float32'), W.astype('float32'), np.ones(1))",
        ArgumentTypeError,
        what=("bias is float64 and would widen the float32 result",),
        because=("float64",),
        repair=("jnp.asarray(bias, jnp.float32)", "jnp.asarray(x, jnp.float64)"),
        repaired="conv1d(X.astype('float32'), W.astype('float32'), jnp.asarray(np.ones(1), jnp.float32))",
        shape=(6,),
    ),
    "text": Mistake(
        "convolve(['1', '2'], [1.0])",
        ArgumentTypeError,
        what=("a holds text",),
        repair=("numpy.asarray(a, dtype=float)",),
        repaired="convolve(np.asarray(['1', '2'], dtype=float), [1.0])",
        shape=(2,),
    ),
    "a set": Mistake(
        "conv_transpose1d({1.0, 2.0}, [1.0])",
        ArgumentTypeError,
        what=("x is a set",),
        repair=("numpy.asarray(list(x), dtype=float)",),
        repaired="conv_transpose1d(np.asarray(list({1.0, 2.0}), dtype=float), [1.0])",
        shape=(2,),
    ),
    "nothing": Mistake(
        "lax_call(rhs=[None])",
        ArgumentTypeError,
        what=("rhs holds Python objects",),
        because=("object",),
        repair=("numbers",),
    ),
}
