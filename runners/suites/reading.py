"""A short text and a question that one of its words answers: one fact (easy), three (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import COLOURS, NAMES, NOUNS

PATTERN = r"\b(" + "|".join([*COLOURS, *NAMES, *NOUNS]) + r")\b"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("reading", seed, n, _one_fact, _three_facts)


def _one_fact(random: Random) -> Question:
    name, noun, colour = random.choice(NAMES), random.choice(NOUNS), random.choice(COLOURS)
    text = f"Yesterday {name} painted a {colour} {noun}."
    question, answer = random.choice(
        [
            (f"What colour is the {noun}?", colour),
            (f"Who painted the {noun}?", name),
            (f"What did {name} paint?", noun),
        ]
    )
    return f"{text} {question} Answer with one word.", answer


def _three_facts(random: Random) -> Question:
    names, nouns = random.sample(NAMES, 3), random.sample(NOUNS, 3)
    text = " ".join(
        f"{name} has the {noun}." for name, noun in zip(names, nouns, strict=True)
    )
    which = random.randrange(3)
    question, answer = random.choice(
        [
            (f"Who has the {nouns[which]}?", names[which]),
            (f"What does {names[which]} have?", nouns[which]),
        ]
    )
    return f"{text} {question} Answer with one word.", answer
