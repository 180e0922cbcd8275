// A page stays open while its person's session ends. Then it says so, in place of losing what was
// typed: they sign in in another tab, and this page goes on, with a new token for its forms.

const me = document.body.dataset.person;
const bar = document.createElement("div");
bar.className = "signed-out";
bar.setAttribute("role", "alert");

const SIGNED_OUT = "You are signed out. What you typed is still on this page: sign in in another tab, then go on here.";
const OLD = "This page is older than your last sign-in. Send it once more: it will be taken now.";
const OTHER = "Somebody else is signed in in this browser, so this page can’t send what you typed. Copy it first, then load the page again.";

function say(text, link = false) {
  bar.replaceChildren(text);
  if (link) {
    const way = document.createElement("a");
    Object.assign(way, { href: "/accounts/login/", target: "_blank", textContent: "Sign in" });
    bar.append(" ", way);
  }
  document.body.prepend(bar);
}

async function look() {
  let found;
  try {
    const response = await fetch("/accounts/still-here/", { headers: { "HX-Request": "true" } });
    if (response.status === 401) return say(SIGNED_OUT, true);
    found = await response.json();
  } catch {
    return undefined; // no connection: the next look will tell
  }
  if (found.person !== me) return say(OTHER);
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) {
    field.value = found.token;
  }
  return found;
}

// Back in this tab, perhaps signed in again.
async function lookAgain() {
  if (document.hidden || !bar.isConnected || !(await look())) return;
  bar.remove();
  document.dispatchEvent(new CustomEvent("evalhub:signed-in"));
}
document.addEventListener("visibilitychange", lookAgain);
window.addEventListener("focus", lookAgain);

document.addEventListener("evalhub:signed-out", () => say(SIGNED_OUT, true));
document.addEventListener("htmx:responseError", async (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 401) say(SIGNED_OUT, true);
  if (xhr.getResponseHeader("Evalhub-Page") === "stale" && (await look())) say(OLD);
});
