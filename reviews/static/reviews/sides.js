// One answer at a time where the window is narrow. Each side keeps its place on the page, so that
// one can go back and forth between two passages.

const NAME = "evalhub-review-one-side";

let inView = "both";
let places = {};

const control = () => document.querySelector(".sides");
const box = (side) => document.getElementById(`side-${side}`);

// A new comparison begins at the top, with the left one alone for whoever looks at one at a time.
export function beginSides() {
  places = {};
  inView = "both";
  if (recall() === "one" && box("left")) box("left").checked = true;
  inView = box("left")?.checked ? "left" : "both";
}

// The same comparison, laid out another way.
export function keepSide() {
  if (box(inView)) box(inView).checked = true;
}

export function otherSide() {
  if (!control()?.offsetParent) return;
  const other = inView === "left" ? "right" : "left";
  box(other).checked = true;
  choose(other);
}

function choose(side) {
  const before = places[inView] ?? 0;
  inView = side;
  window.scrollTo(0, places[side] ?? Math.min(before, top()));
  keep(side === "both" ? "both" : "one");
}

// Where the answers begin, just below the control that stays in view.
function top() {
  const panes = document.querySelector(".panes").getBoundingClientRect().top + window.scrollY;
  return panes - control().offsetHeight;
}

// Noted as one scrolls: once the other side is shown, the page may be too short for this place.
window.addEventListener("scroll", () => {
  if (box(inView)?.checked) places[inView] = window.scrollY;
});

document.addEventListener("change", (event) => {
  if (event.target.name === "side" && event.target.closest(".sides")) choose(event.target.value);
});

function recall() {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null; // no storage in this browser
  }
}

function keep(how) {
  try {
    localStorage.setItem(NAME, how);
  } catch {
    // then it holds for this comparison
  }
}
