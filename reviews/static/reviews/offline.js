// The page that stands in when there is no connection: how many answers wait, and back when there is.

const LOOK_MS = 3000;

function waiting() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith("evalhub-answer:")).length;
  } catch {
    return 0; // no storage in this browser
  }
}

const count = waiting();
if (count) {
  const answers = count === 1 ? "1 answer is" : `${count} answers are`;
  document.getElementById("kept").textContent = `${answers} kept in this browser, and sent once you are back.`;
}
// Browsers don't always notice, so the site is asked too; by HEAD, which the worker lets through.
async function look() {
  try {
    await fetch(document.body.dataset.site, { method: "HEAD", cache: "no-store" });
    location.reload();
  } catch {
    setTimeout(look, LOOK_MS);
  }
}

window.addEventListener("online", () => location.reload());
setTimeout(look, LOOK_MS);
