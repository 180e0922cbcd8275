"""Reviewer quality: agreement with others, position bias, speed, gold accuracy, self-consistency.

Pure.
"""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from evalhub.decision.people_cautions import CHARACTERS_A_SECOND, Pace
from evalhub.stats.agreement import rater_agreement
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import Estimate, clopper_pearson
from evalhub.stats.ratings import read_ratings
from evalhub.stats.sides import PositionBias, SelfConsistency, position_bias, self_consistency
from reviews.models import RATED, AssignmentPurpose, PairKind
from reviews.results.judgment_data import JudgmentData, JudgmentRow


@dataclass(frozen=True, slots=True)
class ReviewerQuality:
    """One reviewer. Shares are None where there is nothing to take them of.

    `agreement` is the mean share of others who said the same of a pair. `fast` counts answers
    that came before both texts could be read at 60 characters a second.
    """

    name: str
    judgments: int
    agreement: float | None
    sides: PositionBias | None
    seconds: float
    fast: int
    gold: int
    gold_passed: int
    repeats: SelfConsistency | None

    @property
    def share_fast(self) -> float:
        return self.fast / self.judgments

    @property
    def pace(self) -> Pace:
        return Pace(self.judgments, self.fast)


def too_fast(judgment: JudgmentRow) -> bool:
    """Whether an answer came before both texts could have been read.

    By the time the page was in view where the browser told it, else by the server's clock.
    """
    length = judgment.pair.baseline_length + judgment.pair.candidate_length
    seconds = judgment.seconds if judgment.visible_seconds is None else judgment.visible_seconds
    return min(seconds, judgment.seconds) < length / CHARACTERS_A_SECOND


def reviewer_quality(data: JudgmentData) -> list[ReviewerQuality]:
    """Quality of each reviewer who judged a main pair, in the order in which they joined."""
    main, gold, again = (
        _by_reviewer(data.of()),
        _by_reviewer(data.of(kind=PairKind.GOLD)),
        repeat_pairs(data),
    )
    agree = _agreement(data.of())
    return [
        ReviewerQuality(
            name=name,
            judgments=len(own),
            agreement=agree.get(pk),
            sides=_sides(own),
            seconds=median(each.seconds for each in own),
            fast=sum(map(too_fast, own)),
            gold=len(gold[pk]),
            gold_passed=sum(each.favours == each.pair.expected for each in gold[pk]),
            repeats=_consistency(again.get(pk, [])),
        )
        for pk, name in data.reviewers.items()
        if (own := main[pk])
    ]


def repeat_pairs(data: JudgmentData) -> dict[int, list[tuple[JudgmentRow, JudgmentRow]]]:
    """Each reviewer's turns that were dealt twice: (first, again, with its sides swapped)."""
    firsts = {
        judgment.assignment: judgment
        for judgment in data.judgments
        if judgment.purpose == AssignmentPurpose.MAIN
    }
    pairs: dict[int, list[tuple[JudgmentRow, JudgmentRow]]] = defaultdict(list)
    for judgment in data.judgments:
        if judgment.purpose == AssignmentPurpose.REPEAT and judgment.repeats in firsts:
            pairs[judgment.reviewer].append((firsts[judgment.repeats], judgment))
    return pairs


def consistency(data: JudgmentData) -> SelfConsistency | None:
    """All reviewers' repeats together."""
    return _consistency([each for own in repeat_pairs(data).values() for each in own])


def share_of(count: int, total: int) -> Estimate:
    """Proportion with a Clopper-Pearson 95% interval; a value of None where `total` is 0."""
    if not total:
        return Estimate(None)
    return Estimate(count / total, *clopper_pearson(count, total))


def table_of(
    judgments: list[JudgmentRow],
) -> dict[object, dict[object, str | int | float | bool | None]]:
    """{pair: {reviewer: whom they favour}}."""
    table: dict[object, dict[object, str | int | float | bool | None]] = defaultdict(dict)
    for judgment in judgments:
        table[judgment.pair.pk][judgment.reviewer] = judgment.favours
    return table


def _by_reviewer(judgments: list[JudgmentRow]) -> dict[int, list[JudgmentRow]]:
    own: dict[int, list[JudgmentRow]] = defaultdict(list)
    for judgment in judgments:
        own[judgment.reviewer].append(judgment)
    return own


def _agreement(judgments: list[JudgmentRow]) -> dict[object, float | None]:
    compared = [each for each in judgments if each.favours != RATED]
    if not compared:
        return {}
    try:
        raters = rater_agreement(read_ratings(table_of(compared)))
    except StatisticsError:
        return {}
    return {each.rater: each.agreement for each in raters}


def _sides(judgments: list[JudgmentRow]) -> PositionBias | None:
    compared = [each for each in judgments if each.favours != RATED]
    if not compared:
        return None
    return position_bias(
        [each.favours for each in compared],
        [each.candidate_side for each in compared],
        items=[each.pair.item for each in compared],
    )


def _consistency(pairs: list[tuple[JudgmentRow, JudgmentRow]]) -> SelfConsistency | None:
    compared = [(a, b) for a, b in pairs if RATED not in (a.favours, b.favours)]
    if not compared:
        return None
    return self_consistency([a.favours for a, _ in compared], [b.favours for _, b in compared])
