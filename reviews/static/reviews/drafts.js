// Reasons that were begun: kept in this browser for their person and comparison, until they are sent.
// On a computer that several people use, what one of them left is forgotten an hour later.

const PREFIX = "evalhub-draft:";
const OWN_MS = 7 * 24 * 3600 * 1000;
const OTHERS_MS = 3600 * 1000;

const own = () => `${PREFIX}${document.body.dataset.person}:`;

// Puts what was begun into the field of this comparison.
export function recallDraft(token) {
  const field = document.getElementById("rationale");
  const text = token && field && read(own() + token)?.text;
  if (!text) return;
  field.value = text;
  const fold = field.closest("details");
  if (fold) fold.open = true;
}

export function forgetDraft(token) {
  try {
    localStorage.removeItem(own() + token);
  } catch {
    // no storage in this browser: there is nothing to forget
  }
}

export function forgetOldDrafts(now = Date.now()) {
  try {
    for (const name of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
      const lasts = name.startsWith(own()) ? OWN_MS : OTHERS_MS;
      if (!(read(name)?.at > now - lasts)) localStorage.removeItem(name);
    }
  } catch {
    // as above
  }
}

document.addEventListener("input", (event) => {
  const { token } = document.getElementById("turn")?.dataset ?? {};
  if (event.target.id !== "rationale" || !token) return;
  const text = event.target.value;
  if (!text.trim()) return forgetDraft(token);
  try {
    localStorage.setItem(own() + token, JSON.stringify({ at: Date.now(), text }));
  } catch {
    // as above: it lasts as long as the page
  }
});

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}
