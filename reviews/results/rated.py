"""What a campaign of ratings found: each arm's mean a dimension, and the difference. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.declare.review import Dimension
from evalhub.stats.agreement import Agreement, agreement
from evalhub.stats.clusters import clustered_mean
from evalhub.stats.distributions import t_quantile
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import PairedComparison, compare
from reviews.models import RATED
from reviews.results.judgment_data import JudgmentRow


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean rating of one arm, its interval clustered by item."""

    version: int
    ratings: int
    items: int
    mean: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class RatingResult:
    """A dimension: both arms' means, the difference over items rated of both, agreement.

    Differences are of item means in the dimension's own points, None where no item was rated of
    both arms. Agreement is ordinal; its units are answers.
    """

    name: str
    arms: list[Mean]
    difference: PairedComparison | None
    agreement: Agreement


def ratings(
    judgments: Sequence[JudgmentRow],
    *,
    baseline: int,
    candidate: int,
    dimensions: Sequence[Dimension],
) -> list[RatingResult]:
    """Each rated dimension in the form's order; empty where nothing was rated."""
    rated = [each for each in judgments if each.favours == RATED]
    return [
        _rating(dimension, answered, baseline, candidate)
        for dimension in dimensions
        if (answered := [e for e in rated if isinstance(e.answers.get(dimension.name), int)])
    ]


def _rating(
    dimension: Dimension, judgments: Sequence[JudgmentRow], baseline: int, candidate: int
) -> RatingResult:
    name = dimension.name
    own: dict[int, list[JudgmentRow]] = defaultdict(list)
    table: dict[object, dict[object, str | int | float | bool | None]] = defaultdict(dict)
    for judgment in judgments:
        own[judgment.pair.baseline_version].append(judgment)
        table[judgment.pair.pk][judgment.reviewer] = judgment.answers[name]
    arms = [_mean(version, name, own[version]) for version in own]
    arms.sort(key=lambda arm: (arm.version != baseline, arm.version != candidate))
    return RatingResult(
        name=name,
        arms=arms,
        difference=_difference(dimension, own[baseline], own[candidate]),
        agreement=agreement(table, level="ordinal", scale=dimension.values),
    )


def _mean(version: int, name: str, judgments: Sequence[JudgmentRow]) -> Mean:
    numbers: dict[str, int] = {}
    items = np.array(
        [numbers.setdefault(each.pair.item, len(numbers)) for each in judgments], np.intp
    )
    mean = clustered_mean(np.array([float(each.answers[name]) for each in judgments]), items)
    half = t_quantile(1 - ALPHA, mean.df) * mean.se if mean.df > 0 else float("inf")
    return Mean(
        version, len(judgments), len(numbers), mean.mean, mean.mean - half, mean.mean + half
    )


def _difference(
    dimension: Dimension, baseline: Sequence[JudgmentRow], candidate: Sequence[JudgmentRow]
) -> PairedComparison | None:
    first, second = (_by_item(dimension.name, judgments) for judgments in (baseline, candidate))
    both = sorted(first.keys() & second.keys())
    if not both:
        return None
    return compare(
        [first[item] for item in both],
        [second[item] for item in both],
        alpha=ALPHA,
        bounds=(min(dimension.values), max(dimension.values)),
    )


def _by_item(name: str, judgments: Sequence[JudgmentRow]) -> dict[str, float]:
    scores: dict[str, list[float]] = defaultdict(list)
    for judgment in judgments:
        scores[judgment.pair.item].append(float(judgment.answers[name]))
    return {item: sum(each) / len(each) for item, each in scores.items()}
