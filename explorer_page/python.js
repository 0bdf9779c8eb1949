// Python as text: numbers, arrays, calls and slices, for the code of each tongue.

const WIDEST = 88;

const pythonNumber = (value) => (/[.e]/.test(String(value)) ? String(value) : `${value}.0`);
const pythonRow = (row) => `[${row.map(pythonNumber).join(", ")}]`;

// An array of any depth; rows after the first stand under it.
function pythonArray(array, indent) {
  if (!Array.isArray(array[0])) return pythonRow(array);
  const deeper = indent + 1;
  return `[${array.map((part) => pythonArray(part, deeper)).join(`,\n${" ".repeat(deeper)}`)}]`;
}

const assigned = (name, make, array, axes) => {
  const open = `${name} = ${make}(`;
  return `${open}${pythonArray(array, open.length)})  # ${axes}`;
};

// A call on one line where it fits, else one argument a line.
function pythonCall(name, parts, tail = "") {
  const words = parts.filter(Boolean);
  const line = `${name}(${words.join(", ")})${tail}`;
  return line.length <= WIDEST ? line : `${name}(\n${words.map((word) => `    ${word},`).join("\n")}\n)${tail}`;
}

const unless = (name, value, usual) => (value === usual ? "" : `${name}=${value}`);
const pair = ([before, after]) => `(${before}, ${after})`;

// An expression padded (or, where an end is negative, trimmed) along its last axis.
function lengthened(module, expression, axes, [before, after]) {
  let text = expression;
  const added = [Math.max(0, before), Math.max(0, after)];
  if (added[0] || added[1]) text = `${module}.pad(${text}, ${axes === 1 ? pair(added) : `((0, 0), (0, 0), ${pair(added)})`})`;
  if (before < 0 || after < 0)
    text += `[${axes === 1 ? "" : "..., "}${before < 0 ? -before : ""}:${after < 0 ? after : ""}]`;
  return text;
}

const isSingle = (setting) => setting.channels === 1 && setting.features === 1;

// A transposed kernel has the order (C, O / groups, K); any other (O, C / groups, K).
function kernelArray(setting) {
  if (!setting.transposed) return setting.w;
  const [inputs, outputs] = [groupChannels(setting), groupFeatures(setting)];
  return range(setting.channels).map((c) =>
    range(outputs).map((o) => setting.w[Math.floor(c / inputs) * outputs + o][c % inputs]),
  );
}

// The two operands as Python, with three axes, or with one where there is one channel and one feature.
function operands(setting, make, { flat = false } = {}) {
  if (flat) return [assigned("x", make, setting.x[0], "L"), assigned("w", make, setting.w[0][0], "K")];
  const kernel = setting.transposed ? "C, O / groups, K" : "O, C / groups, K";
  return [assigned("x", make, [setting.x], "N, C, L"), assigned("w", make, kernelArray(setting), kernel)];
}

// A transposed kernel as the kernel (O, C / groups, K) that slides over the spread signal.
function adjointKernel(setting) {
  const { groups, channels, features, taps } = setting;
  const end = mirrored(setting) ? "[..., ::-1]" : "";
  if (groups === 1) return `w.transpose(1, 0, 2)${end}`;
  const [inputs, outputs] = [channels / groups, features / groups];
  return (
    `w.reshape(${groups}, ${inputs}, ${outputs}, ${taps}).transpose(0, 2, 1, 3)` +
    `.reshape(${features}, ${inputs}, ${taps})${end}`
  );
}
