// A form of several questions by keyboard: a key answers the question at hand, which is the first
// without an answer or the one that has the focus.

const questions = () => [...document.querySelectorAll("form.answers fieldset.ask")];
const answered = (question) => question.querySelector("input:checked") !== null;

function current() {
  const focused = document.activeElement?.closest("fieldset.ask");
  return focused ?? questions().find((question) => !answered(question));
}

export function markCurrent() {
  const open = questions().find((question) => !answered(question));
  for (const question of questions()) question.classList.toggle("current", question === open);
  const form = open?.closest("form");
  if (form && form.scrollHeight > form.clientHeight) open.scrollIntoView({ block: "nearest" });
  document.querySelector("form.answers .send")?.classList.toggle("primary", !open);
}

// The act that gives the question at hand one of these values, if it has any of them.
export function pick(values, announce) {
  const question = current();
  const input = values
    .map((value) => value && question?.querySelector(`input[value="${value}"]`))
    .find(Boolean);
  if (!input) return null;
  return () => {
    input.checked = true;
    document.activeElement?.closest("fieldset.ask") && input.focus();
    markCurrent();
    announce(next());
  };
}

// The act that takes the last answer of the form away.
export function goBack() {
  const last = questions().findLast(answered);
  for (const input of last?.querySelectorAll("input") ?? []) input.checked = false;
  markCurrent();
}

function next() {
  const open = questions().find((question) => !answered(question));
  if (open) return open.querySelector("legend").textContent;
  const why = document.querySelector("#rationale[required]");
  if (why && !why.value.trim()) {
    why.focus();
    return why.labels[0].textContent;
  }
  return "Every question has an answer: Enter saves.";
}
