"""How many: things in a short list (easy), one word among others, letters of a word (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill
from runners.suites.words import NOUNS


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("counting", seed, n, _list_length, _occurrences)


def _list_length(random: Random) -> Question:
    size = random.randint(2, 5)
    listed = ", ".join(random.sample(NOUNS, size))
    return f"How many words are in this list: {listed}? Answer with the number only.", str(size)


def _occurrences(random: Random) -> Question:
    word, *others = random.sample(NOUNS, 4)
    if random.random() < 0.5:
        return f"How many letters are in the word {word}? Answer with the number only.", str(len(word))
    times = random.randint(1, 5)
    sequence = [word] * times + others
    random.shuffle(sequence)
    return (
        f"How many times does the word {word} appear here: {' '.join(sequence)}? "
        "Answer with the number only.",
        str(times),
    )
