// Answers on their way to the server: each is kept in this browser, for this person, until the
// server has said what became of it. A reload, a lost connection or a new sign-in loses none.

const WAITS_MS = [1000, 2000, 5000, 10000, 30000];
const TIMEOUT_MS = 20000;

export class Queue {
  #person;
  #prefix;
  #entries = new Map(); // token → entry, the oldest first
  #failures = 0;
  #timer = 0;
  #sending = false;

  // `csrf()` is the page's own token; `answered(entry, response, html)` is told what the server
  // said; `changed()` that there is more or less to send, or that sending failed; `having()` are
  // fields that say which comparisons are here already.
  constructor(person, { csrf, answered, changed, having }) {
    Object.assign(this, { csrf, answered, changed, having, problem: "" });
    this.#person = person;
    this.#prefix = `evalhub-answer:${person}:`;
    for (const entry of this.#kept().sort((a, b) => a.at - b.at)) {
      this.#entries.set(entry.token, entry);
    }
    window.addEventListener("online", () => this.send());
    document.addEventListener("evalhub:signed-in", () => this.send());
    document.addEventListener("visibilitychange", () => document.hidden || this.send());
  }

  get size() {
    return this.#entries.size;
  }

  has(token) {
    return this.#entries.has(token);
  }

  add(entry) {
    this.#entries.set(entry.token, entry);
    try {
      // where the page stood is forgotten with the page
      const { shown, ...kept } = entry;
      localStorage.setItem(this.#prefix + entry.token, JSON.stringify(kept));
    } catch {
      // no storage in this browser: it is still sent, and tried again as long as the page is open
    }
    this.send();
  }

  // The page has gone on from this one's comparison to another, before it was sent.
  goneOnTo(token, shown) {
    this.#entries.get(token).shown = shown;
  }

  async send() {
    clearTimeout(this.#timer);
    if (this.#sending) return;
    this.#sending = true;
    while (this.size && (await this.#sendFirst()));
    this.#sending = false;
    this.changed();
  }

  async #sendFirst() {
    const entry = this.#entries.values().next().value;
    this.changed();
    let response;
    let html;
    try {
      response = await fetch(entry.url, {
        method: "POST",
        body: this.#body(entry),
        headers: { "HX-Request": "true", "X-CSRFToken": this.csrf() },
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      html = await response.text();
    } catch {
      return this.#failed("the server can’t be reached");
    }
    if (response.status === 401) {
      document.dispatchEvent(new CustomEvent("evalhub:signed-out"));
      return this.#failed("you are signed out", "sign-in");
    }
    if (response.status >= 500 || response.status === 429) {
      return this.#failed("the server has a problem");
    }
    const person = response.headers.get("Evalhub-Person");
    if (person !== this.#person) {
      const problem = person ? "somebody else is signed in here" : "this page is out of date";
      return this.#failed(problem, "reload");
    }
    this.problem = "";
    this.#failures = 0;
    this.#entries.delete(entry.token);
    try {
      localStorage.removeItem(this.#prefix + entry.token);
    } catch {
      // as above
    }
    this.answered(entry, response, html);
    return true;
  }

  #body(entry) {
    const late = Math.max(0, (Date.now() - entry.at) / 1000).toFixed(1);
    const more = [["shown", entry.shown ?? ""], ["late", late], ...this.having()];
    return new URLSearchParams([...entry.fields, ...more]);
  }

  #failed(problem, way = "again") {
    this.problem = problem;
    this.way = way;
    const wait = WAITS_MS[Math.min(this.#failures, WAITS_MS.length - 1)];
    this.#failures += 1;
    if (way === "again") this.#timer = setTimeout(() => this.send(), wait);
    return false;
  }

  #kept() {
    try {
      return Object.keys(localStorage)
        .filter((name) => name.startsWith(this.#prefix))
        .map((name) => JSON.parse(localStorage.getItem(name)));
    } catch {
      return [];
    }
  }
}
