// The keyboard map: which key of an event means what, on any layout.

const CHOICES = {
  Digit1: "left", ArrowLeft: "left", 1: "left",
  Digit2: "right", ArrowRight: "right", 2: "right",
  Digit0: "tie", ArrowDown: "tie", 0: "tie",
  Digit9: "both-bad", 9: "both-bad",
};

const TEXT = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";

export const inTextField = (event) => event.target.closest(TEXT) !== null;

export const combined = (event) =>
  event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing;

// "left", "right", "tie", "both-bad", and with Shift "much-left" or "much-right"
export function choiceOf(event) {
  const choice = CHOICES[event.code] ?? CHOICES[event.key];
  if (!choice || !event.shiftKey) return choice;
  return choice === "left" || choice === "right" ? `much-${choice}` : undefined;
}

export function digitOf(event) {
  const digit = /^Digit(\d)$/.exec(event.code)?.[1] ?? event.key;
  return /^\d$/.test(digit) && !event.shiftKey ? digit : undefined;
}

// where a layout has no Latin letters, the letter that stands on the key elsewhere
export function letterOf(event) {
  if (event.shiftKey) return undefined;
  if (/^[a-z]$/.test(event.key)) return event.key;
  return /^Key[A-Z]$/.test(event.code) && !/^\p{ASCII}$/u.test(event.key)
    ? event.code[3].toLowerCase()
    : undefined;
}
