"""Made-up tickets of a shop with their topics, and wrong labels planted among them."""

import random

from evalhub.features.data.rows.training_rows import TrainingRow
from tests.features.data.checks.rows_of import row

TOPICS = {
    "billing": "invoice charge payment card bill fee amount subscription receipt money price paid",
    "shipping": "parcel delivery courier tracking address arrive late shipped warehouse van",
    "account": "password login email username profile sign locked reset verify two-factor access",
    "bug": "crash error screen freeze button update app version loads broken fails browser",
    "returns": "return exchange size refund label damaged box faulty replacement warranty item",
}
_FILLING = """
please can you help me with my i have a problem since yesterday and the is not what it was when we
tried again today it does still why would that be so thanks
"""
FILLING = _FILLING.split()


def tickets(
    count: int, *, wrong: float, telling: int = 4, seed: int = 3
) -> tuple[list[TrainingRow], set[int]]:
    """Tickets of so many words of their topic, one of any topic and filling; lines with wrong
    labels."""
    rng = random.Random(seed)
    rows: list[TrainingRow] = []
    planted: set[int] = set()
    for line in range(1, count + 1):
        topic = rng.choice([*TOPICS])
        words = rng.choices(TOPICS[topic].split(), k=telling)
        words += rng.choices(TOPICS[rng.choice([*TOPICS])].split(), k=1)
        words += rng.choices(FILLING, k=rng.randint(8, 16))
        rng.shuffle(words)
        label = topic
        if rng.random() < wrong:
            label = rng.choice([other for other in TOPICS if other != topic])
            planted.add(line)
        rows.append(row(line, " ".join(words), label))
    return rows, planted
