// For how long the page has been in view since the comparison came up.

let counted = 0;
let since = performance.now();

export function restart() {
  counted = 0;
  since = performance.now();
}

export function visibleSeconds() {
  const running = document.hidden ? 0 : performance.now() - since;
  return ((counted + running) / 1000).toFixed(2);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) counted += performance.now() - since;
  else since = performance.now();
});
