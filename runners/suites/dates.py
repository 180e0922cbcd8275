"""Days and months: the next one (easy), the previous one or several on (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
PATTERN = r"\b(" + "|".join(DAYS + MONTHS) + r")\b"


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("dates", seed, n, _next, _further)


def _next(random: Random) -> Question:
    names, unit = random.choice([(DAYS, "day"), (MONTHS, "month")])
    index = random.randrange(len(names))
    form = random.choice(
        [
            "What is the {unit} after {name}?",
            "Which {unit} comes after {name}?",
            "If this {unit} is {name}, what is the next {unit}?",
            "{name} is over. Which {unit} begins now?",
        ]
    )
    return form.format(unit=unit, name=names[index]), names[(index + 1) % len(names)]


def _further(random: Random) -> Question:
    names, unit = random.choice([(DAYS, "day"), (MONTHS, "month")])
    index, step = random.randrange(len(names)), random.randint(1, 4)
    if step == 1:
        return f"Which {unit} comes before {names[index]}?", names[(index - 1) % len(names)]
    return (
        f"This {unit} is {names[index]}. Which {unit} is it {step} {unit}s later?",
        names[(index + step) % len(names)],
    )
