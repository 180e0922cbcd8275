"use strict";
// Keys through the items, and a link that one press copies. All of it stands on the page as links too.
const keys = document.querySelector("#keys");
const search = document.querySelector("[data-search]");
const back = document.querySelector("[data-back]");
const copy = document.querySelector("[data-link]");

function follow(name) {
  const link = document.querySelector(`[data-${name}]`);
  if (link) link.click();
  return Boolean(link);
}

function step(by) {
  if (back) return follow(by > 0 ? "after" : "before");
  const rows = [...document.querySelectorAll("[data-item]")];
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  if (next) next.focus();
  return Boolean(next);
}

function searchTexts() {
  if (search) search.focus();
  else if (back) location.assign(`${back.href}#items-text`);
  return true;
}

function showKeys() {
  keys.showModal();
  return true;
}

const acts = {
  j: () => step(1),
  ArrowRight: () => step(1),
  k: () => step(-1),
  ArrowLeft: () => step(-1),
  u: () => follow("back"),
  c: () => follow("link"),
  "/": searchTexts,
  "?": showKeys,
};

// first of all who listen for keys: here "/" searches these texts
window.addEventListener(
  "keydown",
  (event) => {
    const written = event.target.closest?.("input, select, textarea, [contenteditable]");
    const act = acts[event.key];
    if (!act || written || keys.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (act()) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);

for (const button of document.querySelectorAll("[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", showKeys);
}

if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(new URL(copy.dataset.link, location.href).href);
    copy.textContent = "Copied ✓";
  });
}

if (search && location.hash === "#items-text") search.focus();
