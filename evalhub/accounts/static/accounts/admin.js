// Mends what Django's own pages lack for those who hear them: names of cells, of the search field
// and of signs. tests/e2e/test_admin_pages.py finds what is left.
const hidden = (text) => {
  const span = document.createElement("span");
  span.className = "visually-hidden";
  span.textContent = text;
  return span;
};

// after the scripts that make lists to choose from
window.addEventListener("load", () => {
  for (const head of document.querySelectorAll("thead th:empty")) {
    if (head.classList.contains("original")) head.append(hidden("Row"));
    else head.remove(); // of a column of deletions where nothing can be deleted
  }
  const search = document.querySelector("label[for=searchbar]");
  if (search) {
    for (const sign of search.querySelectorAll("img")) sign.alt = "";
    search.append(hidden("Search"));
  }
  for (const sign of document.querySelectorAll("span.help-tooltip[aria-label]")) sign.setAttribute("role", "img");
});
