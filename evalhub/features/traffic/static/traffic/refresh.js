// The figures are read again every ten seconds; but not in a hidden tab, and not under somebody's
// hands: while the keyboard is in them, a value is pointed at, or a picture's numbers are open.

document.addEventListener("htmx:beforeRequest", (event) => {
  const live = event.detail.elt;
  if (live.id !== "live") return;
  const inUse = live.contains(document.activeElement) || live.querySelector("details[open], .part.current");
  if (document.hidden || inUse) event.preventDefault();
});
