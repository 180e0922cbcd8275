// What the parts of a picture say: under the pointer, and by the arrow keys once a picture is
// focused. Each part holds its words as its title, which is all there is without this script.

const words = new WeakMap();
const tip = document.createElement("output");
tip.className = "tip";
tip.hidden = true;

function said(part) {
  if (!words.has(part)) {
    const title = part.querySelector(":scope > title");
    words.set(part, title.textContent);
    title.remove(); // else the browser shows it as well
  }
  return words.get(part);
}

function hide() {
  tip.hidden = true;
  document.querySelector(".part.current")?.classList.remove("current");
}

function show(part) {
  hide();
  part.classList.add("current");
  part.closest(".chart").append(tip);
  tip.textContent = said(part);
  tip.hidden = false;
  const at = (part.querySelector(".shape, .bar") ?? part).getBoundingClientRect();
  const box = tip.getBoundingClientRect();
  const left = at.left + at.width / 2 - box.width / 2;
  const above = at.top - box.height - 8;
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - box.width - 8))}px`;
  tip.style.top = `${above < 8 ? at.bottom + 8 : above}px`;
}

function reachable() {
  for (const drawn of document.querySelectorAll(".chart .drawn:not([tabindex])")) {
    if (drawn.querySelector(".part")) drawn.setAttribute("tabindex", "0");
  }
}

addEventListener("pointerover", (event) => {
  const part = event.target.closest?.(".chart .part");
  if (part) show(part);
  else if (!tip.hidden) hide();
});
addEventListener("scroll", hide, { passive: true, capture: true });
addEventListener("focusout", hide);
addEventListener("keydown", (event) => {
  const drawn = event.target.closest?.(".chart .drawn");
  if (!drawn) return;
  const parts = [...drawn.querySelectorAll(".part")];
  const at = parts.findIndex((part) => part.classList.contains("current"));
  const next = { ArrowRight: at + 1, ArrowLeft: at < 0 ? parts.length - 1 : at - 1, Home: 0, End: parts.length - 1 }[event.key];
  if (event.key === "Escape") hide();
  if (next === undefined || !parts.length) return;
  event.preventDefault();
  show(parts[Math.max(0, Math.min(next, parts.length - 1))]);
});
addEventListener("htmx:load", reachable);
reachable();
