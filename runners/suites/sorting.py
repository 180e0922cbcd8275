"""Put in order: two numbers (easy), three numbers or words (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import NOUNS

PATTERN = r"(\w+(?:, \w+)+)"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("sorting", seed, n, _two_numbers, _three)


def _two_numbers(random: Random) -> Question:
    numbers = random.sample(range(1, 20), 2)
    form = random.choice(
        ["Sort these numbers from smallest to largest: {}", "Write the smaller number first: {}"]
    )
    return form.format(_join_values(numbers)), _join_values(sorted(numbers))


def _three(random: Random) -> Question:
    if random.random() < 0.5:
        numbers = random.sample(range(1, 20), 3)
        return (
            f"Sort these numbers from smallest to largest: {_join_values(numbers)}",
            _join_values(sorted(numbers)),
        )
    words = random.sample(NOUNS, 3)
    return f"Sort these words in alphabetical order: {_join_values(words)}", _join_values(
        sorted(words)
    )


def _join_values(values: list[int] | list[str]) -> str:
    return ", ".join(str(value) for value in values)
