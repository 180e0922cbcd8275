// Comparisons that are here before they are asked for, each dealt under a lease of its own. They are
// in this page's memory alone: what models answered is written nowhere in the browser.

export const HOLD = 5;

const held = new Map(); // token → {token, turn, html}

export const clearAhead = () => held.clear();
export const heldAhead = () => held.size;
export const tokensAhead = () => [...held.keys()];

// What a reply brought. `named` are those that it says are ours; null where that was said before
// this page went on.
export function keepTurns(html, named) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  for (const { outerHTML, dataset } of holder.content.querySelectorAll("#turn")) {
    const { token, turn } = dataset;
    held.set(token, { token, turn: Number(turn), html: outerHTML });
  }
  for (const token of held.keys()) if (named && !named.includes(token)) held.delete(token);
}

// The one after this turn; those before it are of no use any more.
export function takeAfter(turn) {
  for (const each of [...held.values()]) if (each.turn <= turn) held.delete(each.token);
  const next = [...held.values()].sort((a, b) => a.turn - b.turn)[0];
  if (next) held.delete(next.token);
  return next;
}
