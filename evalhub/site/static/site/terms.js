/* A word's sentence, above everything (no box clips it), on hover and focus. It stays while the
   pointer is on it, and Escape closes it. Without this script the stylesheet shows the same. */

const said = document.createElement("div");
said.className = "term-said";
said.id = "said";
said.popover = "manual";
said.setAttribute("role", "tooltip");
(document.querySelector("main") ?? document.body).append(said);
document.documentElement.classList.add("terms");

let at = null;
let leaving = 0;

function place() {
  const word = at.getBoundingClientRect();
  const box = said.getBoundingClientRect();
  const room = document.documentElement.clientWidth - box.width - 8;
  const below = word.bottom + box.height + 4 < document.documentElement.clientHeight;
  said.style.left = `${Math.max(8, Math.min(word.left, room))}px`;
  said.style.top = `${below ? word.bottom : Math.max(0, word.top - box.height)}px`;
}

function show(word) {
  clearTimeout(leaving);
  if (at === word) return;
  hide();
  at = word;
  said.textContent = word.getAttribute("aria-description");
  said.showPopover();
  place();
}

function hide() {
  clearTimeout(leaving);
  if (at) said.hidePopover();
  at = null;
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(() => at !== document.activeElement && hide(), 150);
}

const term = (event) => event.target.closest?.(".term");
document.addEventListener("pointerover", (event) => {
  const word = term(event);
  if (word) show(word);
  else if (at && said.contains(event.target)) clearTimeout(leaving);
  else if (at) leave();
});
document.addEventListener("focusin", (event) => (term(event) ? show(term(event)) : hide()));
document.addEventListener("focusout", hide);
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
addEventListener("scroll", () => at && place(), { capture: true, passive: true });
