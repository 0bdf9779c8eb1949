// The panel of code with its tabs, and what is copied from the page.

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

async function copy(button, text) {
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
  setTimeout(() => (button.textContent = button.dataset.label), 1500);
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

byId("copy-code").addEventListener("click", (event) => copy(event.currentTarget, `${codeIn(page.tongue, page.setting).code}\n`));
byId("copy-link").addEventListener("click", (event) => copy(event.currentTarget, location.href));
