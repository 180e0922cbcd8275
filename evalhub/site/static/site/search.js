// The key / leads to the search field, from wherever nothing is being written.
const field = document.getElementById("site-search");
const writing = "input, textarea, select, [contenteditable]";
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(writing)) return;
  event.preventDefault();
  field.focus();
  field.select();
});
