// The setting: what the controls hold, its limits, and its form in the page's address.

// Whole numbers, with the limits of the sliders. The fields beside them may hold 0 or less where convax explains it.
const NUMBERS = {
  length: { label: "Length", symbol: "L", min: 1, max: 40, hint: "samples of the signal" },
  taps: { label: "Taps", symbol: "K", min: 1, max: 16, hint: "samples of the kernel" },
  stride: { label: "Stride", symbol: "s", min: 1, max: 6, lowest: -6, hint: "samples between two windows" },
  dilation: { label: "Dilation", symbol: "d", min: 1, max: 6, lowest: -6, hint: "samples between two taps" },
  before: { label: "Before", symbol: "", min: -8, max: 24, hint: "samples added at the start" },
  after: { label: "After", symbol: "", min: -8, max: 24, hint: "samples added at the end" },
  outputPadding: { label: "Output padding", symbol: "", min: 0, max: 5, lowest: -6, hint: "outputs appended at the end" },
  channels: { label: "Channels", symbol: "C", min: 1, max: 6, hint: "signals side by side, summed over" },
  features: { label: "Features", symbol: "O", min: 1, max: 6, hint: "channels of the output" },
  groups: { label: "Groups", symbol: "g", min: 1, max: 6, lowest: -6, hint: "parts that do not see each other" },
};

const DEFAULTS = Object.freeze({
  length: 5,
  taps: 3,
  stride: 1,
  dilation: 1,
  padding: "VALID", // a word, or "numbers": then before and after count
  before: 0,
  after: 0,
  outputPadding: 0,
  channels: 1,
  features: 1,
  groups: 1,
  transposed: false,
  flipped: false,
});

// The numbers that stand in a signal and in a kernel until others are typed: the worked example, 1..5 and 1, 1, 1.
const defaultSample = (channel, position) => (channel === 0 ? position + 1 : (((position * (channel + 2)) % 11) % 5) - 1);
const defaultTap = (feature, channel, tap) =>
  feature + channel === 0 ? 1 : [1, -1, 2][(tap + 2 * feature + channel) % 3];

const range = (count) => Array.from({ length: Math.max(0, count) }, (_, index) => index);

const lowestOf = (name) => NUMBERS[name].lowest ?? NUMBERS[name].min;
const limited = (name, value) => Math.min(NUMBERS[name].max, Math.max(lowestOf(name), Math.round(value)));

// Channels that one group sums over; 1 where the groups do not divide them, so that there is something to draw.
const groupChannels = (setting) =>
  setting.groups >= 1 && setting.channels % setting.groups === 0 ? setting.channels / setting.groups : 1;
const groupFeatures = (setting) =>
  setting.groups >= 1 && setting.features % setting.groups === 0 ? setting.features / setting.groups : 1;
const groupOf = (setting, feature) => Math.floor(feature / groupFeatures(setting));

// A whole setting from parts of one: numbers within their limits, and values for every sample and every tap.
// `x` holds a row for each channel; `w` a row for each feature, of a row for each channel of its group.
function complete(parts) {
  const setting = { ...DEFAULTS, ...parts };
  for (const name of Object.keys(NUMBERS)) {
    const value = Number(setting[name]);
    setting[name] = Number.isFinite(value) ? limited(name, value) : DEFAULTS[name];
  }
  if (setting.padding !== "numbers" && !(setting.padding in PADDING_WORDS)) setting.padding = DEFAULTS.padding;
  setting.transposed = Boolean(setting.transposed);
  setting.flipped = Boolean(setting.flipped);
  const number = (value, otherwise) => (typeof value === "number" && Number.isFinite(value) ? value : otherwise);
  setting.x = range(setting.channels).map((c) =>
    range(setting.length).map((l) => number(parts.x?.[c]?.[l], defaultSample(c, l))),
  );
  setting.w = range(setting.features).map((o) =>
    range(groupChannels(setting)).map((c) =>
      range(setting.taps).map((k) => number(parts.w?.[o]?.[c]?.[k], defaultTap(o, c, k))),
    ),
  );
  return setting;
}

// The setting as the part of an address after #; only what differs from the worked example is written.
function toHash(setting) {
  const parts = [];
  const plain = complete({ ...setting, x: undefined, w: undefined });
  const rows = (array) => array.map((row) => row.map(String).join(",")).join(";");
  for (const name of Object.keys(DEFAULTS)) {
    if (name === "before" || name === "after") continue;
    let value = setting[name];
    if (name === "padding" && value === "numbers") value = `${setting.before},${setting.after}`;
    if (value !== DEFAULTS[name]) parts.push(`${name}=${typeof value === "boolean" ? Number(value) : value}`);
  }
  if (rows(setting.x) !== rows(plain.x)) parts.push(`x=${rows(setting.x)}`);
  if (rows(setting.w.flat()) !== rows(plain.w.flat())) parts.push(`w=${rows(setting.w.flat())}`);
  return parts.join("&");
}

// The other way round; what cannot be read is left at its default.
function fromHash(text) {
  const parts = {};
  const rows = (value) => value.split(";").map((row) => row.split(",").map(Number));
  for (const piece of text.replace(/^#/, "").split("&")) {
    const [name, value = ""] = piece.split("=");
    if (name === "padding" && value.includes(",")) {
      [parts.before, parts.after] = value.split(",").map(Number);
      parts.padding = "numbers";
    } else if (name === "padding") parts.padding = value.toUpperCase();
    else if (name === "transposed" || name === "flipped") parts[name] = value === "1";
    else if (name in NUMBERS && value !== "") parts[name] = Number(value);
    else if (name === "x" || name === "w") parts[name] = rows(value);
  }
  if (parts.w) {
    const flat = parts.w;
    const per = groupChannels(complete({ ...parts, x: undefined, w: undefined }));
    parts.w = range(Math.ceil(flat.length / per)).map((o) => flat.slice(o * per, (o + 1) * per));
  }
  return complete(parts);
}
