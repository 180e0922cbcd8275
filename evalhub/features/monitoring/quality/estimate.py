"""How much people prefer today's answers to a former version's: by all pairs that a judge has
compared, corrected by people on a random part of them. Pure.

Both answer one question about the same two answers. A judge's mark of one answer is of another kind
and never mixed with them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import ALPHA, EVEN
from evalhub.stats.ppi import powered_estimate

WIN_SCORES = {"candidate": 1.0, "baseline": 0.0, "tie": EVEN, "both-bad": EVEN}
"""Of a choice, what today's answer has of it."""


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """Today's answer and the former version's to one request, which differ.

    Attributes:
        judged: the judge's win score of today's: 1, 0, or a half where it is no better or where the
            order decided.
        people: people's, the mean of several; None where nobody was asked, or nobody answered.
        user: pairs of one user belong together.
        weight: requests of production that it stands for.
    """

    judged: float
    people: float | None
    user: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class WindowEstimate:
    """The win score of today's answers over all requests of a window.

    Attributes:
        se: its standard error.
        labels, pairs, same: pairs that people compared, that the judge compared, and requests to
            which both versions answered the same, which are ties.
        as_labels: how many labels of people alone would be as exact.
        weight: the trust in the judge, 0 to 1 (PPI++).
    """

    value: float
    se: float
    labels: int
    pairs: int
    same: int
    as_labels: float
    weight: float
    method: str


def estimate_window(pairs: Sequence[ComparedPair], *, same: int) -> WindowEstimate:
    """The judge's mean over all pairs, corrected by people's labels (PPI++, Angelopoulos, Duchi and
    Zrnic 2023), and with the pairs that read the same as ties.

    With p the share of pairs that differ and w their win score, value = 1/2 + p (w - 1/2) and
    variance = p² var(w) + (w - 1/2)² p (1 - p)/N, as the two are independent.

    Raises StatisticsError for fewer than 50 labels, where people chose the same everywhere, and for
    fewer than two pairs without a label.
    """
    users = [pair.user for pair in pairs]
    weights = [pair.weight for pair in pairs]
    powered = powered_estimate(
        [math.nan if pair.people is None else pair.people for pair in pairs],
        [pair.judged for pair in pairs],
        random_sample=True,
        bounds=(0.0, 1.0),
        clusters=users if len(set(users)) < len(users) else None,
        weights=weights if len(set(weights)) > 1 else None,
    )
    quantile = normal_quantile(1 - ALPHA)
    se = (powered.upper - powered.lower) / 2 / quantile
    number = len(pairs) + same
    share, lead = len(pairs) / number, powered.value - EVEN
    variance = (share * se) ** 2 + lead**2 * share * (1 - share) / number
    return WindowEstimate(
        value=EVEN + share * lead,
        se=math.sqrt(variance),
        labels=powered.human_labels,
        pairs=len(pairs),
        same=same,
        as_labels=powered.equivalent_labels,
        weight=powered.weight,
        method=powered.method,
    )


def people_score(choices: Sequence[str]) -> float:
    """People's win score of today's answer in one pair."""
    return sum(WIN_SCORES[choice] for choice in choices) / len(choices)
