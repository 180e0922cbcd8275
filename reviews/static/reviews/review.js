// One key, one request: choose, see the choice for a moment, get the next comparison.
"use strict";

const CHOICES = {
  1: "left", ArrowLeft: "left",
  2: "right", ArrowRight: "right",
  0: "tie", ArrowDown: "tie",
  9: "both-bad",
};
const GLIMPSE_MS = 120;

let busy = false;
let waiting = null; // the choice that didn't reach the server

const turn = () => document.getElementById("turn");
const button = (choice) => turn().querySelector(`button[value="${choice}"]`);

function say(text, tone = "") {
  const state = document.getElementById("state");
  if (!state) return;
  state.className = `state ${tone}`;
  state.textContent = text;
}

function announce(text) {
  document.getElementById("announcement").textContent = text;
}

function send(choice) {
  const chosen = button(choice);
  if (!chosen || busy) return;
  busy = true;
  chosen.classList.add("chosen");
  setTimeout(() => chosen.click(), GLIMPSE_MS);
}

function failed() {
  busy = false;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Try again";
  again.addEventListener("click", () => send(waiting));
  say("✗ Not saved: the server can’t be reached.", "failed");
  document.getElementById("state").append(again);
  announce("Not saved: the server can’t be reached. Choose again to try again.");
}

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const keys = document.getElementById("keys");
  if (event.key === "?") {
    keys?.togglePopover();
    return;
  }
  const choice = Object.hasOwn(CHOICES, event.key) && CHOICES[event.key];
  if (!choice || !button(choice) || keys?.matches(":popover-open")) return;
  const page = document.documentElement;
  if (event.key === "ArrowDown" && page.scrollHeight > page.clientHeight + 1) return; // it scrolls
  event.preventDefault();
  send(choice);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  busy = true;
  waiting = event.detail.requestConfig.parameters.choice ?? waiting;
  for (const other of turn().querySelectorAll(".chosen")) other.classList.remove("chosen");
  button(waiting)?.classList.add("chosen");
  say("Saving…");
});

document.addEventListener("htmx:beforeSwap", (event) => {
  // signed out meanwhile, say: let the whole page show it
  if (event.detail.shouldSwap && !event.detail.serverResponse.includes('id="turn"')) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  busy = false;
  waiting = null;
  const saved = event.detail.xhr.status < 400;
  const { title } = turn().dataset;
  document.title = `${title} · Evalhub review`;
  window.scrollTo(0, 0);
  document.getElementById("request").focus({ preventScroll: true });
  announce(saved ? `Saved. ${title}.` : document.getElementById("request").textContent);
});

document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:timeout", failed);
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 500) failed();
});
window.addEventListener("online", () => waiting && send(waiting));
