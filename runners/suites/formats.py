"""Follow a format: brackets, quotes, capitals (easy); small JSON and lists (hard)."""

import json
from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import NAMES, NOUNS


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("formats", seed, n, _mark_up, _structure)


def _mark_up(random: Random) -> Question:
    word = random.choice(NOUNS)
    return random.choice(
        [
            (f"Write the word {word} in capital letters. Write nothing else.", word.upper()),
            (f"Write the word {word} in square brackets, like [this]. Write nothing else.", f"[{word}]"),
            (f"Write the word {word} with a hash sign in front, like #this. Write nothing else.", f"#{word}"),
        ]
    )


def _structure(random: Random) -> Question:
    name, age = random.choice(NAMES), random.randint(18, 80)
    first, second, third = random.sample(NOUNS, 3)
    return random.choice(
        [
            (
                f"Write as a numbered list, one item a line, nothing else: {first}, {second}, {third}",
                f"1. {first}\n2. {second}\n3. {third}",
            ),
            (
                f"Write as a bullet list with a dash before each item, nothing else: "
                f"{first}, {second}, {third}",
                f"- {first}\n- {second}\n- {third}",
            ),
            (
                f'Write {name}, who is {age}, as JSON with the keys "name" and "age", nothing else.',
                json.dumps({"name": name, "age": age}),
            ),
        ]
    )
