"""How many examples a fine-tune needs, by its aim: rules of thumb, in one table."""

from typing import NamedTuple

from evalhub.features.strategy.answers import Lesson

FOLK = "a folk figure: guides repeat it, and sources differ"


class Threshold(NamedTuple):
    """Fewer than `fewest` examples are too few to try; from `enough` on, guides expect a gain."""

    fewest: int
    enough: int
    source: str


THRESHOLDS: dict[Lesson, Threshold] = {
    "style": Threshold(50, 200, FOLK),
    "format": Threshold(200, 500, FOLK),
    "domain": Threshold(1_000, 1_000, f"{FOLK}; it has no upper end"),
}
"""In their order, the fewest first. Better than any of them is a learning curve of one's own: train
on a quarter, a half and all of the examples, and see whether it still rises."""

FULL_EXAMPLES = 100_000
"""From here on a full fine-tune may learn what a LoRA doesn't: the smaller of the two sizes at
which it did, on code and mathematics, at usual ranks (Biderman et al. 2024)."""

FULL_GB = 16.0
"""GB for each billion parameters that a full fine-tune trains with Adam in mixed precision: 2 for a
weight, 2 for its gradient, 12 for the optimiser (Rajbhandari et al. 2020, section 3.1)."""
LORA_GB = 2.4
"""GB for each billion parameters of a LoRA: 2 for a weight in 16 bits, and a fifth for the rest,
which is an allowance of ours."""
QLORA_GB = 48 / 65
"""The same of a QLoRA: 65 billion parameters fit one GPU of 48 GB (Dettmers et al. 2023)."""
