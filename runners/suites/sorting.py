"""Put in order: three numbers (easy), four words by the alphabet (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import NOUNS

PATTERN = r"(\w+(?:, \w+)+)"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("sorting", seed, n, _numbers, _words)


def _numbers(random: Random) -> Question:
    numbers = random.sample(range(1, 100), 3)
    return (
        f"Sort these numbers from smallest to largest: {_listed(numbers)}. "
        "Answer with the three numbers only, separated by commas.",
        _listed(sorted(numbers)),
    )


def _words(random: Random) -> Question:
    words = random.sample(NOUNS, 4)
    return (
        f"Sort these words in alphabetical order: {_listed(words)}. "
        "Answer with the four words only, separated by commas.",
        _listed(sorted(words)),
    )


def _listed(values: list[int] | list[str]) -> str:
    return ", ".join(str(value) for value in values)
