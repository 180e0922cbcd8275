"""Two arms with the same scores on every item, where there are no answers to compare. Pure.

A dead adapter has the baseline's scores, and so has, by chance, an arm that changed little: of n
independent items, an arm that changes one yes/no score in a hundred leaves all as they are with
chance .99ⁿ. The scores prove that nothing was applied only where that is below CHANCE.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np

from evalhub.decision.align import Aligned

CHANGED, CHANCE = 0.01, 0.001
PROOF = ceil(log(CHANCE) / log(1 - CHANGED))
"""So many yes/no scores are hardly alike by chance: 688."""
COARSE = 10
"""Of a metric with more values, a changed answer hardly has the score that it had."""


@dataclass(frozen=True, slots=True)
class SameScores:
    """Scores that are the same on every item, though not all of one value.

    Attributes:
        units: independent items, or clusters of them.
        proof: whether two arms that differ would hardly have them.
    """

    units: int
    proof: bool

    @property
    def sentence(self) -> str:
        """Why identical scores keep a ship back."""
        return (
            f"Both arms have the same scores on every item; {self.units:,} items don't prove that "
            f"they are one ({PROOF} would). Was the adapter applied? The answers (`output`) would "
            "tell"
        )


def same_scores(evidence: Sequence[Aligned]) -> SameScores | None:
    """Identical scores of both arms; None where a score differs, or where all have one value: two
    arms may both be right everywhere."""
    for aligned in evidence:
        if (
            aligned.baseline.shape != aligned.candidate.shape
            or (aligned.baseline != aligned.candidate).any()
        ):
            return None
    varied = [each for each in evidence if np.ptp(each.baseline) > 0]
    if not varied:
        return None
    units: dict[str, int] = {}  # a test set that is scored by two metrics counts once
    for aligned in evidence:
        count = len(aligned.items) if aligned.clusters is None else len(set(aligned.clusters))
        units[aligned.requirement.test_set] = count
    fine = any(len(np.unique(each.baseline)) > COARSE for each in varied)
    total = sum(units.values())
    return SameScores(total, fine or total >= PROOF)
