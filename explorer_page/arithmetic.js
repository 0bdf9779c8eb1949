// Lengths, padding, errors and sums, by the rules of convax.core and in its words. Nothing here knows the page.

const sameTotal = (length, reach, stride) =>
  Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);

// Padding words -> samples (before, after).
const PADDING_WORDS = {
  VALID: () => [0, 0],
  SAME: (length, reach, stride) => {
    const total = sameTotal(length, reach, stride);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  },
  SAME_LOWER: (length, reach, stride) => PADDING_WORDS.SAME(length, reach, stride).reverse(),
  CAUSAL: (length, reach) => [Math.max(0, reach - 1), 0],
  FULL: (length, reach) => [Math.max(0, reach - 1), Math.max(0, reach - 1)],
};

class Refusal extends Error {
  constructor(kind, what, arithmetic, repair) {
    super(what);
    Object.assign(this, { kind, what, arithmetic, repair });
  }
}

const MEANING = {
  stride: ["the window would not move", "the window would move backwards", "the result"],
  dilation: ["all taps would fall on one sample", "the taps would stand in reverse order", "the kernel"],
};

function checkPositive(name, number) {
  if (number >= 1) return;
  const [zero, negative, backwards] = MEANING[name] ?? [];
  throw new Refusal(
    "ArgumentError",
    `${name}=${number} must be at least 1`,
    zero ? `with ${name}=${number} ${number < 0 ? negative : zero}` : "",
    `write ${name}=1 for the plain case` +
      (number < 0 && backwards ? `, or ${name}=${-number} and flip ${backwards}` : ""),
  );
}

function checkGroups(groups, whole, what) {
  if (whole % groups === 0) return;
  const divisors = range(whole).map((d) => d + 1).filter((d) => whole % d === 0);
  const near = divisors.sort((a, b) => Math.abs(a - groups) - Math.abs(b - groups))[0];
  throw new Refusal(
    "ShapeError",
    `groups=${groups} does not divide the ${whole} ${what}`,
    `${whole} / ${groups} = ${Math.floor(whole / groups)} remainder ${whole % groups}`,
    `take a number of groups that divides ${whole}, for example ${near}`,
  );
}

// What slides: the signal spread by `upsample` and padded by `padding`, under taps `dilation` apart.
// `ends` is the padding as convax is told it: added samples, or for a transposed convolution outputs cut off.
function geometryOf(setting) {
  const { length, taps, dilation, transposed } = setting;
  for (const name of ["stride", "dilation", "groups"]) checkPositive(name, setting[name]);
  checkGroups(setting.groups, setting.channels, "channels");
  checkGroups(setting.groups, setting.features, "output features");
  const reach = (taps - 1) * dilation + 1;
  const stride = transposed ? 1 : setting.stride;
  const upsample = transposed ? setting.stride : 1;
  const ends = transposed ? cutOf(setting, reach) : addedTo(setting, reach);
  const extra = transposed ? setting.outputPadding : 0;
  const padding = transposed ? [reach - 1 - ends[0], reach - 1 - ends[1] + extra] : ends;
  const spread = (length - 1) * upsample + 1;
  const padded = padding[0] + spread + padding[1];
  const result = Math.floor((padded - reach) / stride) + 1;
  const geometry = { length, taps, dilation, stride, upsample, reach, ends, padding, spread, padded, outputs: result };
  geometry.formula = transposed ? transposedFormula(setting, geometry) : plainFormula(geometry);
  return geometry;
}

const addedTo = (setting, reach) =>
  setting.padding === "numbers"
    ? [setting.before, setting.after]
    : PADDING_WORDS[setting.padding](setting.length, reach, setting.stride);

function cutOf(setting, reach) {
  const { padding, stride, length, dilation, outputPadding: extra } = setting;
  let cut = [setting.before, setting.after];
  if (padding === "VALID") cut = [0, Math.min(0, reach - stride)];
  else if (padding === "SAME") {
    // What is cut in all leaves length * stride outputs; lax puts the smaller half at the start.
    const kept = stride > reach - 1 ? reach - 1 : Math.ceil((reach + stride - 2) / 2);
    cut = [reach - 1 - kept, reach - stride - (reach - 1 - kept)];
  } else if (padding !== "numbers") {
    const [before, after] = PADDING_WORDS[padding](length, reach, stride);
    throw new Refusal(
      "ArgumentError",
      `padding='${padding}' has no meaning of its own for a transposed convolution`,
      "the words here say how many outputs there are: 'VALID', 'SAME'",
      `for the adjoint of conv1d with that padding write it as numbers: padding=(${before}, ${after})`,
    );
  }
  if (extra && padding !== "numbers")
    throw new Refusal(
      "ArgumentError",
      `output_padding=${extra} with padding='${padding}': the word already fixes the number of outputs`,
      "",
      "leave output_padding=0, or give the padding as numbers",
    );
  const most = Math.max(stride, dilation) - 1;
  if (extra < 0 || extra > most)
    throw new Refusal(
      "ArgumentError",
      `output_padding=${extra} must be at least 0 and less than the stride or the dilation`,
      `max(stride, dilation) - 1 = max(${stride}, ${dilation}) - 1 = ${most}`,
      `write output_padding=${Math.min(Math.max(extra, 0), most)}; for more or fewer outputs give ` +
        "padding=(before, after), where negative numbers append",
    );
  return cut;
}

function plainFormula({ length, taps, dilation, stride, padding: [before, after], outputs }) {
  const reach = dilation > 1 ? `((${taps} - 1) * ${dilation} + 1)` : `${taps}`;
  return `floor((${before} + ${length} + ${after} - ${reach}) / ${stride}) + 1 = ${outputs}`;
}

const transposedFormula = (setting, { length, ends, reach, outputs }) =>
  `(${length} - 1) * ${setting.stride} - ${ends[0]} - ${ends[1]} + ${reach} + ${setting.outputPadding} = ${outputs}`;

function checkOutput(setting, geometry) {
  if (geometry.outputs > 0) return;
  const { padding, padded, reach, spread, ends, formula } = geometry;
  if (setting.transposed) {
    const whole = (setting.length - 1) * setting.stride + reach + setting.outputPadding;
    throw new Refusal(
      "ShapeError",
      `padding=(${ends[0]}, ${ends[1]}) cuts off all ${whole} outputs of the transposed convolution`,
      `output length = ${formula}`,
      `cut at most ${whole - 1} of them, before and after together`,
    );
  }
  const isPadded = padding[0] !== 0 || padding[1] !== 0;
  throw new Refusal(
    "ShapeError",
    padded < 1 && Math.min(...padding) < 0
      ? `the padding (${padding[0]}, ${padding[1]}) trims off all ${spread} samples of the input`
      : `the kernel is longer than the input: it reaches over ${reach} samples, and the input has ${padded}` +
        `${isPadded ? " with its padding" : ""}, so there is no output`,
    `output length = ${formula}`,
    `add ${reach - padded} or more samples of padding${setting.stride === 1 ? ' (padding="SAME" keeps the length)' : ""}` +
      `, or shorten the kernel${setting.dilation > 1 ? " or its dilation" : ""}`,
  );
}

// The sliding signal of one channel: position -> { kind, value, sample }. Trimmed samples stand outside 0..padded-1.
function slid(setting, geometry, channel) {
  const { padding, padded, spread, upsample } = geometry;
  return (position) => {
    const index = position - padding[0];
    if (index < 0 || index >= spread) return { kind: "padding", value: 0 };
    const kind = position < 0 || position >= padded ? "trimmed" : index % upsample ? "inserted" : "sample";
    const sample = index % upsample ? undefined : index / upsample;
    return { kind, value: sample === undefined ? 0 : setting.x[channel][sample], sample };
  };
}

// The adjoint reads its kernel from the other end, and so does NumPy's convolve: both together cancel.
const mirrored = (setting) => setting.transposed !== setting.flipped;
const tapUnder = (setting, feature, channel, tap) =>
  setting.w[feature][channel][mirrored(setting) ? setting.taps - 1 - tap : tap];

// The terms of output i of a feature: one for each channel of its group and each tap.
function termsOf(setting, geometry, feature, output) {
  const first = groupOf(setting, feature) * groupChannels(setting);
  return range(groupChannels(setting)).flatMap((row) => {
    const at = slid(setting, geometry, first + row);
    return range(setting.taps).map((tap) => {
      const position = output * geometry.stride + tap * setting.dilation;
      const under = at(position);
      const weight = tapUnder(setting, feature, row, tap);
      return { row, channel: first + row, tap, position, weight, ...under, product: weight * under.value };
    });
  });
}

// Everything about a setting: { error, geometry, output }, with output[feature][i]; error is null where it works.
function compute(setting) {
  let geometry = null;
  try {
    geometry = geometryOf(setting);
    checkOutput(setting, geometry);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const { kind, what, arithmetic, repair } = refusal;
    return { error: { kind, what, arithmetic, repair }, geometry, output: null };
  }
  const sum = (terms) => terms.reduce((total, { product }) => total + product, 0);
  const output = range(setting.features).map((feature) =>
    range(geometry.outputs).map((index) => sum(termsOf(setting, geometry, feature, index))),
  );
  return { error: null, geometry, output };
}
