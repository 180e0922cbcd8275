// Flags by key: f goes to them, a digit flags the left answer (or the only one), with Shift the right
// one, and Esc or f goes back to where one was. A digit means a flag only until one has left.

let cameFrom = 0;

const flags = () => document.getElementById("flags");

export const flagging = () => flags()?.classList.contains("keyed") ?? false;

export function toFlags(announce) {
  if (!flags()) return;
  cameFrom = window.scrollY;
  flags().classList.add("keyed");
  flags().focus({ preventScroll: true });
  flags().scrollIntoView({ block: "nearest" });
  const both = flags().querySelectorAll("fieldset").length > 1;
  const digits = both
    ? "A digit flags the left answer, with Shift the right one."
    : "A digit flags the answer.";
  announce(`Flags. ${digits} Escape goes back.`);
}

// The act of a key while one is at the flags, where a digit or an arrow answers nothing.
export function flagAct(event, announce) {
  if (event.key === "Escape") return leaveFlags;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  const side = flags().querySelectorAll("fieldset")[event.shiftKey ? 1 : 0];
  const box = digit && side?.querySelectorAll("input")[digit - 1];
  return box && (() => {
    box.checked = !box.checked;
    const what = box.closest("label").lastChild.textContent.trim();
    announce(`${side.querySelector("legend").textContent} ${what}, ${box.checked ? "flagged" : "not flagged"}.`);
  });
}

export function leaveFlags() {
  forget();
  document.getElementById("request").focus({ preventScroll: true });
  window.scrollTo(0, cameFrom);
}

function forget() {
  flags()?.classList.remove("keyed");
}

document.addEventListener("focusin", (event) => {
  if (flagging() && !event.target.closest("#flags")) forget();
});
document.addEventListener("pointerdown", (event) => {
  if (flagging() && !event.target.closest("#flags")) forget();
});
