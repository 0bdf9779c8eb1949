// The call in the tongues of layers: PyTorch, Flax, Equinox, Keras.

function inTorch(setting, geometry) {
  const { stride, dilation, groups, transposed, padding, outputPadding } = setting;
  const [before, after] = geometry.ends;
  const lines = ["import torch", "import torch.nn.functional as F", "", ...operands(setting, "torch.tensor")];
  const kernel = setting.flipped ? "w.flip(-1)" : "w";
  const even = before === after && before >= 0;
  const steps = [unless("stride", stride, 1), unless("dilation", dilation, 1), unless("groups", groups, 1)];
  if (transposed) {
    const whole = even
      ? [unless("padding", before, 0), unless("output_padding", outputPadding, 0)]
      : [];
    lines.push(`y = ${pythonCall("F.conv_transpose1d", ["x", kernel, ...whole, ...steps])}`);
    if (!even) lines.push(`y = F.pad(y, ${pair([0 - before, outputPadding - after])})  # negative numbers cut off`);
  } else if (padding === "SAME" && stride === 1 && before === after && before > 0)
    lines.push(`y = ${pythonCall("F.conv1d", ["x", kernel, 'padding="same"', ...steps])}`);
  else {
    const signal = even ? "x" : `F.pad(x, ${pair(geometry.ends)})`;
    lines.push(`y = ${pythonCall("F.conv1d", [signal, kernel, even ? unless("padding", before, 0) : "", ...steps])}`);
  }
  return { code: lines.join("\n"), axes: "NCL" };
}

function inFlax(setting, geometry) {
  const { channels, features, taps, stride, dilation, groups, transposed, padding } = setting;
  if (transposed && groups > 1)
    return { sentence: "nnx.ConvTranspose has no groups. Take convax, lax, PyTorch or Equinox." };
  const words = transposed ? ["VALID", "SAME"] : ["VALID", "SAME", "CAUSAL"];
  const layer = pythonCall(transposed ? "nnx.ConvTranspose" : "nnx.Conv", [
    `${channels}`,
    `${features}`,
    `kernel_size=(${taps},)`,
    stride === 1 ? "" : `strides=(${stride},)`,
    words.includes(padding) ? `padding="${padding}"` : `padding=[${pair(geometry.padding)}]`,
    dilation === 1 ? "" : `kernel_dilation=(${dilation},)`,
    unless("feature_group_count", groups, 1),
    transposed ? "transpose_kernel=True" : "",
    "use_bias=False",
    "rngs=nnx.Rngs(0)",
  ]);
  const lines = [
    "import jax.numpy as jnp",
    "from flax import nnx",
    "",
    ...operands(setting, "jnp.array"),
    `layer = ${layer}`,
    `layer.kernel = nnx.Param(${flippedKernel(setting)}.transpose(2, 1, 0))  # ${transposed ? "K, O, C" : "K, C / groups, O"}`,
    "y = layer(x.transpose(0, 2, 1))  # N, L, O",
  ];
  return { code: lines.join("\n"), axes: "NLC" };
}

function inEquinox(setting, geometry) {
  const { channels, features, taps, stride, dilation, groups, transposed, padding } = setting;
  const isWord = !transposed && ["VALID", "SAME", "SAME_LOWER"].includes(padding);
  // Equinox takes output padding below the stride only; any other is so much less cut off.
  const extra = transposed && setting.outputPadding < stride ? setting.outputPadding : 0;
  const ends = transposed ? [geometry.ends[0], geometry.ends[1] - setting.outputPadding + extra] : geometry.ends;
  const numbers = ends[0] === ends[1] ? unless("padding", ends[0], 0) : `padding=(${pair(ends)},)`;
  const layer = pythonCall(transposed ? "eqx.nn.ConvTranspose1d" : "eqx.nn.Conv1d", [
    `${channels}`,
    `${features}`,
    `${taps}`,
    unless("stride", stride, 1),
    isWord ? `padding="${padding}"` : numbers,
    unless("output_padding", extra, 0),
    unless("dilation", dilation, 1),
    unless("groups", groups, 1),
    "use_bias=False",
    "key=jax.random.key(0)",
  ]);
  const kernel = transposed ? adjointKernel(setting) : flippedKernel(setting);
  const lines = [
    "import equinox as eqx",
    "import jax",
    "import jax.numpy as jnp",
    "",
    ...operands(setting, "jnp.array"),
    `layer = ${layer}`,
    `layer = ${pythonCall("eqx.tree_at", ["lambda layer: layer.weight", "layer", kernel])}`,
    "y = layer(x[0])  # O, L: Equinox has no batch axis, jax.vmap adds it",
  ];
  return { code: lines.join("\n"), axes: "CL" };
}

function inKeras(setting, geometry) {
  const { channels, features, taps, stride, dilation, groups, transposed, padding } = setting;
  if (transposed && groups > 1) return { sentence: "keras.layers.Conv1DTranspose has no groups here. Take convax or PyTorch." };
  if (stride > 1 && dilation > 1) return { sentence: "Keras refuses a stride and a dilation above 1 in one layer. Take convax, lax or PyTorch." };
  const words = transposed ? ["VALID", "SAME"] : ["VALID", "SAME", "CAUSAL"];
  const isWord = words.includes(padding);
  const layer = pythonCall(transposed ? "keras.layers.Conv1DTranspose" : "keras.layers.Conv1D", [
    `${features}`,
    `${taps}`,
    unless("strides", stride, 1),
    isWord && padding !== "VALID" ? `padding="${padding.toLowerCase()}"` : "",
    unless("dilation_rate", dilation, 1),
    unless("groups", groups, 1),
    "use_bias=False",
  ]);
  const lines = [
    "import os",
    'os.environ["KERAS_BACKEND"] = "jax"',
    "import keras",
    "import numpy as np",
    "",
    ...operands(setting, "np.array"),
    `layer = ${layer}`,
    `layer.build((None, None, ${channels}))`,
    `layer.set_weights([${flippedKernel(setting)}.transpose(2, 1, 0)])  # ${transposed ? "K, O, C" : "K, C / groups, O"}`,
  ];
  const ends = ([before, after], name) => {
    const added = [Math.max(0, before), Math.max(0, after)];
    const cut = [Math.max(0, -before), Math.max(0, -after)];
    const pads = added[0] || added[1] ? `keras.layers.ZeroPadding1D(${pair(added)})(${name})` : name;
    return cut[0] || cut[1] ? `keras.layers.Cropping1D(${pair(cut)})(${pads})` : pads;
  };
  const signal = "x.transpose(0, 2, 1)";
  if (isWord || !transposed) lines.push(`y = layer(${isWord ? signal : ends(geometry.ends, signal)})  # N, L, O`);
  else {
    // Keras counts L * stride + max(reach - stride, 0) outputs for "valid".
    const surplus = Math.max(0, stride - geometry.reach);
    const kept = [-geometry.ends[0], setting.outputPadding - geometry.ends[1] - surplus];
    lines.push(`y = ${ends(kept, `layer(${signal})`)}  # N, L, O`);
  }
  return { code: lines.join("\n"), axes: "NLC" };
}

const TONGUES = {
  convax: inConvax,
  lax: inLax,
  "jax.numpy": inJaxNumpy,
  NumPy: inNumpy,
  SciPy: inScipy,
  PyTorch: inTorch,
  Flax: inFlax,
  Equinox: inEquinox,
  Keras: inKeras,
};

// The code of a setting in a tongue; null where the setting itself cannot work.
function codeIn(tongue, setting) {
  const { error, geometry } = compute(setting);
  return error ? null : TONGUES[tongue](setting, geometry);
}
