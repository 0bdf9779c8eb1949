// Sentences about a setting: shapes, formula, receptive field, gradients, what an output is made of.

const shown = (value) => {
  const rounded = Number(value.toPrecision(6));
  return (Object.is(rounded, -0) ? 0 : rounded).toString().replace("-", "\u2212");
};
const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
const inBrackets = (value) => (value < 0 ? `(${shown(value)})` : shown(value));
const listed = (parts) => (parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`);

// Each operand with its axes: [name, [[letter, meaning, size], ...]].
function shapesOf(setting, { geometry, output }) {
  const { channels, features, groups, length, taps, transposed } = setting;
  const divided = (whole) => (groups >= 1 && whole % groups === 0 ? whole / groups : `${whole} / ${groups}`);
  const kernel = transposed
    ? [["C", "channels", channels], ["O", groups === 1 ? "features" : "features / groups", divided(features)]]
    : [["O", "features", features], ["C", groups === 1 ? "channels" : "channels / groups", divided(channels)]];
  return [
    ["x", "signal", [["N", "batch", 1], ["C", "channels", channels], ["L", "samples", length]]],
    ["w", "kernel", [...kernel, ["K", "taps", taps]]],
    ["y", "output", [["N", "batch", 1], ["O", "features", features], ["L", "outputs", output ? geometry.outputs : "none"]]],
  ];
}

const symbolicFormula = (setting) =>
  setting.transposed
    ? "(L - 1) * stride - before - after + (K - 1) * dilation + 1 + output_padding"
    : "floor((before + L + after - ((K - 1) * dilation + 1)) / stride) + 1";

function paddingWords(setting, { ends }) {
  const { transposed } = setting;
  const end = (amount, where) =>
    amount === 0
      ? ""
      : transposed
        ? `${count(Math.abs(amount), "output")} ${amount < 0 ? "appended" : "cut off"} ${where}`
        : `${count(Math.abs(amount), amount < 0 ? "sample" : "zero")} ${amount < 0 ? "trimmed" : "added"} ${where}`;
  const words = [end(ends[0], "before"), end(ends[1], "after")].filter(Boolean).join(", ");
  return `${words || `Nothing is ${transposed ? "cut off" : "added"}`}.`;
}

// Samples of the signal that stand under the window of output i, as first and last; null where there are none.
function seenBy(setting, geometry, output) {
  const samples = termsOf(setting, geometry, 0, output).filter((term) => term.kind === "sample").map((t) => t.sample);
  return samples.length ? [Math.min(...samples), Math.max(...samples)] : null;
}

function receptiveWords(setting, geometry) {
  const { reach, dilation, taps } = geometry;
  const { stride, transposed } = setting;
  if (transposed) {
    const most = Math.ceil(taps / (stride / greatestDivisor(stride, dilation)));
    return (
      `Each sample of x is spread over ${count(reach, "output")}, (K - 1) * dilation + 1; ` +
      `an output is made of at most ${count(Math.min(most, setting.length), "sample")} of each channel.`
    );
  }
  const after = (layers) => range(layers).reduce((field, layer) => field + (reach - 1) * stride ** layer, 1);
  const reached = dilation > 1 ? `(${taps} - 1) * ${dilation} + 1 = ${reach} samples` : count(reach, "sample");
  return (
    `An output sees ${reached} of each channel of its group. ` +
    `Stacked, two such layers see ${after(2)}, three see ${after(3)}, four see ${after(4)}.`
  );
}

function greatestDivisor(a, b) {
  return b ? greatestDivisor(b, a % b) : a;
}

function flipWords(setting) {
  if (setting.transposed)
    return setting.flipped
      ? "The adjoint of NumPy's convolution: each sample is spread by the flipped kernel. Seen as a sliding window, it is a cross-correlation."
      : "The adjoint of a cross-correlation: each sample is spread by the kernel. Seen as a sliding window the kernel stands mirrored, so with stride 1 this is numpy.convolve.";
  return setting.flipped
    ? "NumPy's convolve: the kernel is flipped before it slides. convax.conv1d, lax and every deep learning library do not flip."
    : "Cross-correlation, which deep learning calls convolution: the kernel is not flipped. numpy.convolve flips it.";
}

// The two gradients, which are convolutions of the same family.
function gradientWords(setting, geometry) {
  const { stride, dilation, groups, channels, features, length, taps, transposed } = setting;
  const [before, after] = geometry.ends;
  const dy = `dy (1, ${features}, ${geometry.outputs})`;
  const options = (extra) =>
    [
      unless("stride", stride, 1),
      before === 0 && after === 0 ? "" : `padding=${pair(geometry.ends)}`,
      extra ? `output_padding=${extra}` : "",
      unless("dilation", dilation, 1),
      unless("groups", groups, 1),
    ].filter(Boolean);
  const kernel = setting.flipped ? "w[..., ::-1]" : "w";
  if (transposed) {
    const most = Math.floor(((length - 1) * stride + setting.outputPadding) / stride) + 1;
    return {
      x: `With respect to x: the plain convolution of ${dy} with the same kernel and settings; it has ${count(length, "sample")} again.`,
      code: `dx = convax.conv1d(${["dy", kernel, ...options(0)].join(", ")})${most > length ? `[..., :${length}]` : ""}`,
      w: `With respect to w: dy slides under x. The samples of x are its taps, ${stride} apart, its windows stand ${dilation} apart, and it makes ${count(taps, "tap")}.`,
    };
  }
  const extra = (geometry.padded - geometry.reach) % stride;
  return {
    x:
      `With respect to x: the transposed convolution of ${dy} with the same kernel and settings. ` +
      `It spreads each output back over the ${count(taps, "sample")} that it came from` +
      `${extra ? `; output_padding=${extra}, since the last ${count(extra, "sample")} of the padded signal ${extra === 1 ? "is" : "are"} under no window` : ""}.`,
    code: `dx = convax.conv_transpose1d(${["dy", kernel, ...options(extra)].join(", ")})`,
    w:
      `With respect to w: dy (${count(geometry.outputs, "sample")}) slides over the padded x (${count(geometry.padded, "sample")}). ` +
      `Stride and dilation change places: the samples of dy are taps ${stride} apart, the windows stand ${dilation} apart, ` +
      `and there are ${count(taps, "window")}, one for each tap.` +
      `${channels > 1 || features > 1 ? " Channels take the place of the batch." : ""}`,
  };
}

// Output `index` of a feature in a sentence: what the window covers, and the sum.
function sentenceOf(setting, { geometry, output }, feature, index) {
  const terms = termsOf(setting, geometry, feature, index);
  const name = setting.features > 1 ? `feature ${feature}, output ${index}` : `output ${index}`;
  const seen = seenBy(setting, geometry, index);
  const under = seen === null ? "no sample" : seen[0] === seen[1] ? `sample ${seen[0]}` : `samples ${seen[0]} to ${seen[1]}`;
  const zeros = terms.filter((term) => term.kind === "padding").length;
  const inserted = terms.filter((term) => term.kind === "inserted").length;
  const also = [zeros ? `${zeros} of padding` : "", inserted ? `${inserted} inserted` : ""].filter(Boolean);
  return (
    `${name} of ${geometry.outputs}: the window covers ${under}${also.length ? ` and zeros (${listed(also)})` : ""}; ` +
    `${terms.map((term) => `${shown(term.value)} times ${shown(term.weight)}`).join(", plus ")}, is ${shown(output[feature][index])}`
  );
}
