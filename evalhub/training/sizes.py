"""How many examples a fine-tune needs, by what it is to teach: rules of thumb, in one table.

`strategy init` advises by it before there are examples, `data check` measures a file by it.
"""

from typing import Literal, NamedTuple

FOLK = "a folk figure: guides repeat it, and sources differ"

Aim = Literal["style", "format", "domain", "classification", "instruction", "reasoning"]


class Threshold(NamedTuple):
    """Fewer than `fewest` examples are too few to try; from `enough` on, guides expect a gain.

    `most` is the largest number that they state; None: they state none, or leave the end open.
    """

    fewest: int
    enough: int
    most: int | None
    source: str


THRESHOLDS: dict[Aim, Threshold] = {
    "style": Threshold(50, 200, 3_000, FOLK),
    "format": Threshold(200, 500, None, FOLK),
    "domain": Threshold(1_000, 1_000, None, f"{FOLK}; it has no upper end"),
    "classification": Threshold(100, 100, 1_000, FOLK),
    "instruction": Threshold(500, 500, 5_000, FOLK),
    "reasoning": Threshold(1_000, 1_000, None, f"{FOLK}; 10,000 and more are common"),
}
"""Better than any of them is a learning curve of one's own: train on a quarter, a half and all of
the examples, and see whether it still rises."""
