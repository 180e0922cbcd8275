"""What is done to a row to make it faulty. Each takes the random numbers, the set and the row."""

import re
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from tests.benchmarks.data_faults.grammar import Grammar, sentence
from tests.benchmarks.data_faults.identifiers import HARMLESS, PERSONAL, SECRETS
from tests.benchmarks.data_faults.rows import MadeSet, PlainRow, shingles

CONFUSED: Mapping[str, str] = {
    "delivery": "complaint", "refund": "cancel", "login": "technical", "billing": "refund",
    "cancel": "refund", "technical": "product", "product": "technical", "complaint": "delivery",
}  # fmt: skip
"""The class that a tired person would choose. Half of the wrong labels are these."""
LIKE_WORDS = {
    "please": "kindly", "want": "would like", "ordered": "bought", "still": "yet", "I": "we",
    "my": "our", "the": "this", "how": "in what way", "How": "In what way", "write": "compose",
    "Write": "Compose", "short": "brief", "buys": "purchases", "there": "here", "many": "numerous",
    "euros": "euro", "hours": "hrs", "bitte": "doch bitte", "und": "sowie", "for": "to", "and": "&",
    "is": "was", "are": "were", "can": "could", "in": "at", "Give": "Send", "List": "Name",
}  # fmt: skip
LEAST_LIKE, MOST_LIKE = 0.45, 0.92
"""Jaccard similarity of words' shingles that a near-copy has with its original."""
_WORD = re.compile(r"\w+")
_TEMPLATES = (
    "### Instruction:\n{prompt}\n\n### Response:\n",
    "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n",
    "[INST] {prompt} [/INST]",
    "Human: {prompt}\n\nAssistant:",
    "<|user|>\n{prompt}</s>\n<|assistant|>\n",
)
_SAID = {
    "secret": ("My key is {}", "export TOKEN={}", "I used {} for the login", "(key: {})"),
    "personal data": ("You can reach me at {}.", "My details: {}", "{} is mine.", "({})"),
}


def nearly_copied(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """The row with its question lightly edited: other words, case, punctuation, word order."""
    for edits in range(1, 30):
        text = row.prompt
        input_ = row.input
        for _ in range(1 + edits // 3):
            if input_ and rng.random() < 0.7:
                input_ = _edited(rng, input_)
            else:
                text = _edited(rng, text)
        copied = replace(row, prompt=text, input=input_)
        if LEAST_LIKE <= _similarity(row.question, copied.question) <= MOST_LIKE:
            return copied
    return replace(row, prompt=f"{row.prompt.rstrip('.?!')}, please!")


def _similarity(one: str, other: str) -> float:
    parts, others = shingles(one), shingles(other)
    return len(parts & others) / len(parts | others)


def _edited(rng: Random, text: str) -> str:
    """The text with one edit. Numbers stay, since another number is another question."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if word and not re.search(r"\d", word)]
    if not places:
        return text
    i = rng.choice(places)
    known = [place for place in places if words[place] in LIKE_WORDS]
    kind = rng.randrange(5)
    if kind == 0 and known:
        i = rng.choice(known)
        words[i] = LIKE_WORDS[words[i]]
    elif kind == 1:
        words[i] = words[i].upper() if rng.random() < 0.5 else words[i].lower()
    elif kind == 2 and i + 1 in places:
        words[i], words[i + 1] = words[i + 1], words[i]
    elif kind == 3:
        words[i] = words[i].rstrip(".,!?") if words[i][-1] in ".,!?" else f"{words[i]},"
    else:
        words.insert(i, rng.choice(("really", "just", "also", "now", "well")))
    return " ".join(words)


def contradicted(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """The same question with another answer; every other one in another case or punctuation."""
    prompt = row.prompt
    if rng.random() < 0.5:
        prompt = rng.choice((prompt.lower(), f"{prompt} ", f"{prompt.rstrip('.?!')}!!"))
    if made.task == "classification":
        label = rng.choice([label for label in made.labels if label != row.label])
        return replace(row, prompt=prompt, answer=label, label=label)
    if made.task == "reasoning":
        return replace(mistaken_result(rng, made, row), prompt=prompt)
    others = [other for other in made.rows if other.language == row.language]
    other = rng.choice(others)
    while other.answer == row.answer:
        other = rng.choice(others)
    return replace(row, prompt=prompt, answer=other.answer)


def wrongly_labelled(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """Half the time the class that is easily confused, else any other."""
    others = [label for label in made.labels if label != row.label]
    label = CONFUSED[row.label] if rng.random() < 0.5 else rng.choice(others)
    return replace(row, answer=label, label=label)


def misspelled_label(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """The right class, but not as the list spells it."""
    label = rng.choice((row.label.capitalize(), f"{row.label}.", f"{row.label}s", "other"))
    return replace(row, answer=label, label=label)


def mistaken_result(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """The steps lead to one number and the last line names another."""
    head, _, last = row.answer.rpartition("\n")
    number = int("".join(filter(str.isdigit, last)))
    wrong = number + rng.choice((-10, -2, -1, 1, 2, 10))
    return replace(row, answer=f"{head}\n{last.replace(str(number), str(abs(wrong)))}")


def leaked_part(rng: Random, made: MadeSet, row: PlainRow, item: PlainRow) -> PlainRow:
    """The row's question with a long run of words of a test item at its end.

    Sixteen words or more, where thirteen are looked for; a shorter item is there as a whole.
    """
    words = item.question.split()
    first = rng.randint(0, max(0, min(3, len(words) - 16)))
    part = sentence(" ".join(words[first : first + max(16, len(words) * 3 // 4)]))
    if row.input:
        return replace(row, input=f"{row.input} {part}")
    return replace(row, prompt=f"{row.prompt} {part}")


def with_secret(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """A key in the question or in the answer."""
    return _with_text(rng, made, row, SECRETS[rng.choice([*SECRETS])](rng), "secret")


def with_personal_data(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """A mail address, a phone number, an IBAN or a card, in the question or in the answer."""
    value = PERSONAL[rng.choice([*PERSONAL])](rng)
    return _with_text(rng, made, row, value, "personal data")


def _with_text(rng: Random, made: MadeSet, row: PlainRow, value: str, kind: str) -> PlainRow:
    said = rng.choice(_SAID[kind]).format(value)
    if made.task != "classification" and rng.random() < 0.4:
        return replace(row, answer=f"{row.answer}\n{said}")
    return replace(row, prompt=f"{row.prompt} {said}")


def with_mixed_template(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """The marks of a prompt template within the text, in the question or in the answer."""
    template = rng.choice(_TEMPLATES)
    if made.task != "classification" and rng.random() < 0.4:
        mark = template.format(prompt="").strip()
        return replace(row, answer=f"{row.answer}\n{mark}")
    return replace(row, prompt=template.format(prompt=row.prompt))


def wrongly_laid_out(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """An empty answer, or in a chat a role that no trainer knows, or a wrong order."""
    if made.layout == "alpaca":
        output = rng.choice(("", "  ", "\n"))
        return replace(row, answer=output)
    user = {"role": "user", "content": row.prompt}
    answer = {"role": "assistant", "content": row.answer}
    messages = rng.choice(
        (
            [user, {"role": "assistant", "content": ""}],
            [user, {"role": "assistant", "content": "   "}],
            [{**user, "role": "human"}, {**answer, "role": "gpt"}],
            [answer, user],
            [user],
            [user, {**answer, "role": "bot"}],
        )
    )
    system = [{"role": "system", "content": row.system}]
    return replace(row, raw={"messages": [*system, *messages]})


def with_other_language(rng: Random, made: MadeSet, row: PlainRow) -> PlainRow:
    """An answer in a language that the question isn't in."""
    grammar = Grammar.read("other_languages", HARMLESS)
    languages = ["french", "spanish", "german" if row.language == "en" else "english"]
    answer = grammar.write(rng, rng.choice(languages))
    if made.task == "reasoning":
        answer = f"{answer}\n{row.answer.rpartition(chr(10))[2]}"
    return replace(row, answer=answer)
