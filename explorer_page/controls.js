// The controls: sliders with their fields, typed numbers, examples. They only report what was asked for.

const byId = (id) => document.getElementById(id);

function made(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value === true) node.setAttribute(name, "");
    else if (value !== false) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Put text in only where it differs, so that screen readers are not told twice.
const tell = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

// A slider and a field for one number.
function numberRow(name, changed) {
  const { label, symbol, min, max, hint } = NUMBERS[name];
  const slider = made("input", { type: "range", id: `${name}-slider`, min, max, step: 1, "aria-label": label });
  const field = made("input", { type: "number", id: name, min: lowestOf(name), max, step: 1, "aria-describedby": `${name}-hint` });
  const words = made("label", { for: name }, label, ...(symbol ? [made("var", {}, symbol)] : []));
  slider.addEventListener("input", () => changed(name, Number(slider.value)));
  field.addEventListener("input", () => {
    if (field.value !== "" && Number.isFinite(Number(field.value))) changed(name, limited(name, Number(field.value)));
  });
  let current = null;
  field.addEventListener("blur", () => (field.value = current)); // a field that was left empty
  const row = made("div", { class: "row", id: `${name}-row` }, words, slider, field, made("span", { class: "hidden", id: `${name}-hint` }, hint));
  row.title = hint;
  return {
    row,
    set(value) {
      current = value;
      slider.value = value;
      slider.style.setProperty("--share", `${(100 * (Math.min(max, Math.max(min, value)) - min)) / (max - min)}%`);
      if (document.activeElement !== field || Number(field.value) !== value) field.value = value;
    },
  };
}

// Typed numbers -> a row of them, or null where a word is no number.
function parsedRow(text) {
  const words = text.trim().replace(/^\[|\]$/g, "").split(/[\s,;]+/).filter(Boolean);
  const numbers = words.map((word) => Number(word.replace("\u2212", "-")));
  return words.length && numbers.every((number) => Number.isFinite(number) && Math.abs(number) < 1e9) ? numbers : null;
}

const random = () => Math.round(Math.random() * 6) - 3;
const FILLS = {
  ramp: (index) => index + 1,
  impulse: (index, size) => (index === size >> 1 ? 1 : 0),
  step: (index, size) => (index >= size >> 1 ? 1 : 0),
  ones: () => 1,
  mean: (index, size) => Number((1 / size).toPrecision(4)),
  difference: (index, size) => (size === 1 ? 1 : index === 0 ? -1 : index === size - 1 ? 1 : 0),
  random,
};

const EXAMPLES = [
  ["Worked example", ""],
  ["SAME", "length=7&padding=SAME"],
  ["Flipped", "flipped=1&padding=FULL&w=1,2,3"],
  ["Stride", "length=9&stride=2&padding=SAME"],
  ["Causal, dilated", "length=12&dilation=3&padding=CAUSAL"],
  ["Channels", "length=6&channels=2&features=2"],
  ["Depthwise", "length=6&channels=3&features=3&groups=3&padding=SAME"],
  ["Transposed", "length=4&stride=2&transposed=1&padding=1,1&outputPadding=1&w=1,2,3"],
  ["Too long", "length=3&taps=5"],
];

class Controls {
  // `changed(parts)` is told what was asked for.
  constructor(changed) {
    this.changed = changed;
    this.rows = {};
    const place = (where, names) => {
      for (const name of names) {
        this.rows[name] = numberRow(name, (key, value) => this.number(key, value));
        byId(where).append(this.rows[name].row);
      }
    };
    place("lengths", ["length", "taps", "stride", "dilation"]);
    place("ends", ["before", "after"]);
    place("channels-rows", ["channels", "features", "groups"]);
    place("extra", ["outputPadding"]);
    byId("padding").addEventListener("change", (event) => this.padding(event.target.value));
    byId("transposed").addEventListener("change", (event) => changed({ transposed: event.target.checked }));
    for (const id of ["correlation", "flipped"])
      byId(id).addEventListener("change", () => changed({ flipped: byId("flipped").checked }));
    byId("form").addEventListener("submit", (event) => event.preventDefault());
    byId("reset").addEventListener("click", () => changed(null));
    for (const which of ["x", "w"]) {
      byId(`${which}-values`).addEventListener("input", () => this.typed(which));
      byId(`${which}-values`).addEventListener("blur", () => this.show(this.setting, this.result, this.feature));
      byId(`${which}-channel`).addEventListener("change", () => this.show(this.setting, this.result, this.feature));
    }
    for (const button of document.querySelectorAll("[data-fill]"))
      button.addEventListener("click", () => this.fill(...button.dataset.fill.split(" ")));
    for (const [name, hash] of EXAMPLES) {
      const button = made("button", { type: "button" }, name);
      button.addEventListener("click", () => changed(null, hash));
      byId("examples").append(button);
    }
  }

  number(name, value) {
    if (name !== "before" && name !== "after") return this.changed({ [name]: value });
    const ends = this.result.geometry?.ends ?? [this.setting.before, this.setting.after];
    const [before, after] = ends;
    this.changed({ padding: "numbers", ...this.clamped({ before, after }), [name]: value });
  }

  clamped(ends) {
    return Object.fromEntries(Object.entries(ends).map(([name, value]) => [name, limited(name, value)]));
  }

  padding(word) {
    const [before, after] = this.result.geometry?.ends ?? [0, 0];
    this.changed(word === "numbers" ? { padding: word, ...this.clamped({ before, after }) } : { padding: word });
  }

  // Which row of the values the field shows: a channel of x, or a channel of the kernel of the feature shown.
  chosen(which) {
    const select = byId(`${which}-channel`);
    return Math.min(Number(select.value) || 0, (which === "x" ? this.setting.channels : groupChannels(this.setting)) - 1);
  }

  typed(which) {
    const field = byId(`${which}-values`);
    const numbers = parsedRow(field.value);
    const most = NUMBERS[which === "x" ? "length" : "taps"].max;
    const wrong = numbers === null || numbers.length > most;
    field.setAttribute("aria-invalid", String(wrong));
    tell(
      byId("values-note"),
      !wrong
        ? "Numbers with commas or spaces between them; as many as there are set the length."
        : numbers === null
          ? "That is no list of numbers: write 1, 2, 3."
          : `At most ${most} numbers are drawn here, and there are ${numbers.length}.`,
    );
    if (!wrong) this.put(which, numbers);
  }

  put(which, numbers) {
    const row = this.chosen(which);
    if (which === "x") {
      const x = this.setting.x.map((values, channel) => (channel === row ? numbers : values));
      return this.changed({ x, length: numbers.length });
    }
    const w = this.setting.w.map((kernel, feature) =>
      feature === this.feature ? kernel.map((taps, channel) => (channel === row ? numbers : taps)) : kernel,
    );
    this.changed({ w, taps: numbers.length });
  }

  fill(which, how) {
    const size = which === "x" ? this.setting.length : this.setting.taps;
    this.put(which, range(size).map((index) => FILLS[how](index, size)));
    this.show(this.setting, this.result, this.feature);
  }

  // Brings every control to the setting.
  show(setting, result, feature) {
    Object.assign(this, { setting, result, feature });
    const ends = result.geometry?.ends ?? [setting.before, setting.after];
    for (const [name, row] of Object.entries(this.rows))
      row.set(name === "before" ? ends[0] : name === "after" ? ends[1] : setting[name]);
    byId("padding").value = setting.padding;
    byId("transposed").checked = setting.transposed;
    byId("flipped").checked = setting.flipped;
    byId("correlation").checked = !setting.flipped;
    byId("extra").hidden = !setting.transposed;
    tell(byId("padding-note"), result.geometry ? paddingWords(setting, result.geometry) : "");
    this.options("x", setting.channels, "");
    this.options("w", groupChannels(setting), setting.features > 1 ? ` of feature ${feature}` : "");
    for (const which of ["x", "w"]) {
      const field = byId(`${which}-values`);
      const values = which === "x" ? setting.x[this.chosen("x")] : setting.w[feature][this.chosen("w")];
      if (document.activeElement === field && String(parsedRow(field.value)) === String(values)) continue;
      if (document.activeElement === field && field.getAttribute("aria-invalid") === "true") continue;
      field.value = values.join(", ");
      field.removeAttribute("aria-invalid");
    }
  }

  options(which, number, suffix) {
    const select = byId(`${which}-channel`);
    const row = this.chosen(which);
    if (select.options.length !== number)
      select.replaceChildren(...range(number).map((index) => made("option", { value: index }, `channel ${index}`)));
    select.value = row;
    select.hidden = number < 2;
    tell(byId(`${which}-which`), suffix);
  }
}
