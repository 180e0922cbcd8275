"""Early stopping of a campaign, and which strata to ask about first. Pure.

The claim holds at every look. An item enters with its first judgment, and, where several are
planned, once more with the mean of all of them when it is complete: each of the two sequences
errs with half of the probability that looks may spend. Within a sequence every item counts once,
so judgments of one item may be as alike as they like; which reviewer gets which item is drawn by
the plan's seed, and `evalhub.stats.bets` needs neither equal reviewers nor equal strata. What
other reviewers would say is a question that no order of looks answers, so the limits are never
narrower than the interval clustered by item and reviewer at the same moment.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evalhub.declare.review import Anytime
from evalhub.stats.bets import average_limits, average_p_value
from evalhub.stats.preference import win_score

SCORE = {"candidate": 1.0, "baseline": 0.0, "tie": 0.5, "both-bad": 0.5}
FEWEST_ITEMS = 20
FLOOR, CEILING = 0.5, 2.0  # of a stratum's share in the plan
_PULL = 10.0  # items by which a stratum may be ahead before its weight is moved by 1
_PRIOR = 10.0  # items of an undecided stratum that each stratum's spread is mixed with


@dataclass(frozen=True, slots=True)
class Judged:
    """Judgments in the order in which they came; entry i of each list is one of them."""

    choices: Sequence[str]
    items: Sequence[str]
    clusters: Sequence[str]
    raters: Sequence[object]
    strata: Sequence[str]


@dataclass(frozen=True, slots=True)
class InterimEstimate:
    """What is known now of the candidate's win score, whenever one looks.

    `p_better` and `p_worse` are one-sided p-values of a score of no more, and no less, than one
    half that may be compared with the rule's alpha: what looks may spend is divided out already.
    `threshold` is what the score is asked to be above.
    """

    judgments: int
    items: int
    complete: int
    score: float
    lower: float
    upper: float
    level: float
    p_better: float
    p_worse: float
    threshold: float
    method: str

    @property
    def winner(self) -> Literal["candidate", "baseline"] | None:
        """In whose favour the preference is clear, if it is."""
        if self.items < FEWEST_ITEMS:
            return None
        if self.lower > self.threshold:
            return "candidate"
        return "baseline" if self.upper < self.threshold else None


def look(
    judged: Judged,
    *,
    seats: Mapping[str, int],
    rule: Anytime,
    shares: Mapping[str, float] | None = None,
) -> InterimEstimate | None:
    """What the judgments so far show; None without any.

    `seats` says how many judgments the plan asks of each of its items. `shares` is each
    stratum's share of the plan, given where strata are dealt by priority: then weights that
    were fixed before each item was judged lead the average back to the plan's shares, and the
    limits are widened by what is left between the two.
    """
    if not judged.choices:
        return None
    firsts, means = _sequences(judged, seats)
    streams = [firsts] if max(seats.values()) == 1 else [firsts, means]
    spent = 2 * rule.alpha * rule.share / len(streams)
    lower, upper, better, worse = 0.0, 1.0, 1.0, 1.0
    for strata, values in streams:
        if not values:
            continue
        weights, gap = _balance(strata, shares)
        limits = average_limits(values, plan=len(seats), weights=weights, alpha=spent)
        lower, upper = max(lower, limits.lower - gap), min(upper, limits.upper + gap)
        for direction, scores in (("better", values), ("worse", [1 - each for each in values])):
            p = 1.0  # strata half the plan away from their shares can hide any preference
            if gap < 0.5:
                p = average_p_value(
                    scores, supposed=0.5 + gap, plan=len(seats), weights=weights, alpha=spent
                )
            p = min(1.0, p * len(streams) / rule.share)
            better, worse = (
                (min(better, p), worse) if direction == "better" else (better, min(worse, p))
            )
    clustered = win_score(
        judged.choices, items=judged.clusters, raters=judged.raters, alpha=rule.alpha
    )
    return InterimEstimate(
        judgments=len(judged.choices),
        items=len(firsts[1]),
        complete=len(means[1]),
        score=clustered.score,
        lower=max(0.0, min(lower, clustered.lower)),
        upper=min(1.0, max(upper, clustered.upper)),
        level=1 - 2 * rule.alpha,
        p_better=better,
        p_worse=worse,
        threshold=0.5 + rule.min_gain,
        method="confidence sequence over items, valid at every look (betting), not narrower than "
        + clustered.method,
    )


def stratum_shares(
    strata: Sequence[str], scores: Sequence[float], *, plan: Mapping[str, float]
) -> dict[str, float]:
    """Share of the next turns for each stratum of the plan; they add up to 1.

    `plan` is each stratum's share of the plan's items; entry i of `strata` and `scores` is an
    item judged so far and its win score. In proportion to share times spread (Neyman 1934), the
    spread mixed with that of an undecided stratum; never below half, nor above twice the plan's
    share, so that every stratum goes on being asked and no weight exceeds 2.
    """
    seen: dict[str, list[float]] = defaultdict(list)
    for stratum, score in zip(strata, scores, strict=True):
        seen[stratum].append(score)
    wanted = {name: share * _spread(seen[name]) for name, share in plan.items()}
    return _bound(wanted, plan)


def stratum_chances(shares: Mapping[str, float], *, plan: Mapping[str, float]) -> dict[str, float]:
    """Stratum → chance that its pairs are dealt in the first lap, which gives it its share."""
    ratios = {name: shares[name] / plan[name] for name in plan}
    most = max(ratios.values())
    return {name: ratio / most for name, ratio in ratios.items()}


def _sequences(
    judged: Judged, seats: Mapping[str, int]
) -> tuple[tuple[list[str], list[float]], tuple[list[str], list[float]]]:
    """(strata, values) of each item's first judgment, and of complete items' means."""
    firsts: tuple[list[str], list[float]] = ([], [])
    means: tuple[list[str], list[float]] = ([], [])
    so_far: dict[str, list[float]] = {}
    for choice, item, stratum in zip(judged.choices, judged.items, judged.strata, strict=True):
        scores = so_far.setdefault(item, [])
        scores.append(SCORE[choice])
        if len(scores) == 1:
            firsts[0].append(stratum)
            firsts[1].append(scores[0])
        if len(scores) == seats[item]:
            means[0].append(stratum)
            means[1].append(sum(scores) / len(scores))
    return firsts, means


def _balance(
    strata: Sequence[str], shares: Mapping[str, float] | None
) -> tuple[list[float] | None, float]:
    """A weight for each item, fixed before it is judged, and what still parts the strata from
    their shares: half the sum of the differences, by which no mean in [0, 1] moves further."""
    if shares is None:
        return None, 0.0
    weight_so_far = dict.fromkeys(shares, 0.0)
    weights = []
    for n, stratum in enumerate(strata, 1):
        behind = shares[stratum] * n - weight_so_far[stratum]
        weights.append(min(CEILING, max(FLOOR, behind / _PULL + 1)))
        weight_so_far[stratum] += weights[-1]
    total = sum(weights)
    return weights, sum(abs(weight_so_far[name] / total - shares[name]) for name in shares) / 2


def _spread(scores: Sequence[float]) -> float:
    mean = (sum(scores) + 0.5 * _PRIOR) / (len(scores) + _PRIOR)
    squares = sum((score - mean) ** 2 for score in scores) + 0.25 * _PRIOR
    return float((squares / (len(scores) + _PRIOR)) ** 0.5)


def _bound(wanted: Mapping[str, float], plan: Mapping[str, float]) -> dict[str, float]:
    """In proportion to `wanted`, within FLOOR and CEILING times the plan; adds up to 1."""
    low, high = 0.0, CEILING * sum(plan.values()) / min(wanted[name] / plan[name] for name in plan)
    shares = dict(plan)
    for _ in range(60):
        scale = (low + high) / 2
        shares = {
            name: min(CEILING * plan[name], max(FLOOR * plan[name], scale * wanted[name]))
            for name in plan
        }
        low, high = (scale, high) if sum(shares.values()) < 1 else (low, scale)
    return shares
