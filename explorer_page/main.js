// The page: one setting, shown everywhere, kept in the address.

const page = { setting: complete({}), result: null, feature: 0, tongue: "convax" };
const drawing = new Drawing(byId("picture"), byId("gutter"));
const player = new Player(drawing, byId("scroller"), (output, byHand) => showOutput(byHand));
const controls = new Controls((parts, hash) => {
  if (parts === null) player.pause();
  setSetting(parts === null ? fromHash(hash ?? "") : { ...page.setting, ...parts });
});

// Spoken after a moment, so that dragging a slider does not read out every value on the way.
let speaking = null;
function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => tell(byId("live"), text), 400);
}

function setSetting(parts, { keepAddress = false } = {}) {
  page.setting = complete(parts);
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

function showTable() {
  const { setting, result, feature } = page;
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

// Colours for comments, texts and numbers; the text stays what it is.
function coloured(code) {
  return code.split(/(#[^\n]*|"[^"\n]*"|\b(?:import|from|lambda)\b|-?\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)/).map((part, index) => {
    if (index % 2 === 0) return part;
    const kind = part[0] === "#" ? "comment" : part[0] === '"' ? "text" : /^[a-z]/.test(part) ? "word" : "number";
    return made("span", { class: kind }, part);
  });
}

function showCode() {
  for (const tab of byId("tabs").children) {
    const chosen = tab.dataset.tongue === page.tongue;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen) byId("panel").setAttribute("aria-labelledby", tab.id);
  }
  const said = codeIn(page.tongue, page.setting);
  const code = said?.code;
  byId("copy-code").disabled = !code;
  byId("code").classList.toggle("sentence", !code);
  if (code) byId("code").replaceChildren(...coloured(code));
  else tell(byId("code"), said?.sentence ?? "There is no call to show: the setting cannot work.");
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

async function copy(button, text) {
  const before = button.textContent;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = made("textarea", { class: "hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = done ? "Copied" : "Not copied";
  say(button.textContent);
  setTimeout(() => (button.textContent = before), 1500);
}

function chooseTongue(tongue, focus = false) {
  page.tongue = tongue;
  showCode();
  if (focus) byId("tabs").querySelector('[aria-selected="true"]').focus();
}

for (const tongue of Object.keys(TONGUES)) {
  const id = `tab-${tongue.toLowerCase().replace(".", "-")}`;
  const tab = made("button", { type: "button", role: "tab", id, "aria-controls": "panel", "data-tongue": tongue }, tongue);
  tab.addEventListener("click", () => chooseTongue(tongue));
  byId("tabs").append(tab);
}
byId("tabs").addEventListener("keydown", (event) => {
  const names = Object.keys(TONGUES);
  const at = names.indexOf(page.tongue);
  const target = { ArrowRight: at + 1, ArrowLeft: at - 1 + names.length, Home: 0, End: names.length - 1 }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  chooseTongue(names[target % names.length], true);
});

byId("feature").addEventListener("change", (event) => {
  page.feature = Number(event.target.value);
  show();
});
byId("back").addEventListener("click", () => byHand(player.output - 1));
byId("forward").addEventListener("click", () => byHand(player.output + 1));
byId("play").addEventListener("click", () => (player.playing ? player.pause() : player.play()));
byId("scrub").addEventListener("input", (event) => byHand(Number(event.target.value)));
byId("copy-code").addEventListener("click", (event) => copy(event.currentTarget, `${codeIn(page.tongue, page.setting).code}\n`));
byId("copy-link").addEventListener("click", (event) => copy(event.currentTarget, location.href));

function byHand(output) {
  player.pause();
  player.go(output);
}

// Arrow keys step wherever they have no other meaning.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || page.result.error) return;
  const busy = event.target.closest?.("input, select, textarea, button, summary, pre, [role=tab], [role=region]");
  if (busy) return;
  const target = { ArrowRight: player.output + 1, ArrowLeft: player.output - 1, Home: 0, End: Infinity }[event.key];
  if (event.key === " ") player.playing ? player.pause() : player.play();
  else if (target !== undefined) byHand(target);
  else return;
  event.preventDefault();
});

const THEMES = { auto: ["◐", "Auto", "as the system"], light: ["○", "Light", "light"], dark: ["●", "Dark", "dark"] };
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const [mark, name, words] = THEMES[theme];
  byId("theme").replaceChildren(mark, " ", made("span", {}, name));
  byId("theme").setAttribute("aria-label", `Colours: ${words}`);
  page.theme = theme;
}
byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  setTheme(names[(names.indexOf(page.theme) + 1) % names.length]);
});
setTheme("auto");

// Drawn anew where the room changes.
let room = 0;
new ResizeObserver(([{ contentRect }]) => {
  if (Math.abs(contentRect.width - room) < 1 || !page.result) return;
  room = contentRect.width;
  show();
}).observe(byId("scroller"));

window.addEventListener("hashchange", () => setSetting(fromHash(location.hash), { keepAddress: true }));
setSetting(fromHash(location.hash), { keepAddress: true });

// For tests and for the curious: the page's arithmetic without its controls.
//   convax.compute(parts)       -> { error: { kind, what, arithmetic, repair } | null, output: [feature][i] | null,
//                                    length, ends: [before, after], formula, x, w }
//   convax.code(tongue, parts)  -> { code, axes } | { sentence } | null
//   convax.gradient(parts)      -> the code of the gradient with respect to x | null
//   convax.set(parts), get(), step(output), tongues
// `parts` are fields of a setting, as get() shows them; what is left out is as in the worked example.
window.convax = Object.freeze({
  tongues: Object.keys(TONGUES),
  get: () => structuredClone(page.setting),
  set: (parts) => setSetting(parts),
  step: (output) => byHand(output),
  compute(parts) {
    const setting = complete(parts);
    const { error, geometry, output } = compute(setting);
    const length = output ? geometry.outputs : 0;
    return { error, output, length, ends: geometry?.ends ?? null, formula: geometry?.formula ?? null, x: setting.x, w: kernelArray(setting) };
  },
  code: (tongue, parts) => codeIn(tongue, complete(parts)),
  gradient(parts) {
    const setting = complete(parts);
    const { error, geometry } = compute(setting);
    return error ? null : gradientWords(setting, geometry).code;
  },
});
