"""Sums with a whole number as answer: one digit (easy), two digits and products (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("arithmetic", seed, n, _one_digit, _two_digits)


def _one_digit(random: Random) -> Question:
    a, b = random.randint(1, 9), random.randint(1, 9)
    if random.random() < 0.5:
        return f"What is {a} + {b}? Answer with the number only.", str(a + b)
    return f"What is {a + b} - {b}? Answer with the number only.", str(a)


def _two_digits(random: Random) -> Question:
    a, b = random.randint(11, 59), random.randint(11, 40)
    match random.randrange(3):
        case 0:
            return f"What is {a} + {b}? Answer with the number only.", str(a + b)
        case 1:
            return f"What is {a + b} - {b}? Answer with the number only.", str(a)
        case _:
            a, b = random.randint(3, 12), random.randint(3, 9)
            return f"What is {a} times {b}? Answer with the number only.", str(a * b)
