"""How many judgments a preference takes by so many people, as one document."""

import math

from evalhub.analysis.power import SHARES, ItemCosts, PowerTarget
from evalhub.declare.analysis import CurvePoint, GivenSize, PowerCriterion, PowerDocument
from evalhub.stats.errors import StatisticsError
from evalhub.stats.power import Effort, effort, judgment_sd
from evalhub.stats.power_review import PlannedReview, review_detects, review_items, review_power

CROWD = "As by a crowd: what each person leans by isn't counted. --people says how many will judge."


def review_document(
    score: float | None,
    review: PlannedReview,
    *,
    threshold: float,
    n: int | None,
    costs: ItemCosts,
    alpha: float,
    power: float,
) -> PowerDocument:
    """What a win score of `score` takes by these people, and what `n` judgments can show.

    Raises StatisticsError where nothing is asked, or it can't be computed.
    """
    if score is None and n is None:
        raise StatisticsError("give what is to be shown, or --n for what can be")
    if score is not None and not score > threshold:
        raise StatisticsError(f"a win score of {score:g} isn't above {threshold:g}")
    per_item = review.per_item

    def detectable(judgments: int) -> float | None:
        items = max(1, math.floor(judgments / per_item))
        score = review_detects(items, review, threshold=threshold, alpha=alpha, power=power)
        return None if score is None else score - threshold

    def chance(judgments: int) -> float | None:
        if score is None:
            return None
        items = judgments / per_item
        return review_power(items, score, review, threshold=threshold, alpha=alpha)

    items = None
    if score is not None:
        items = review_items(score, review, threshold=threshold, alpha=alpha, power=power)
    needed = None if items is None else math.ceil(items * per_item)
    middle = n or needed or 1000
    target = PowerTarget(
        "win score",
        None if score is None else score - threshold,
        judgment_sd(0.5 if score is None else score, review.ties),
    )
    return PowerDocument(
        question="preference",
        unit="judgments",
        alpha=alpha,
        power=power,
        design_effect=costs.design_effect,
        criteria=[
            PowerCriterion(
                name=target.name,
                gap=target.gap,
                sd=target.sd,
                needed=None if needed is None else _effort(needed, costs),
                minimum_detectable_effect=detectable(n) if n else None,
            )
        ],
        given=GivenSize(n=n, power=chance(n), effort=_effort(n, costs)) if n else None,
        curve=[
            CurvePoint(n=size, power=chance(size), minimum_detectable_effect=detectable(size))
            for size in dict.fromkeys(max(1, round(middle * share)) for share in SHARES)
        ],
        people=review.people,
        lean=review.lean,
        caution=_caution(score, items, review),
        sentences=_sentences(n, needed, detectable(n) if n else None, review, power),
    )


def _sentences(
    n: int | None, needed: int | None, least: float | None, review: PlannedReview, power: float
) -> tuple[str, ...]:
    """Whether the judgments at hand are enough, and what they can show, with what that assumes."""
    if n is None:
        return ()
    sentences = []
    if needed is not None and needed > n:
        sentences.append(f"this review has {n:,} judgments; {needed:,} would be needed")
    if least is not None:
        who = "1 person" if review.people == 1 else f"{review.people} people"
        leaning = "" if review.people == 1 else f" they lean by {review.lean:g},"
        sentences.append(
            f"{n:,} judgments by {who} show {least:.2g} or more with {power:.0%} power, "
            f"if{leaning} {review.ties:.0%} of judgments are ties and those of one item "
            f"correlate by {review.correlation:g}"
        )
    return tuple(sentences)


def _caution(score: float | None, items: int | None, review: PlannedReview) -> str:
    if review.people == 1:
        return "What one person prefers says nothing of others: this is that person's taste."
    if score is not None and items is None:
        return (
            f"{review.people} people can't show it, however many items they judge: ask more people."
        )
    return ""


def _effort(judgments: int, costs: ItemCosts) -> Effort:
    return effort(
        math.ceil(judgments / costs.judgments_per_item),
        judgments_per_item=costs.judgments_per_item,
        seconds_per_judgment=costs.seconds,
    )
