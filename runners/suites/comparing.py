"""The larger or the smaller of two numbers (easy), the longer word, the oldest of three (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import NAMES, NOUNS

PATTERN = r"\b(\d+|" + "|".join([*NAMES, *NOUNS]) + r")\b"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("comparing", seed, n, _two_numbers, _words_or_ages)


def _two_numbers(random: Random) -> Question:
    a, b = random.sample(range(1, 1000), 2)
    word, pick = random.choice([("larger", max), ("smaller", min)])
    return f"Which number is {word}, {a} or {b}? Answer with the number only.", str(pick(a, b))


def _words_or_ages(random: Random) -> Question:
    if random.random() < 0.5:
        first, second = random.sample(NOUNS, 2)
        while abs(len(first) - len(second)) < 2:
            first, second = random.sample(NOUNS, 2)
        longer = max(first, second, key=len)
        return f"Which word is longer, {first} or {second}? Answer with the word only.", longer
    old, middle, young = random.sample(NAMES, 3)
    facts = [f"{old} is older than {middle}.", f"{middle} is older than {young}."]
    random.shuffle(facts)
    word, answer = random.choice([("oldest", old), ("youngest", young)])
    return f"{' '.join(facts)} Who is the {word}? Answer with the name only.", answer
