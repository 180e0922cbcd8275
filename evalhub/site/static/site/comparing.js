// Files dropped on the page go into its inputs, which send themselves; a press counts once.

const begin = () => {
  document.body.classList.add("scripted");
  for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
};

// A file that was chosen just as the form came anew, before it listened.
const sendWaiting = () => {
  begin();
  for (const input of document.querySelectorAll("#comparing input[type=file]")) {
    if (input.files.length) input.dispatchEvent(new Event("change", { bubbles: true }));
  }
};

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

const hand = (input, files) => {
  const held = new DataTransfer();
  for (const file of files) held.items.add(file);
  input.files = held.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};

document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  const form = document.getElementById("comparing");
  if (!form || !carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dropping");
  const files = [...event.dataTransfer.files];
  const slot = event.target.closest?.("[data-slot]");
  const one = files.length === 1 && slot ? slot.querySelector("input[type=file]") : null;
  hand(one ?? form.querySelector("input[name=dropped]"), files);
});

// What sends itself (a file, a metric) isn't told of a second time.
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("#comparing");
    if (form && !event.target.hasAttribute("hx-post")) form.dispatchEvent(new Event("said"));
  });
}

let sent = false;
document.addEventListener("submit", (event) => {
  if (event.submitter?.name !== "run") return;
  if (sent) event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => { sent = false; });
document.body.addEventListener("htmx:afterSettle", sendWaiting);
begin();
