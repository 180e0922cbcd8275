"""Sums with a whole number as answer: one digit (easy), two digits and products (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("arithmetic", seed, n, _one_digit, _two_digits)


def _one_digit(random: Random) -> Question:
    a, b = random.randint(1, 9), random.randint(1, 9)
    form = random.choice(["What is {} {} {}?", "Calculate {} {} {}.", "How much is {} {} {}?"])
    if random.random() < 0.7:
        return form.format(a, "+", b), str(a + b)
    return form.format(a + b, "-", b), str(a)


def _two_digits(random: Random) -> Question:
    a, b = random.randint(11, 59), random.randint(11, 40)
    match random.randrange(3):
        case 0:
            return f"What is {a} + {b}?", str(a + b)
        case 1:
            return f"What is {a + b} - {b}?", str(a)
        case _:
            a, b = random.randint(3, 12), random.randint(3, 9)
            return f"What is {a} times {b}?", str(a * b)
