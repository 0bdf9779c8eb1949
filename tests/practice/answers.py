"""Answers to exercises, as learners write them: right ones, and wrong ones with what the judge must say."""

from __future__ import annotations

from typing import Any, NamedTuple

IMPORTS = "import jax\nimport jax.numpy as jnp\nimport numpy as np\nfrom jax import lax\n"
NCH = 'dimension_numbers=("NCH", "OIH", "NCH")'


class Wrong(NamedTuple):
    """A wrong answer.

    Args:
        exercise: Its name.
        diagnosis: That of the verdict.
        says: A part of the verdict's text.
        source: Of the function.
    """

    exercise: str
    diagnosis: str
    says: str
    source: str

    @property
    def label(self) -> str:
        return f"{self.exercise}-{self.diagnosis}".replace(" ", "_")


def function_of(source: str, name: str) -> Any:
    """The function of a source, as if it stood in my.py below the imports."""
    scope: dict[str, Any] = {}
    exec(compile(IMPORTS + source, "my.py", "exec"), scope)
    return scope[name]


def basic(
    x: str = "x[None, None, :]",
    kernel: str = "kernel[None, None, :]",
    padding: str = '"VALID"',
    end: str = "[0, 0]",
    numbers: str = NCH,
) -> str:
    """conv1d_basic with one thing changed."""
    called = f"lax.conv_general_dilated({x}, {kernel}, (1,), {padding}, {numbers})"
    return f"def conv1d_basic(x, kernel):\n    y = {called}\n    return y{end}\n"


def one(name: str, parameters: str, body: str) -> str:
    """A function of one line."""
    return f"def {name}({parameters}):\n    return {body}\n"


def conv(x: str, kernel: str, more: str = '(1,), "VALID"') -> str:
    """One call of lax on two 1-D arrays."""
    return f"lax.conv_general_dilated(({x})[None, None], ({kernel})[None, None], {more}, {NCH})[0, 0]"


def of_rows(kernel: str) -> str:
    """One kernel over every row of the signals."""
    return f'lax.conv_general_dilated(signals[:, None], ({kernel})[None, None], (1,), "VALID", {NCH})[:, 0]'


RIGHT_BASIC = {
    "channels first": basic(),
    "channels last": basic(
        "x[None, :, None]", "kernel[:, None, None]", end="[0, :, 0]", numbers='dimension_numbers=("NHC", "HIO", "NHC")'
    ),
    "jnp.correlate": one("conv1d_basic", "x, kernel", 'jnp.correlate(x, kernel, mode="valid")'),
    "under jit, by reshape": "@jax.jit\n"
    + basic("x.reshape(1, 1, -1)", "kernel.reshape(1, 1, -1)", padding="[(0, 0)]", end=".reshape(-1)", numbers=""),
}

# The endless loop and the crash, without which there are not twelve, need a process of their own: test_files.py.
WRONG_BASIC = (
    Wrong(
        "conv1d_basic",
        "flipped",
        'your result equals numpy.convolve(x, kernel, mode="valid"): the kernel was flipped',
        basic(kernel="kernel[None, None, ::-1]"),
    ),
    Wrong("conv1d_basic", "SAME instead of VALID", 'your result equals padding="SAME"', basic(padding='"SAME"')),
    Wrong(
        "conv1d_basic",
        "swapped operands",
        "the operands were swapped: lax slides your second operand, 4 long, over the first, 2 long",
        basic("kernel[None, None, :]", "x[None, None, :]"),
    ),
    Wrong(
        "conv1d_basic",
        "result left 3-D",
        "your result has 3 axes (shape (1, 1, 3)), and it should have 1",
        basic(end=""),
    ),
    Wrong(
        "conv1d_basic",
        "transposed axes: channels and length",
        "channels and length are exchanged",
        basic("x[None, :, None]", "kernel[None, :, None]"),
    ),
    Wrong(
        "conv1d_basic",
        "batch and length exchanged",
        "lax reads your first operand, of shape (4, 1, 1), as 4 signals, 1 channel, 1 sample",
        basic("x[:, None, None]", end="[:, 0, 0]"),
    ),
    Wrong(
        "conv1d_basic",
        "Python loop",
        "there is a Python loop under jit",
        one(
            "conv1d_basic",
            "x, kernel",
            "jnp.stack([(x[i : i + kernel.shape[0]] * kernel).sum() for i in range(x.shape[0] - kernel.shape[0] + 1)])",
        ),
    ),
    Wrong(
        "conv1d_basic",
        "NumPy inside jit",
        "NumPy (np) needs the numbers themselves",
        one("conv1d_basic", "x, kernel", 'jnp.asarray(np.correlate(x, kernel, "valid"))'),
    ),
    Wrong(
        "conv1d_basic",
        "off by one: last output missing",
        "your result lacks its last output (off by one)",
        basic(end="[0, 0, :-1]"),
    ),
    Wrong(
        "conv1d_basic", "float64 leak", "float32 goes in, and float64 comes out", basic(end="[0, 0] * np.float64(1)")
    ),
)

MORE_BASIC = (
    Wrong("conv1d_basic", "squeezed too far", "jnp.squeeze drops all of them", basic(end=".squeeze()")),
    Wrong(
        "conv1d_basic",
        "result left 3-D",
        "drop them at the end: y[0, :, 0]",
        basic("x[None, :, None]", "kernel[:, None, None]", end="", numbers='dimension_numbers=("NHC", "HIO", "NHC")'),
    ),
    Wrong(
        "conv1d_basic",
        "ndarray returned",
        "returns object (ndarray)",
        one("conv1d_basic", "x, kernel", "np.array([None])"),
    ),
    Wrong("conv1d_basic", "wrong number of axes", "0 axes, and it should have 1 axis", basic(end=".sum()")),
    Wrong(
        "conv1d_basic",
        "no lax.conv_general_dilated",
        "the exercise asks for lax.conv_general_dilated, and the traced program has none; it has",
        "def conv1d_basic(x, kernel):\n"
        "    count = x.shape[0] - kernel.shape[0] + 1\n"
        "    return x[np.arange(count)[:, None] + np.arange(kernel.shape[0])] @ kernel\n",
    ),
    Wrong(
        "conv1d_basic",
        "no lax.conv_general_dilated",
        "it has convax's own conv1d",
        "import convax\n" + one("conv1d_basic", "x, kernel", "convax.conv1d(x, kernel)"),
    ),
    Wrong("conv1d_basic", "FULL instead of VALID", "partial overlaps", basic(padding="[(kernel.shape[0] - 1,) * 2]")),
    Wrong("conv1d_basic", "None returned", "no `return`", basic().replace("return ", "")),
    Wrong("conv1d_basic", "list returned", "it should return one array", basic(end="[0, 0].tolist()")),
    Wrong("conv1d_basic", "tuple returned", "a tuple of 1", basic(end="[0, 0],")),
    Wrong("conv1d_basic", "float returned", "should return an array", basic(end="[0, 0, 0].item()")),
    Wrong("conv1d_basic", "not 3-D", "it wants three axes for each", basic("x", "kernel", numbers="")),
    Wrong(
        "conv1d_basic",
        "name not defined",
        "name 'scipy' is not defined",
        one("conv1d_basic", "x, kernel", "scipy.signal.correlate(x, kernel)"),
    ),
    Wrong(
        "conv1d_basic", "raises", "in my.py, line 6", "def conv1d_basic(x, kernel):\n    raise ValueError('no idea')\n"
    ),
    Wrong(
        "conv1d_basic", "wrong signature", "missing a required argument", one("conv1d_basic", "x, kernel, stride", "x")
    ),
    Wrong(
        "conv1d_basic",
        "if on values inside jit",
        "there are only shapes and types",
        basic().replace("    y =", "    if x.sum() > 1e9:\n        return x\n    y ="),
    ),
    Wrong(
        "conv1d_basic",
        "assignment into a JAX array",
        "cannot be changed in place",
        "def conv1d_basic(x, kernel):\n    x[0] = x[0]\n    return x\n",
    ),
    Wrong(
        "conv1d_basic", "a number instead of a tuple", "also where there is only one axis", basic().replace("(1,)", "1")
    ),
    Wrong("conv1d_basic", "unknown padding", 'lax knows the words "VALID"', basic(padding='"CAUSAL"')),
    Wrong(
        "conv1d_basic", "wrong dtype", "float64 goes in, and float32 comes out", basic(end="[0, 0].astype(jnp.float32)")
    ),
    Wrong(
        "conv1d_basic",
        "wrong gradient",
        "jax.grad by kernel is not",
        basic(kernel="lax.stop_gradient(kernel)[None, None, :]"),
    ),
    Wrong(
        "conv1d_basic",
        "wrong values",
        "right only for kernels that read the same both ways",
        basic(kernel="((kernel + kernel[::-1]) / 2)[None, None, :]"),
    ),
    Wrong("conv1d_basic", "off by one: shifted", "one sample early", basic(x="jnp.roll(x, -1)[None, None, :]")),
    Wrong(
        "conv1d_basic",
        "off by one: output too many at the start",
        "one output too many at its start",
        basic(padding="[(1, 0)]"),
    ),
    Wrong(
        "conv1d_basic",
        "result left 3-D, and flipped",
        "and besides: your result equals numpy.convolve",
        basic(kernel="kernel[None, None, ::-1]", end=""),
    ),
    Wrong("conv1d_basic", "exit", "it calls sys.exit", "def conv1d_basic(x, kernel):\n    raise SystemExit(0)\n"),
    Wrong(
        "conv1d_basic",
        "differs under jit",
        "returns something else",
        "calls = []\n" + basic(end="[0, 0] * (1 if not isinstance(x, jax.core.Tracer) else 2)"),
    ),
)

OTHERS = (
    Wrong(
        "same_length",
        "VALID instead of SAME",
        "nothing was padded",
        one("same_length", "x, kernel", conv("x", "kernel")),
    ),
    Wrong(
        "same_length",
        "extra zero at the wrong end",
        "right for odd K only",
        one("same_length", "x, kernel", conv("x", "kernel", '(1,), "SAME_LOWER"')),
    ),
    Wrong(
        "same_length",
        "flipped",
        "the kernel was flipped",
        one("same_length", "x, kernel", conv("x", "kernel[::-1]", '(1,), "SAME"')),
    ),
    Wrong(
        "true_convolution",
        "not flipped",
        "numpy.correlate",
        one("true_convolution", "x, kernel", conv("x", "kernel", "(1,), [(kernel.shape[0] - 1,) * 2]")),
    ),
    Wrong(
        "true_convolution",
        "VALID instead of FULL",
        "lacks the partial overlaps",
        one("true_convolution", "x, kernel", conv("x", "kernel[::-1]")),
    ),
    Wrong(
        "strided", "stride ignored", "the stride was not used", one("strided", "x, kernel, stride", conv("x", "kernel"))
    ),
    Wrong(
        "strided",
        "dilation instead of stride",
        "rhs_dilation",
        one("strided", "x, kernel, stride", conv("x", "kernel", '(1,), "VALID", None, (stride,)')),
    ),
    Wrong(
        "dilated",
        "signal spread",
        "lhs_dilation",
        one("dilated", "x, kernel, dilation", conv("x", "kernel", "(1,), [(0, 0)], (dilation,), None")),
    ),
    Wrong(
        "dilated",
        "stride instead of dilation",
        "this is a stride",
        one("dilated", "x, kernel, dilation", conv("x", "kernel", '(dilation,), "VALID"')),
    ),
    Wrong(
        "causal",
        "looks into the future",
        "the zeros went after the signal",
        one("causal", "x, kernel", conv("x", "kernel", "(1,), [(0, kernel.shape[0] - 1)]")),
    ),
    Wrong(
        "causal",
        "SAME instead of CAUSAL",
        "half of the zeros",
        one("causal", "x, kernel", conv("x", "kernel", '(1,), "SAME"')),
    ),
    Wrong(
        "causal",
        "one sample late",
        "output i sees only what comes before",
        one("causal", "x, kernel", conv("x", "kernel", "(1,), [(kernel.shape[0], 0)]") + "[:-1]"),
    ),
    Wrong(
        "circular",
        "zeros instead of the ring",
        "goes on with zeros",
        one("circular", "x, kernel", conv("x", "kernel", "(1,), [(0, kernel.shape[0] - 1)]")),
    ),
    Wrong(
        "circular",
        "flipped",
        "circular convolution",
        one("circular", "x, kernel", "jnp.fft.irfft(jnp.fft.rfft(x) * jnp.fft.rfft(kernel, x.shape[0]), x.shape[0])"),
    ),
    Wrong(
        "moving_average",
        "sum instead of mean",
        "the sum of `width` samples",
        one(
            "moving_average",
            "signals, width",
            of_rows("jnp.ones(width, signals.dtype)"),
        ),
    ),
    Wrong(
        "moving_average",
        "two element types",
        "lax wants both operands of one type",
        one(
            "moving_average",
            "signals, width",
            of_rows("jnp.ones(width, jnp.float32) / width"),
        ),
    ),
    Wrong(
        "moving_average",
        "transposed axes",
        "signals should be rows",
        one(
            "moving_average",
            "signals, width",
            "jax.vmap(lambda x: " + conv("x", "jnp.full(width, 1 / width)") + ", out_axes=1)(signals)",
        ),
    ),
    Wrong(
        "channels_first",
        "batch and channels",
        "batch and channels are exchanged",
        one(
            "channels_first",
            "x, w",
            'lax.conv_general_dilated(x, w, (1,), "VALID", dimension_numbers=("CNH", "OIH", "NCH"))',
        ),
    ),
    Wrong(
        "channels_first",
        "flipped",
        "flipped along its taps",
        one("channels_first", "x, w", f'lax.conv_general_dilated(x, w[..., ::-1], (1,), "VALID", {NCH})'),
    ),
    Wrong(
        "channels_last",
        "channels and length",
        "channels and length are exchanged",
        one("channels_last", "x, w", f'lax.conv_general_dilated(x, w, (1,), "VALID", {NCH})'),
    ),
    Wrong(
        "channels_last",
        "result channels first",
        "the result is (N, O, L - K + 1)",
        one(
            "channels_last",
            "x, w",
            'lax.conv_general_dilated(x, w, (1,), "VALID", dimension_numbers=("NHC", "HIO", "NCH"))',
        ),
    ),
    Wrong(
        "depthwise",
        "channels added up",
        "there was a single group",
        one("depthwise", "x, w", f'lax.conv_general_dilated(x, w[None], (1,), "VALID", {NCH})'),
    ),
    Wrong(
        "depthwise",
        "every kernel on the sum of the channels",
        "the sum of all channels",
        one(
            "depthwise", "x, w", f'lax.conv_general_dilated(x.sum(1, keepdims=True), w[:, None], (1,), "VALID", {NCH})'
        ),
    ),
    Wrong(
        "transposed",
        "not flipped",
        "each copy of the kernel is backwards",
        one(
            "transposed",
            "x, kernel, stride",
            conv("x", "kernel", "(1,), [(kernel.shape[0] - 1,) * 2], (stride,), None"),
        ),
    ),
    Wrong(
        "transposed",
        "window stride instead of spreading",
        "lhs_dilation spreads",
        one("transposed", "x, kernel, stride", conv("x", "kernel[::-1]", "(stride,), [(kernel.shape[0] - 1,) * 2]")),
    ),
    Wrong(
        "kernel_gradient",
        "swapped operands",
        "the operands were swapped",
        one("kernel_gradient", "x, g", conv("g", "x")),
    ),
    Wrong("kernel_gradient", "flipped", "g was flipped", one("kernel_gradient", "x, g", conv("x", "g[::-1]"))),
    Wrong(
        "input_gradient",
        "not flipped",
        "the kernel was not flipped",
        one("input_gradient", "g, kernel", conv("g", "kernel", "(1,), [(kernel.shape[0] - 1,) * 2]")),
    ),
    Wrong(
        "input_gradient",
        "the forward convolution",
        "the way forward",
        one("input_gradient", "g, kernel", conv("g", "kernel")),
    ),
)


ASKED = "another way than asked for"


def stack(dilation: str = "2**d", relu: str = "d > 0", extra: str = "(taps - 1) * dilation", end: str = "y") -> str:
    """causal_stack with one thing changed."""
    return (
        "def causal_stack(x, kernels):\n"
        "    depth, taps = kernels.shape\n"
        "    y = x\n"
        "    for d in range(depth):\n"
        f"        dilation = {dilation}\n"
        f"        y = jax.nn.relu(y) if {relu} else y\n"
        f"        y = {conv('y', 'kernels[d]', f'(1,), [({extra}, 0)], None, (dilation,)')}\n"
        f"    return {end}\n"
    )


def overlap(first: str = "taps - 1", end: str = "outputs", points: str = "points") -> str:
    """overlap_save with one thing changed."""
    return (
        "def overlap_save(x, kernel, points):\n"
        f"    points = {points}\n"
        "    length, taps = x.shape[0], kernel.shape[0]\n"
        "    outputs, step = length - taps + 1, points - taps + 1\n"
        "    blocks = -(-outputs // step)\n"
        "    x = jnp.pad(x, (0, blocks * step + taps - 1 - length))\n"
        "    rows = x[np.arange(blocks)[:, None] * step + np.arange(points)]\n"
        "    y = jnp.fft.irfft(jnp.fft.rfft(rows, points) * jnp.fft.rfft(kernel, points), points)\n"
        f"    return y[:, {first} : {first} + step].ravel()[:{end}].astype(x.dtype)\n"
    )


LAST = (
    Wrong(
        "strided",
        ASKED,
        "with window_strides=(2,); it got (1,)",
        one("strided", "x, kernel, stride", conv("x", "kernel") + "[::stride]"),
    ),
    Wrong(
        "dilated",
        ASKED,
        "with rhs_dilation=(2,)",
        "def dilated(x, kernel, dilation):\n"
        "    spread = jnp.zeros((kernel.shape[0] - 1) * dilation + 1, x.dtype).at[::dilation].set(kernel)\n"
        f"    return {conv('x', 'spread')}\n",
    ),
    Wrong(
        "depthwise",
        ASKED,
        "has 3 convolutions",
        "def depthwise(x, w):\n    return jnp.stack(["
        "lax.conv_general_dilated(x[:, c, None], w[None, None, c], (1,), 'VALID')[:, 0]"
        " for c in range(w.shape[0])], 1)\n",
    ),
    Wrong(
        "kernel_gradient",
        ASKED,
        "has 2 convolutions",
        "def kernel_gradient(x, g):\n"
        f"    forward = lambda kernel: {conv('x', 'kernel')}\n"
        "    return jax.vjp(forward, jnp.zeros(x.shape[0] - g.shape[0] + 1, x.dtype))[1](g)[0]\n",
    ),
    Wrong("causal_stack", "dilation does not grow", "the dilation should double", stack(dilation="1")),
    Wrong("causal_stack", "dilation grows by one", "they should double", stack(dilation="d + 1")),
    Wrong("causal_stack", "no relu", "no more than one long kernel", stack(relu="False")),
    Wrong("causal_stack", "relu after the last layer", "no negative values", stack(end="jax.nn.relu(y)")),
    Wrong("causal_stack", "padding does not grow", "reaches further back", stack(extra="taps - 1")),
    Wrong("overlap_save", "wrong samples saved", "the circle has spoilt", overlap(first="0")),
    Wrong("overlap_save", "zeros kept at the end", "where the last block was padded", overlap(end="None")),
    Wrong(
        "overlap_save",
        "another way than asked for",
        "none may be longer than points = 8",
        overlap(points="points + x.shape[0]"),
    ),
    Wrong(
        "overlap_save",
        "no jnp.fft",
        "asks for jnp.fft",
        one("overlap_save", "x, kernel, points", 'jnp.convolve(x, kernel, mode="valid")'),
    ),
)
