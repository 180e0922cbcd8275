"""Count up, say the next number (easy); how many things, how many letters (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import NOUNS

PATTERN = r"(\d+(?:, \d+)*)"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("counting", seed, n, _count_up, _how_many)


def _count_up(random: Random) -> Question:
    start = random.randint(1, 20)
    if random.random() < 0.6:
        end = start + random.randint(3, 7)
        return f"Count from {start} to {end}.", ", ".join(map(str, range(start, end + 1)))
    series = ", ".join(str(start + step) for step in range(4))
    return f"What is the next number: {series}, ?", str(start + 4)


def _how_many(random: Random) -> Question:
    if random.random() < 0.5:
        word = random.choice(NOUNS)
        return f"How many letters are in the word {word}?", str(len(word))
    size = random.randint(2, 6)
    return f"How many words are in this list: {', '.join(random.sample(NOUNS, size))}?", str(size)
