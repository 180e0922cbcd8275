// One example: keys, the word difference of an edit before it is saved, and the time in view.

import { visibleSeconds } from "./clock.js";
import { combined, digitOf, inTextField, letterOf } from "./keys.js";

const WORDS = /\w+\s*|[^\w\s]\s*|\s+/gu;
const MOST = 1_000_000; // words of one text × words of the other that are compared

const form = document.getElementById("answer");
const text = document.getElementById("text");
const proposal = document.getElementById("proposal").value;
const save = document.getElementById("save");
const difference = document.getElementById("difference");
const acceptButton = document.querySelector("button.accept");

// What an edit changes: [kind, words], kind "" where both have them

function changes(before, after) {
  const one = before.match(WORDS) ?? [];
  const other = after.match(WORDS) ?? [];
  let head = 0;
  while (head < Math.min(one.length, other.length) && one[head] === other[head]) head += 1;
  let tail = 0;
  const room = Math.min(one.length, other.length) - head;
  while (tail < room && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail += 1;
  const parts = [["", one.slice(0, head).join("")]];
  parts.push(...middle(one.slice(head, one.length - tail), other.slice(head, other.length - tail)));
  parts.push(["", one.slice(one.length - tail).join("")]);
  return parts;
}

function middle(one, other) {
  if (one.length * other.length > MOST) return [["del", one.join("")], ["ins", other.join("")]];
  const width = other.length + 1;
  const longest = new Uint32Array((one.length + 1) * width); // common words from here on
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = one[i] === other[j]
        ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const parts = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    const both = i < one.length && j < other.length;
    if (both && one[i] === other[j]) {
      parts.push(["", one[i]]);
      i += 1;
      j += 1;
    } else if (j >= other.length || (both && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      parts.push(["del", one[i]]);
      i += 1;
    } else {
      parts.push(["ins", other[j]]);
      j += 1;
    }
  }
  return parts;
}

// Neighbours of one kind as one part, so that it is read, and heard, as one

function joined(parts) {
  const runs = [];
  for (const [kind, words] of parts) {
    if (!words) continue;
    const last = runs.at(-1);
    if (last?.[0] === kind) last[1] += words;
    else runs.push([kind, words]);
  }
  return runs;
}

const plain = (value) => value.replaceAll("\r\n", "\n").trim();

function showEdit() {
  if (!proposal) return;
  const edited = plain(text.value) !== plain(proposal);
  save.textContent = edited ? "Save your edit" : "Accept as it stands";
  difference.hidden = !edited;
  difference.replaceChildren();
  if (!edited) return;
  for (const [kind, words] of joined(changes(plain(proposal), plain(text.value)))) {
    const part = kind ? document.createElement(kind) : document.createTextNode(words);
    if (kind) part.textContent = words;
    difference.append(part);
  }
}

if (text) {
  text.addEventListener("input", showEdit);
  showEdit();
}

// Each answer brings how long the page was in view

document.addEventListener("submit", (event) => {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "visible";
  field.value = visibleSeconds();
  event.target.append(field);
});

// Keys

function open(id, field) {
  document.getElementById(id).showPopover();
  document.getElementById(field).focus();
}

const ACTS = {
  a: () => form.requestSubmit(acceptButton),
  e: () => text?.focus(),
  r: () => open("reject", "reason"),
  s: () => open("skip", "words"),
  u: () => document.querySelector("button[form=undo]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target === text) {
    event.preventDefault();
    form.requestSubmit(acceptButton);
    return;
  }
  if (combined(event)) return;
  if (event.key === "Escape" && event.target === text) text.blur();
  if (inTextField(event) || document.querySelector(":popover-open:not(#keys)")) return;
  if (event.key === "?") {
    document.getElementById("keys").togglePopover();
    return;
  }
  const digit = digitOf(event);
  const label = digit && form.querySelectorAll("input[type=radio]")[Number(digit) - 1];
  if (label) {
    label.checked = true;
    label.focus();
    return;
  }
  const taken = digit && document.querySelectorAll("button.take")[Number(digit) - 1];
  if (taken) {
    taken.click();
    return;
  }
  const act = ACTS[letterOf(event)];
  if (act) {
    event.preventDefault();
    act();
  }
});
