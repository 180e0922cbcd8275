"""The one shape of a suite's item, and the loop that fills a suite with different ones."""

from collections.abc import Callable
from random import Random
from typing import TypedDict


class SuiteItem(TypedDict):
    """`id` is unique in its suite; `input` is the user's message; `reference` the right answer."""

    id: str
    input: str
    reference: str
    tags: list[str]


type Question = tuple[str, str]
"""(input, reference)"""

TRIES = 200


def fill(
    name: str,
    seed: int,
    n: int,
    easy: Callable[[Random], Question],
    hard: Callable[[Random], Question],
) -> list[SuiteItem]:
    """`n` items with different inputs, two easy ones to each hard one; the same for the same seed.

    Raises ValueError where a generator has too few different questions for `n` items.
    """
    random = Random(f"{name}/{seed}")
    seen: set[str] = set()
    items: list[SuiteItem] = []
    for number in range(n):
        level, make = ("hard", hard) if number % 3 == 2 else ("easy", easy)
        for _ in range(TRIES):
            question, reference = make(random)
            if question not in seen:
                break
        else:
            raise ValueError(
                f"suite {name}: fewer than {n} different {level} questions; ask for less"
            )
        seen.add(question)
        items.append(
            SuiteItem(
                id=f"{name}-{number + 1:03d}", input=question, reference=reference, tags=[level]
            )
        )
    return items
