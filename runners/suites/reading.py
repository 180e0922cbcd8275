"""A short text that has the answer: one fact (easy), the right one of two (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import COLOURS, NAMES, NOUNS

PATTERN = r"\b(" + "|".join([*COLOURS, *NAMES]) + r")\b"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("reading", seed, n, _one_fact, _two_facts)


def _one_fact(random: Random) -> Question:
    name, noun, colour = random.choice(NAMES), random.choice(NOUNS), random.choice(COLOURS)
    return random.choice(
        [
            (f"The {noun} in the room is {colour}. What colour is the {noun}?", colour),
            (f"{name} has a {colour} {noun}. What colour is the {noun}?", colour),
            (f"{name} bought the {noun} on the way home. Who bought the {noun}?", name),
            (f"The {noun} belongs to {name}. Whose {noun} is it?", name),
        ]
    )


def _two_facts(random: Random) -> Question:
    nouns, which = random.sample(NOUNS, 2), random.randrange(2)
    if random.random() < 0.5:
        names = random.sample(NAMES, 2)
        facts = [f"{name} has the {noun}." for name, noun in zip(names, nouns, strict=True)]
        return f"{' '.join(facts)} Who has the {nouns[which]}?", names[which]
    colours = random.sample(COLOURS, 2)
    facts = [f"The {noun} is {colour}." for noun, colour in zip(nouns, colours, strict=True)]
    return f"{' '.join(facts)} What colour is the {nouns[which]}?", colours[which]
