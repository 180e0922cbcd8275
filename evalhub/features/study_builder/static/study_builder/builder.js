// Files dropped on the page go into its input, which sends itself; a press counts once; what was
// unfolded stays so when the form comes anew.

const begin = () => {
  document.body.classList.add("scripted");
  for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
};

// A file that was chosen just as the form came anew, before it listened.
const sendWaiting = () => {
  begin();
  for (const input of document.querySelectorAll("#builder input[type=file]")) {
    if (input.files.length) input.dispatchEvent(new Event("change", { bubbles: true }));
  }
};

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  const input = document.getElementById("files");
  if (!input || !carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dropping");
  const transfer = new DataTransfer();
  for (const file of event.dataTransfer.files) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

// What sends itself (a file, a metric) isn't told of a second time; a text that is pasted waits for
// its button.
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("#builder");
    if (!form || event.target.hasAttribute("hx-post") || event.target.id === "text") return;
    form.dispatchEvent(new Event("said"));
  });
}

let unfolded = [];
document.body.addEventListener("htmx:beforeSwap", () => {
  unfolded = [...document.querySelectorAll("#builder details[open][id]")].map((each) => each.id);
});
document.body.addEventListener("htmx:afterSettle", () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  unfolded = [];
  document.getElementById("flaws")?.focus();
  sendWaiting();
});

let sent = false;
document.addEventListener("submit", (event) => {
  if (event.submitter?.name !== "run") return;
  if (sent) event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => { sent = false; });
document.getElementById("flaws")?.focus();
begin();
