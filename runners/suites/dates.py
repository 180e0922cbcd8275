"""Days and months: the next or previous one (easy), several steps on (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
PATTERN = r"\b(" + "|".join(DAYS + MONTHS) + r")\b"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("dates", seed, n, _neighbour, _steps)


def _neighbour(random: Random) -> Question:
    names, unit = random.choice([(DAYS, "day"), (MONTHS, "month")])
    place = random.randrange(len(names))
    step, word = random.choice([(1, "after"), (-1, "before")])
    form = random.choice(
        [
            f"Which {unit} comes right {word} {names[place]}? Answer with the {unit} only.",
            f"Name the {unit} that comes just {word} {names[place]}. Answer with one word.",
        ]
    )
    return form, names[(place + step) % len(names)]


def _steps(random: Random) -> Question:
    names, unit = random.choice([(DAYS, "day"), (MONTHS, "month")])
    place, step = random.randrange(len(names)), random.randint(2, 4)
    return (
        f"Today it is {names[place]}. Which {unit} is it in {step} {unit}s? "
        f"Answer with the {unit} only.",
        names[(place + step) % len(names)],
    )
