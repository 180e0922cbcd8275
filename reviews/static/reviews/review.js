// One key, one request: choose, see the choice for a moment, go on. The next comparison is there
// already, under a lease of its own; the reply to each answer brings the one after it.

import { clearAhead, heldAhead, HOLD, keepTurns, takeAfter, tokensAhead } from "./ahead.js";
import { restart, visibleSeconds } from "./clock.js";
import { forgetDraft, forgetOldDrafts, recallDraft } from "./drafts.js";
import { flagAct, flagging, leaveFlags, toFlags } from "./flags.js";
import { choiceOf, combined, digitOf, inTextField, letterOf } from "./keys.js";
import { Queue } from "./queue.js";
import { goBack, markCurrent, pick } from "./rubric.js";
import { beginSides, keepSide, otherSide } from "./sides.js";

const GLIMPSE_MS = 120;
const SWITCHES = ["wrap", "apart", "single-keys"];

let here; // token of the comparison at hand, also while the page still shows the last choice
let turnHere; // its number
let glimpse = Promise.resolve(); // over when the last choice has been seen
let saved = 0;
let csrf = ""; // a page that says why an answer wasn't taken has no form, and others may wait

const turn = () => document.getElementById("turn");
const answers = () => document.querySelector("form.answers");
const shown = () => turn()?.dataset.token;
const viewNow = () => answers()?.elements.view.value;

// Say what happens

function announce(text) {
  document.getElementById("announcement").textContent = text;
}

function say(text, tone = "", ...more) {
  const state = document.getElementById("state");
  if (!state) return;
  state.className = `state ${tone}`;
  state.replaceChildren(text, ...more);
}

function showState() {
  if (queue.problem) {
    const kept = queue.size > 1 ? `${queue.size} answers are kept` : "Your answer is kept";
    const no_more = queue.has(here) ? " The next comparison comes with the connection." : "";
    say(`✗ Not saved: ${queue.problem}. ${kept} in this browser.${no_more}`, "failed", againButton());
    announce(`Not saved: ${queue.problem}. ${kept} in this browser.${no_more}`);
  } else if (queue.size) {
    say("Saving…");
  } else {
    say(saved ? `${saved} saved ✓` : "", "saved");
  }
}

function againButton() {
  const label = { again: "Try again", reload: "Load again", "sign-in": "Sign in again" };
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label[queue.way];
  button.addEventListener("click", () => (queue.way === "again" ? queue.send() : location.reload()));
  return button;
}

// Come to a comparison, or to an end

function show(html, look = true) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  turn().replaceWith(holder.content);
  window.htmx.process(turn());
  arrived(look);
}

function arrived(look = true) {
  document.title = `${turn().dataset.title} · Evalhub review`;
  window.scrollTo(0, 0);
  document.getElementById("request").focus({ preventScroll: true });
  prepare(look);
}

function prepare(look = true) {
  here = shown();
  turnHere = Number(turn()?.dataset.turn);
  saved = Number(turn()?.dataset.saved ?? saved);
  restart();
  recallSwitches();
  beginSides();
  recallDraft(here);
  markCurrent();
  if (queue.has(here)) turn().classList.add("answered");
  showState();
  if (look) lookAhead();
}

async function lookAhead() {
  const from = here;
  const address = turn()?.dataset.ahead;
  if (!address || heldAhead() || queue.has(from)) return;
  const view = viewNow();
  try {
    const response = await fetch(`${address}?view=${view}&hold=${HOLD}`, {
      headers: { "HX-Request": "true" },
      redirect: "manual",
    });
    const html = await response.text();
    if (here === from && !queue.has(from)) keepAhead(response, html, view, true);
  } catch {
    // then the next comparison comes with the answer's reply
  }
}

// What is laid out as the page isn't any more is of no use.
function keepAhead(response, html, view, upToDate) {
  const named = response.headers.get("Evalhub-Ahead")?.split(" ") ?? [];
  if (view === viewNow()) keepTurns(html, upToDate ? named : null);
}

// Answer

document.addEventListener("submit", (event) => {
  if (event.target.closest("#skip")) forgetDraft(here);
  if (!event.target.matches("form.answers:not([hx-post])")) return;
  event.preventDefault();
  answer(event.target, event.submitter);
});

// The second click of a double click would answer the comparison that has come by then.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest(".choices")) event.preventDefault();
});

function answer(form, button) {
  if (turn().classList.contains("answered")) return;
  turn().classList.add("answered");
  if (button?.name === "choice") button.classList.add("chosen");
  const fields = [...new FormData(form, button)].filter(([name]) => name !== "csrfmiddlewaretoken");
  fields.push(["visible", visibleSeconds()], ["key", key()]);
  const { campaign } = turn().dataset;
  forgetDraft(here);
  glimpse = new Promise((over) => setTimeout(over, GLIMPSE_MS));
  const entry = { token: here, campaign, url: form.action, at: Date.now(), fields };
  entry.shown = goOn();
  queue.add(entry);
}

// To the next comparison, if it is at hand, once the last choice has been seen; returns its token.
function goOn() {
  const next = takeAfter(turnHere);
  if (!next) return undefined;
  const from = here;
  here = next.token;
  turnHere = next.turn;
  glimpse.then(() => here === next.token && shown() === from && show(next.html, false));
  return next.token;
}

function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function answered(entry, response, html) {
  if (!turn()) return queue.size || location.reload();
  if (entry.campaign !== turn().dataset.campaign) return;
  saved = Number(response.headers.get("Evalhub-Saved") ?? saved);
  const following = response.headers.has("Evalhub-Ahead");
  if (following) {
    const view = entry.fields.find(([name]) => name === "view")[1];
    keepAhead(response, html, view, entry.shown === here);
    // Who has answered this one meanwhile goes on as well, and that answer's request says so.
    if (queue.has(here)) queue.goneOnTo(here, goOn());
  }
  await glimpse;
  if (following || (response.ok && queue.size)) {
    if (response.ok) announce(`Saved. ${turn().dataset.title}.`);
    return;
  }
  clearAhead();
  show(html);
  const title = turn().dataset.title;
  announce(response.ok ? `Saved. ${title}.` : document.getElementById("request").textContent);
}

const queue = new Queue(document.body.dataset.person, {
  csrf: () => (csrf = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? csrf),
  answered,
  changed: showState,
  having: () => [["hold", HOLD], ...tokensAhead().map((token) => ["have", token])],
});

// Keys

document.addEventListener("keydown", (event) => {
  if (combined(event)) return;
  if (inTextField(event)) {
    if (event.key === "Escape") leaveField(event);
    if (event.key === "Enter" && !event.shiftKey && event.target.required) send(event);
    return;
  }
  if (event.key === "?" && singleKeys()) return document.getElementById("keys")?.togglePopover();
  if (document.querySelector(":popover-open") || !singleKeys()) return;
  if (event.key === "Enter") return enter(event);
  const act = flagging() && !letterOf(event) ? flagAct(event, announce) : actOf(event);
  if (!act) return;
  event.preventDefault();
  act();
});

function actOf(event) {
  const letter = letterOf(event);
  if (!answers() || turn().classList.contains("answered")) return letter === "u" ? undo : null;
  const { oneKey } = answers().dataset;
  if (letter) return letters[letter];
  if (event.key === "Backspace") return oneKey === undefined && goBack;
  if (event.key.startsWith("Arrow") && scrolls(event)) return null;
  const choice = choiceOf(event);
  const plain = event.shiftKey && /^\d$/.test(event.key) ? choice?.replace("much-", "") : choice;
  if (oneKey === undefined) return pick([choice, plain, digitOf(event)], announce);
  const button = chooser(choice) ?? chooser(plain);
  return button && (() => button.click());
}

const chooser = (choice) =>
  answers().querySelector(`button[value="${choice}"], button[data-choice="${choice}"]`);

const letters = {
  d: () => document.getElementById("tool-diff")?.click(),
  t: () => document.getElementById("tool-raw")?.click(),
  w: () => document.getElementById("wrap")?.click(),
  a: () => document.getElementById("apart")?.click(),
  f: () => (flagging() ? leaveFlags() : toFlags(announce)),
  r: () => openWhy(),
  s: () => document.getElementById("skip")?.showPopover(),
  u: () => undo(),
  x: () => otherSide(),
};

function undo() {
  const form = document.getElementById("undo");
  if (!form) announce("There is nothing to take back.");
  else if (queue.size) announce("Wait until the last answer is saved, then take it back.");
  else form.requestSubmit();
}

function openWhy() {
  const field = document.getElementById("rationale");
  if (!field) return;
  const fold = field.closest("details");
  if (fold) fold.open = true;
  field.focus();
}

function leaveField(event) {
  if (event.target.closest(":popover-open")) return; // Esc closes it
  event.preventDefault();
  document.getElementById("request").focus({ preventScroll: true });
}

function send(event) {
  event.preventDefault();
  answers().requestSubmit();
}

// Enter presses what has the focus; elsewhere it sends a form that takes more than one key, and
// ends a pause.
function enter(event) {
  if (event.target.closest("button, a, summary, input[type=checkbox]")) return;
  if (answers()?.dataset.oneKey === undefined) answers() ? send(event) : document.getElementById("go-on")?.click();
}

// An arrow scrolls, as ever, where there is something to scroll.
function scrolls(event) {
  const down = event.key === "ArrowDown" || event.key === "ArrowUp";
  const boxes = down
    ? [document.documentElement, ...document.querySelectorAll(".request, .pane")]
    : [event.target.closest(".request, .pane")];
  return boxes.some(
    (box) =>
      box &&
      (down ? box.scrollHeight > box.clientHeight + 1 : box.scrollWidth > box.clientWidth + 1),
  );
}

// A dialog that opens is where one goes on.
document.addEventListener(
  "toggle",
  (event) => {
    const opened = event.newState === "open" && event.target.matches("[role=dialog]");
    if (opened) event.target.querySelector("input[type=radio]").focus();
  },
  true,
);

// Switches are remembered in this browser.

const singleKeys = () => document.getElementById("single-keys")?.checked ?? true;

function recallSwitches() {
  for (const id of SWITCHES) {
    const box = document.getElementById(id);
    const kept = recall(id);
    if (box && kept) box.checked = kept === "on";
  }
}

function recall(id) {
  try {
    return localStorage.getItem(`evalhub-review-${id}`);
  } catch {
    return null; // no storage in this browser
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("form.answers input[type=radio]")) return markCurrent();
  if (!SWITCHES.includes(event.target.id)) return;
  try {
    localStorage.setItem(`evalhub-review-${event.target.id}`, event.target.checked ? "on" : "off");
  } catch {
    // then it holds for this page
  }
});

// What htmx brings: another way to look at the answers, the comparison after a skip or an undo

document.addEventListener("htmx:beforeSwap", (event) => {
  const { serverResponse, shouldSwap, xhr } = event.detail;
  if (xhr.status === 401 || xhr.getResponseHeader("Evalhub-Page") === "stale") {
    event.detail.shouldSwap = false; // still_here.js says what to do
    return;
  }
  if (shouldSwap && !serverResponse.includes(`id="${event.detail.target.id}"`)) {
    event.detail.shouldSwap = false; // signed out meanwhile, say: let the whole page show it
    location.reload();
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  clearAhead();
  const sheet = document.getElementById("sheet");
  if (event.detail.target.id === "turn") {
    window.htmx.process(turn()); // at once, so that the next key can't come before
    arrived();
    announce(`${turn().dataset.title}.`);
  } else if (sheet) {
    answers().elements.view.value = sheet.dataset.view;
    history.replaceState(null, "", sheet.dataset.address);
    recallSwitches();
    keepSide();
    announce(sheet.dataset.said);
    lookAhead();
  }
});

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.status < 500) return;
    say("✗ The server can’t be reached. Try again in a moment.", "failed");
    announce("The server can’t be reached. Try again in a moment.");
  });
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("#to-flags")) return;
  event.preventDefault();
  toFlags(announce);
});

navigator.serviceWorker?.register(document.body.dataset.worker).catch(() => {}); // then a reload needs the network
forgetOldDrafts();
prepare();
queue.send();
