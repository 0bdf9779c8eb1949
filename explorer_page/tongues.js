// The call in other tongues: for each, (setting, geometry) -> { code, axes }, or { sentence } where it cannot say it.
// `axes` are those of y at the end of the code.

const flippedKernel = (setting) => (setting.flipped ? "w[..., ::-1]" : "w");

// NumPy's mode that stands for a padding, where there is one; its "same" puts the larger half before.
function numpyMode({ reach, length, ends: [before, after] }) {
  if (before === 0 && after === 0) return "valid";
  if (before === reach - 1 && after === reach - 1) return "full";
  const isSame = before === Math.floor(reach / 2) && after === Math.floor((reach - 1) / 2);
  return isSame && reach <= length ? "same" : null;
}

function inConvax(setting, geometry) {
  const flat = isSingle(setting);
  const lines = ["import jax.numpy as jnp", "import convax", "", ...operands(setting, "jnp.array", { flat })];
  const { stride, dilation, groups, transposed, flipped, padding } = setting;
  const axes = flat ? "L" : "NCL";
  const isPlain = flat && !transposed && stride === 1 && dilation === 1;
  const mode = numpyMode(geometry);
  if (isPlain && !flipped && mode === "valid") lines.push("y = convax.conv1d_basic(x, w)");
  else if (isPlain && flipped && mode) lines.push(`y = convax.convolve(x, w, mode="${mode}")`);
  else {
    const [before, after] = geometry.ends;
    const numbers = before === after ? unless("padding", before, 0) : `padding=${pair(geometry.ends)}`;
    const word = transposed || padding !== "VALID" ? `padding="${padding}"` : "";
    lines.push(
      `y = ${pythonCall(transposed ? "convax.conv_transpose1d" : "convax.conv1d", [
        "x",
        flippedKernel(setting),
        unless("stride", stride, 1),
        padding === "numbers" ? numbers : word,
        transposed ? unless("output_padding", setting.outputPadding, 0) : "",
        unless("dilation", dilation, 1),
        unless("groups", groups, 1),
      ])}`,
    );
  }
  return { code: lines.join("\n"), axes };
}

function inLax(setting, geometry) {
  const { stride, dilation, groups, transposed, padding } = setting;
  const isWord = !transposed && ["VALID", "SAME", "SAME_LOWER"].includes(padding);
  const call = pythonCall("lax.conv_general_dilated", [
    "x",
    transposed ? adjointKernel(setting) : flippedKernel(setting),
    `window_strides=(${transposed ? 1 : stride},)`,
    isWord ? `padding="${padding}"` : `padding=[${pair(geometry.padding)}]`,
    transposed ? `lhs_dilation=(${stride},)` : "",
    dilation === 1 ? "" : `rhs_dilation=(${dilation},)`,
    unless("feature_group_count", groups, 1),
    'dimension_numbers=("NCH", "OIH", "NCH")',
  ]);
  const lines = ["import jax.numpy as jnp", "from jax import lax", "", ...operands(setting, "jnp.array"), `y = ${call}`];
  return { code: lines.join("\n"), axes: "NCL" };
}

// One signal and one kernel by a function like NumPy's; the parts that differ between libraries are passed in.
function oneSignal(setting, geometry, { imports, module, make, spread, correlate, convolve, upsampled }) {
  const { stride, dilation, transposed, flipped } = setting;
  const lines = [...imports, "", ...operands(setting, make, { flat: true })];
  let taps = "w";
  if (dilation > 1 && setting.taps > 1) {
    lines.push(...spread("taps", geometry.reach, dilation, "w"));
    taps = "taps";
  }
  if (!transposed) {
    const mode = numpyMode(geometry);
    const signal = mode ? "x" : lengthened(module, "x", 1, geometry.ends);
    const call = (flipped ? convolve : correlate)(signal, taps, mode ?? "valid");
    lines.push(`y = ${call}${stride > 1 ? `[::${stride}]` : ""}`);
    return { code: lines.join("\n"), axes: "L" };
  }
  if (flipped) taps += "[::-1]";
  if (upsampled) lines.push(`whole = ${upsampled("x", taps, stride)}`);
  else if (stride === 1) lines.push(`whole = ${convolve("x", taps, "full")}`);
  else lines.push(...spread("up", geometry.spread, stride, "x"), `whole = ${convolve("up", taps, "full")}`);
  const kept = [-geometry.ends[0], setting.outputPadding - geometry.ends[1]];
  lines.push(`y = ${lengthened(module, "whole", 1, kept)}`);
  return { code: lines.join("\n"), axes: "L" };
}

function inJaxNumpy(setting, geometry) {
  if (!isSingle(setting))
    return {
      sentence:
        "jax.numpy's correlate and convolve take one signal and one kernel: they have no channels, features or groups. Take lax or convax.",
    };
  return oneSignal(setting, geometry, {
    imports: ["import jax.numpy as jnp"],
    module: "jnp",
    make: "jnp.array",
    spread: (name, size, step, from) => [`${name} = jnp.zeros(${size}).at[::${step}].set(${from})`],
    correlate: (x, w, mode) => `jnp.correlate(${x}, ${w}, mode="${mode}")`,
    convolve: (x, w, mode) => `jnp.convolve(${x}, ${w}, mode="${mode}")`,
  });
}

const numpySpread = (name, size, step, from) => [`${name} = np.zeros(${size})`, `${name}[::${step}] = ${from}`];

function inNumpy(setting, geometry) {
  if (isSingle(setting))
    return oneSignal(setting, geometry, {
      imports: ["import numpy as np"],
      module: "np",
      make: "np.array",
      spread: numpySpread,
      correlate: (x, w, mode) => `np.correlate(${x}, ${w}, mode="${mode}")`,
      convolve: (x, w, mode) => `np.convolve(${x}, ${w}, mode="${mode}")`,
    });
  // NumPy has no channels; windows and einsum say it from the definition.
  const { groups, channels, features, taps, transposed, dilation } = setting;
  const lines = ["import numpy as np", "", ...operands(setting, "np.array")];
  let signal = "x";
  if (transposed && setting.stride > 1) {
    lines.push(`up = np.zeros((1, ${channels}, ${geometry.spread}))`, `up[..., ::${setting.stride}] = x`);
    signal = "up";
  }
  const steps = [geometry.stride, dilation].map((step) => (step > 1 ? `::${step}` : ":"));
  lines.push(`padded = ${lengthened("np", signal, 3, geometry.padding)}`);
  lines.push(`windows = np.lib.stride_tricks.sliding_window_view(padded, ${geometry.reach}, axis=-1)`);
  if (steps.some((step) => step !== ":")) lines.push(`windows = windows[..., ${steps.join(", ")}]`);
  lines.push(`kernel = ${transposed ? adjointKernel(setting) : flippedKernel(setting)}`);
  const [inputs, outputs] = [channels / groups, features / groups];
  if (groups === 1) lines.push('y = np.einsum("ncik,ock->noi", windows, kernel)');
  else
    lines.push(
      `windows = windows.reshape(1, ${groups}, ${inputs}, ${geometry.outputs}, ${taps})`,
      `kernel = kernel.reshape(${groups}, ${outputs}, ${inputs}, ${taps})`,
      `y = np.einsum("ngcik,gock->ngoi", windows, kernel).reshape(1, ${features}, ${geometry.outputs})`,
    );
  return { code: lines.join("\n"), axes: "NCL" };
}

function inScipy(setting, geometry) {
  if (!isSingle(setting))
    return {
      sentence:
        "scipy.signal filters each signal by itself: it does not sum over channels, and has no features or groups. Take NumPy's code, or convax.",
    };
  return oneSignal(setting, geometry, {
    imports: ["import numpy as np", "from scipy import signal"],
    module: "np",
    make: "np.array",
    spread: numpySpread,
    correlate: (x, w, mode) => `signal.correlate(${x}, ${w}, mode="${mode}", method="direct")`,
    convolve: (x, w, mode) => `signal.convolve(${x}, ${w}, mode="${mode}", method="direct")`,
    upsampled: (x, w, stride) => `signal.upfirdn(${w}, ${x}, up=${stride})`,
  });
}
