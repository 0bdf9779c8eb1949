// The picture: for each channel of the group the taps, the samples under them and the products; below, the outputs.
// Everything is placed from one position of the window, which may lie between two outputs while it moves.

const SVG = document.querySelector("#picture").namespaceURI;

function element(name, attributes = {}, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A cell with a number in it; a long number is written smaller.
function cell(kind, size, value) {
  const group = element("g", { class: `cell ${kind}` });
  group.append(element("rect", { width: size, height: size, rx: 6 }), element("text", { x: size / 2, y: size / 2 }));
  write(group, size, value);
  return group;
}

function write(group, size, value) {
  const text = typeof value === "number" ? shown(Number(value.toPrecision(4))) : value;
  const label = group.lastChild;
  if (label.textContent === text) return;
  label.textContent = text;
  label.setAttribute("font-size", Math.min(size * 0.42, (size * 1.45) / Math.max(1, text.length)).toFixed(1));
}

const place = (node, x, y) => node.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);

class Drawing {
  constructor(svg, gutter) {
    Object.assign(this, { svg, gutter, taps: [], products: [], outputs: [] });
  }

  // Draws what stands still, and makes what moves.
  build(setting, result, feature, width) {
    this.svg.replaceChildren();
    this.gutter.replaceChildren();
    const { geometry, error } = result;
    Object.assign(this, { setting, result, feature, taps: [], products: [], outputs: [] });
    const plain = geometry ?? { padding: [0, 0], padded: setting.length, spread: setting.length, upsample: 1, reach: 1 };
    this.geometry = plain;
    this.rows = range(groupChannels(setting));
    // A kernel that fits nowhere is drawn once, hanging over the end; one whose setting has no meaning, not at all.
    this.hasWindow = geometry !== null && plain.padded > 0;
    const first = Math.min(0, plain.padding[0]);
    const last = Math.max(plain.padded + Math.max(0, -plain.padding[1]), error && this.hasWindow ? plain.reach : 0);
    this.measure(first, last, width);
    this.band = element("rect", { class: error ? "band wrong" : "band", rx: 10 });
    this.funnel = element("path", { class: "funnel" });
    this.svg.append(this.band, this.funnel);
    for (const row of this.rows) this.buildRow(row, first, last);
    if (!error) this.buildOutputs();
    this.height = error ? this.top(this.rows.length) + 4 : this.outputY + this.size + 22;
    for (const svg of [this.svg, this.gutter]) svg.setAttribute("height", this.height);
    this.svg.setAttribute("width", this.width);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.gutter.setAttribute("viewBox", `0 0 52 ${this.height}`);
  }

  // Places of all positions, with a gap where padding meets the signal and where something is trimmed.
  measure(first, last, width) {
    const { padding, spread, padded } = this.geometry;
    const region = (p) =>
      p < 0 || p >= padded ? (p < 0 ? "trimmed before" : "beyond") : p < padding[0] ? "before" : p >= padding[0] + spread ? "after" : "signal";
    const gaps = range(last - first).filter((p) => p && region(p + first) !== region(p + first - 1)).length;
    const room = (width - 16 - gaps * 14) / Math.max(1, last - first);
    const pitch = Math.max(this.rows.length > 2 ? 30 : 34, Math.min(54, room));
    this.size = pitch - 4;
    this.places = new Map();
    let x = 8;
    for (let p = first; p < last; p += 1) {
      if (p > first && region(p) !== region(p - 1)) x += 14;
      this.places.set(p, x);
      x += pitch;
    }
    this.width = Math.max(width, x + 4);
    // A picture narrower than its place stands in the middle, and the names of its rows stand beside it.
    const shift = Math.max(0, (width - x - 4) / 2);
    for (const [p, at] of this.places) this.places.set(p, at + shift);
    this.gutter.style.transform = `translateX(${shift}px)`;
    this.outputY = this.top(this.rows.length) + 34;
  }

  top(row) {
    // Without outputs there are no products either.
    return 8 + row * (this.result.error ? 2 * this.size + 34 : 3 * this.size + 44);
  }

  tapY(row) {
    return this.top(row) + 4;
  }

  sampleY(row) {
    return this.tapY(row) + this.size + 5;
  }

  productY(row) {
    return this.sampleY(row) + this.size + 17;
  }

  label(text, y, kind) {
    this.gutter.append(element("text", { class: `label ${kind}`, x: 46, y: y + this.size / 2 }, text));
  }

  buildRow(row, first, last) {
    const { setting, geometry, feature, size } = this;
    const channel = groupOf(setting, Math.min(feature, setting.features - 1)) * groupChannels(setting) + row;
    const at = slid(setting, geometry, Math.min(channel, setting.channels - 1));
    const suffix = setting.channels > 1 ? ` ${channel}` : "";
    this.label(`x${suffix}`, this.sampleY(row), "signal");
    for (let p = first; p < last; p += 1) {
      const { kind, value, sample } = at(p);
      if (kind === "padding" && (p < 0 || p >= geometry.padded)) continue;
      const drawn = cell(kind, size, value);
      if (kind === "trimmed") drawn.append(element("path", { d: `M6 ${size - 6}L${size - 6} 6` }));
      place(drawn, this.places.get(p), this.sampleY(row));
      this.svg.append(drawn);
      if (sample !== undefined)
        this.svg.append(
          element("text", { class: "index", x: this.places.get(p) + size / 2, y: this.sampleY(row) + size + 9 }, sample),
        );
    }
    if (!this.hasWindow) return;
    this.label(`w${suffix}`, this.tapY(row), "tap");
    if (!this.result.error) this.label("x · w", this.productY(row), "product");
    const taps = range(setting.taps).map((tap) => cell("tap", size, tapUnder(setting, feature, row, tap)));
    const products = this.result.error ? [] : range(setting.taps).map(() => cell("product", size, 0));
    this.taps.push(taps);
    this.products.push(products);
    this.svg.append(...taps, ...products);
  }

  buildOutputs() {
    const { geometry, size } = this;
    this.label("y", this.outputY, "output");
    this.outputs = range(geometry.outputs).map((index) => {
      const drawn = cell("output", size, "");
      const x = this.centre(index) - size / 2;
      place(drawn, x, this.outputY);
      this.svg.append(drawn, element("text", { class: "index", x: x + size / 2, y: this.outputY + size + 10 }, index));
      return drawn;
    });
  }

  // The middle of output i's window; outputs stand below their windows.
  centre(output) {
    const start = output * this.geometry.stride;
    return (this.places.get(start) + this.places.get(start + this.geometry.reach - 1) + this.size) / 2;
  }

  // Shows the window at `output`, or on its way there from `from`: `share` runs from 0 to 1.
  show(output, from = output, share = 1) {
    if (!this.hasWindow) {
      this.band.setAttribute("width", 0);
      this.band.setAttribute("height", 0);
      this.funnel.setAttribute("d", "");
      return;
    }
    const { setting, geometry, result, feature, size } = this;
    const between = (a, b) => a + (b - a) * share;
    const placed = (tap) => {
      const offset = tap * geometry.dilation;
      return between(this.places.get(from * geometry.stride + offset), this.places.get(output * geometry.stride + offset));
    };
    const terms = result.error ? [] : termsOf(setting, geometry, feature, output);
    for (const row of this.rows) {
      this.taps[row].forEach((drawn, tap) => place(drawn, placed(tap), this.tapY(row)));
      this.products[row].forEach((drawn, tap) => {
        place(drawn, placed(tap), this.productY(row));
        write(drawn, size, terms[row * setting.taps + tap].product);
      });
      if (result.error)
        this.taps[row].forEach((drawn, tap) => {
          drawn.classList.toggle("wrong", tap * geometry.dilation >= geometry.padded);
        });
    }
    const left = placed(0) - 4;
    const right = placed(setting.taps - 1) + size + 4;
    const bottom = this.top(this.rows.length) - (result.error ? 8 : 14);
    for (const [name, value] of Object.entries({ x: left, y: 5, width: right - left, height: bottom - 5 }))
      this.band.setAttribute(name, Math.max(0, value));
    if (result.error) return;
    const centre = between(this.centre(from), this.centre(output));
    const [mouth, throat] = [size / 2, this.outputY - 3];
    this.funnel.setAttribute("d", `M${left} ${bottom}H${right}C${right} ${throat - 12} ${centre + mouth} ${bottom + 12} ${centre + mouth} ${throat}H${centre - mouth}C${centre - mouth} ${bottom + 12} ${left} ${throat - 12} ${left} ${bottom}Z`);
    this.outputs.forEach((drawn, index) => {
      drawn.classList.toggle("now", index === output);
      drawn.classList.toggle("later", index > output);
      write(drawn, size, index > output ? "" : result.output[feature][index]);
    });
  }

  // Where the window is, for keeping it in view: [left, right].
  extent(output) {
    if (!this.hasWindow) return [0, 0];
    const start = output * this.geometry.stride;
    return [this.places.get(start), this.places.get(start + this.geometry.reach - 1) + this.size];
  }
}
