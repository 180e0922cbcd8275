"""Write it as asked: a numbered or dashed list (easy), capitals, brackets, JSON (hard)."""

import json
from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import NAMES, NOUNS

PATTERN = r"((?:\d\.|-) \w+(?:\n(?:\d\.|-) \w+)*)"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("formats", seed, n, _list, _mark_up)


def _list(random: Random) -> Question:
    names = random.sample(NAMES, random.randint(2, 4))
    names_text = ", ".join(names)
    if random.random() < 0.75:
        return (
            f"Write these names as a numbered list: {names_text}",
            "\n".join(f"{number}. {name}" for number, name in enumerate(names, start=1)),
        )
    return (
        f"Write these names as a list with a dash before each: {names_text}",
        "\n".join(f"- {name}" for name in names),
    )


def _mark_up(random: Random) -> Question:
    word, name, age = random.choice(NOUNS), random.choice(NAMES), random.randint(18, 80)
    return random.choice(
        [
            (f"Write in capital letters, and write nothing else: {word}", word.upper()),
            (f"Put square brackets around this word and nothing else: {word}", f"[{word}]"),
            (
                'Write as JSON on one line with the keys "name" and "age", nothing else: '
                f"{name} is {age} years old.",
                json.dumps({"name": name, "age": age}),
            ),
        ]
    )
