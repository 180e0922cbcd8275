"""Change nothing, or one thing: repeat a sentence (easy), exchange, reverse or cut words (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import COLOURS, NAMES, NOUNS


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("copying", seed, n, _repeat, _change)


def _sentence(random: Random) -> str:
    return random.choice(
        [
            f"{random.choice(NAMES)} put the {random.choice(NOUNS)} next to the "
            f"{random.choice(COLOURS)} {random.choice(NOUNS)}.",
            f"The {random.choice(COLOURS)} {random.choice(NOUNS)} "
            f"belongs to {random.choice(NAMES)}.",
            f"{random.choice(NAMES)} and {random.choice(NAMES)} found a {random.choice(NOUNS)} "
            f"near the {random.choice(NOUNS)}.",
        ]
    )


def _repeat(random: Random) -> Question:
    sentence = _sentence(random)
    return f"Repeat this sentence exactly, and write nothing else: {sentence}", sentence


def _change(random: Random) -> Question:
    old, new = random.sample(COLOURS, 2)
    name, noun = random.choice(NAMES), random.choice(NOUNS)
    words = random.sample(NOUNS, 3)
    return random.choice(
        [
            (
                f"Repeat this sentence, but write {new} instead of {old}, and write nothing else: "
                f"The {old} {noun} belongs to {name}.",
                f"The {new} {noun} belongs to {name}.",
            ),
            (
                f"Write only the last word of this line: {' '.join(words)}",
                words[-1],
            ),
            (
                f"Write these words in reverse order, and write nothing else: {' '.join(words)}",
                " ".join(reversed(words)),
            ),
        ]
    )
