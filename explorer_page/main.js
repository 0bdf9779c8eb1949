// The page: one setting, shown everywhere, kept in the address.

const page = { setting: complete({}), typed: {}, result: null, feature: 0, tongue: "convax" };
const drawing = new Drawing(byId("picture"), byId("gutter"));
const player = new Player(drawing, byId("scroller"), (output, byHand) => showOutput(byHand));
const controls = new Controls((parts, hash) => {
  if (parts === null) {
    player.pause();
    return setSetting(fromHash(hash ?? ""));
  }
  const values = { x: overlaid(page.typed.x, parts.x), w: overlaid(page.typed.w, parts.w) };
  setSetting({ ...page.setting, ...parts, ...values }, { typed: values });
});

// Values over others, keeping those beyond their ends: what a slider cut off returns when it is moved back.
function overlaid(kept, values) {
  if (!Array.isArray(values) || !Array.isArray(kept)) return values === undefined ? kept : values;
  return range(Math.max(kept.length, values.length)).map((i) => overlaid(kept[i], values[i]));
}

// Spoken after a moment, so that dragging a slider does not read out every value on the way.
let speaking = null;
function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => tell(byId("live"), text), 400);
}

function setSetting(parts, { keepAddress = false, typed = {} } = {}) {
  page.setting = complete(parts);
  page.typed = { x: overlaid(typed.x, page.setting.x), w: overlaid(typed.w, page.setting.w) };
  page.result = compute(page.setting);
  page.feature = Math.min(page.feature, page.setting.features - 1);
  if (!keepAddress) writeAddress();
  show();
  const { error, geometry } = page.result;
  say(error ? `Cannot work: ${error.what}. Repair: ${error.repair}` : `Output length ${geometry.outputs}`);
}

function writeAddress() {
  const hash = toHash(page.setting);
  try {
    history.replaceState(null, "", hash ? `#${hash}` : location.href.split("#")[0]);
  } catch {
    location.hash = hash; // where a browser lets no file change its history
  }
}

function show() {
  const { setting, result, feature } = page;
  controls.show(setting, result, feature);
  const choice = byId("feature");
  if (choice.options.length !== setting.features)
    choice.replaceChildren(...range(setting.features).map((index) => made("option", { value: index }, String(index))));
  choice.value = feature;
  byId("feature-choice").hidden = setting.features < 2;
  drawing.build(setting, result, feature, byId("scroller").clientWidth);
  player.reset(result.output ? result.geometry.outputs : 1);
  showRefusal(result.error);
  showShapes();
  showTable();
  showCode();
  showWords();
  showLegend();
  showOutput(false);
}

function showRefusal(error) {
  byId("refusal").hidden = !error;
  for (const id of ["player", "sum"]) byId(id).hidden = Boolean(error);
  if (!error) return;
  tell(byId("refusal-kind"), `convax.errors.${error.kind}`);
  tell(byId("refusal-what"), error.what);
  byId("refusal-because-row").hidden = !error.arithmetic;
  tell(byId("refusal-because"), error.arithmetic);
  tell(byId("refusal-repair"), error.repair);
}

// What changes with every step: the sum, the slider, the text of the picture.
function showOutput(byHand) {
  const { setting, result, feature } = page;
  const playing = player.playing;
  byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  tell(byId("play"), playing ? "❚❚" : "▶");
  if (result.error) {
    tell(byId("picture-text"), `No output: ${result.error.what}`);
    return;
  }
  const { output } = player;
  const last = result.geometry.outputs - 1;
  const scrub = byId("scrub");
  Object.assign(scrub, { max: last, value: output, disabled: last < 1 });
  scrub.style.setProperty("--share", `${last ? (100 * output) / last : 0}%`);
  scrub.setAttribute("aria-valuetext", `output ${output} of ${last + 1}`);
  byId("back").disabled = output === 0;
  byId("forward").disabled = output === last;
  byId("play").disabled = last < 1;
  tell(byId("position"), `${output + 1} / ${last + 1}`);
  showSum(output);
  const sentence = sentenceOf(setting, result, feature, output);
  tell(byId("picture-text"), sentence);
  if (byHand) say(sentence);
}

function showSum(output) {
  const { setting, result, feature } = page;
  const terms = termsOf(setting, result.geometry, feature, output);
  const nodes = terms.flatMap((term, index) => [
    index ? " + " : "",
    made("span", { class: "term" }, made("span", { class: "signal" }, inBrackets(term.value)), "·", made("span", { class: "tap" }, inBrackets(term.weight))),
  ]);
  const name = setting.features > 1 ? `y[${feature}, ${output}] = ` : `y[${output}] = `;
  byId("sum").replaceChildren(name, ...nodes, " = ", made("strong", {}, shown(result.output[feature][output])));
}

function showShapes() {
  const rows = shapesOf(page.setting, page.result).map(([name, meaning, axes]) =>
    made(
      "div",
      { class: `shape ${name}` },
      made("p", { class: "operand" }, made("b", {}, name), ` ${meaning}`),
      made(
        "dl",
        {},
        ...axes.map(([letter, words, size]) =>
          made("div", {}, made("dt", {}, made("var", {}, letter), ` ${words}`), made("dd", {}, String(size))),
        ),
      ),
    ),
  );
  byId("shapes").replaceChildren(...rows);
  tell(byId("symbolic"), symbolicFormula(page.setting));
  tell(byId("numeric"), page.result.geometry?.formula ?? "not defined for this setting");
}

// Made only where it is looked at: it holds every product of every output.
function showTable() {
  const { setting, result, feature } = page;
  if (!byId("all").open) return;
  const rows = result.error
    ? []
    : result.output[feature].map((value, index) => {
        const seen = seenBy(setting, result.geometry, index);
        const terms = termsOf(setting, result.geometry, feature, index);
        const sum = terms.map((term) => `${inBrackets(term.value)}·${inBrackets(term.weight)}`).join(" + ");
        const under = seen === null ? "padding only" : seen[0] === seen[1] ? `x[${seen[0]}]` : `x[${seen[0]}] … x[${seen[1]}]`;
        return made("tr", {}, made("th", { scope: "row" }, `y[${index}]`), made("td", {}, under), made("td", {}, sum), made("td", {}, shown(value)));
      });
  byId("table").replaceChildren(...rows);
}

function showWords() {
  const { setting, result } = page;
  const gradient = result.error ? null : gradientWords(setting, result.geometry);
  tell(byId("flip-words"), flipWords(setting));
  tell(byId("field-words"), result.geometry ? receptiveWords(setting, result.geometry) : "");
  tell(byId("gradient-x"), gradient?.x ?? "There is no output, so there is nothing to differentiate.");
  byId("gradient-code").hidden = !gradient;
  byId("gradient-code").replaceChildren(...coloured(gradient?.code ?? ""));
  tell(byId("gradient-w"), gradient?.w ?? "");
}

function showLegend() {
  for (const key of document.querySelectorAll(".legend .key")) {
    const kind = key.classList[1];
    key.hidden = !document.querySelector(`#picture .cell.${kind}`);
  }
}

byId("feature").addEventListener("change", (event) => {
  page.feature = Number(event.target.value);
  show();
});
byId("all").addEventListener("toggle", showTable);
byId("back").addEventListener("click", () => byHand(player.output - 1));
byId("forward").addEventListener("click", () => byHand(player.output + 1));
byId("play").addEventListener("click", () => (player.playing ? player.pause() : player.play()));
byId("scrub").addEventListener("input", (event) => byHand(Number(event.target.value)));

function byHand(output) {
  player.pause();
  player.go(output);
}

// Arrow keys step wherever they have no other meaning.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || page.result.error) return;
  const within = (names) => event.target.closest?.(names);
  if (within("input, select, textarea, pre, [role=tab], [role=region]")) return;
  if (event.key === " " && within("a, button, summary")) return;
  const target = { ArrowRight: player.output + 1, ArrowLeft: player.output - 1, Home: 0, End: Infinity }[event.key];
  if (event.key === " ") player.playing ? player.pause() : player.play();
  else if (target !== undefined) byHand(target);
  else return;
  event.preventDefault();
});
