// Colours, room and address; then the page starts.

const THEMES = { auto: "◐", light: "○", dark: "●" };
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme").replaceChildren(made("span", { "aria-hidden": "true" }, `${THEMES[theme]} `), `Colours: ${theme}`);
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
//                                    length, ends: [before, after], formula, x, w (null where it cannot work) }
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
    const { ends = null, formula = null } = geometry ?? {};
    return { error, output, length, ends, formula, x: setting.x, w: error ? null : kernelArray(setting) };
  },
  code: (tongue, parts) => codeIn(tongue, complete(parts)),
  gradient(parts) {
    const setting = complete(parts);
    const { error, geometry } = compute(setting);
    return error ? null : gradientWords(setting, geometry).code;
  },
});
