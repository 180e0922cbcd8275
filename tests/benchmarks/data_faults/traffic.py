"""The questions that users ask: a reference that the training set should stand for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from tests.benchmarks.data_faults.rows import AskedQuestion

MISSING = 0.10
"""Share of the questions whose topic no row of the training set has."""
QUESTIONS, USERS = 1_500, 400


def draw_traffic(
    rng: Random,
    ask: Callable[[str], AskedQuestion],
    shares: Mapping[str, float],
    missing: str,
    *,
    questions: int = QUESTIONS,
) -> Sequence[AskedQuestion]:
    """Questions by topic, each topic with its share, of users of whom some ask often.

    Half of a topic's questions come from users who care for it most, and one question in 25 was
    asked before, word for word.
    """
    total = sum(shares.values())
    counts = {
        topic: round(questions * (1 - MISSING) * share / total) for topic, share in shares.items()
    }
    counts[missing] = round(questions * MISSING)
    users = range(USERS)
    often = [1 / (rank + 5) for rank in users]
    favourites = rng.choices([*counts], [*counts.values()], k=USERS)
    asked: list[AskedQuestion] = []
    for topic, count in counts.items():
        devoted = [often[user] * (favourites[user] == topic) for user in users]
        of_topic: list[AskedQuestion] = []
        for _ in range(count):
            weights = devoted if any(devoted) and rng.random() < 0.5 else often
            [user] = rng.choices(users, weights)
            repeated = of_topic and rng.random() < 0.04
            question = rng.choice(of_topic) if repeated else ask(topic)
            of_topic.append(replace(question, user=f"user-{user}"))
        asked += of_topic
    rng.shuffle(asked)
    return asked
