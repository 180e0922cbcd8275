"""Compare a model's answers now with its answers after the promotion. Pure.

A model varies by itself: sampling, batches, kernels. So the answers of now aren't held against the
promoted ones alone, but beside a second run of the promoted version. Where the model is the same,
an item's second answer then and its answer now are two draws of one distribution and may change
places, whatever that distribution is. Of the items on which just one of the two differs from the
promoted answer, half are then those of now, give or take a binomial: an exact sign test, McNemar's
(1947) where there is one answer an item. It asks nothing of how much the model varies. In the same
way a score of now and the second run's may change places, which is an exact sign test too.

The promoted answers are the text that both are held against, and never a score: they were read, and
passed, so that they are lucky. The second run was asked after the decision, and nothing chose it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from evalhub.stats.sign_test import sign_test, two_sided_sign_test

HOURS_A_YEAR = 8766
MOST_LEVEL = 0.05
"""Of one asking, however rare it is."""


@dataclass(frozen=True, slots=True)
class AnsweredRun:
    """One run's answers and scores by item, to be compared.

    Attributes:
        differing: the share of its answers whose text isn't the promoted one's, 0 to 1; items
            without an answer are missing.
        scores: by metric, then by item: the mean over its answers, higher is better.
    """

    differing: Mapping[int, float]
    scores: Mapping[str, Mapping[int, float]]


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """Number of items on which a metric's score is above and below that of the second run; `p` is
    two-sided."""

    metric: str
    better: int
    worse: int
    p: float
    level: float

    @property
    def alarm(self) -> bool:
        return self.p <= self.level


@dataclass(frozen=True, slots=True)
class ModelChange:
    """The outcome of an asking.

    Attributes:
        items: that were answered each time.
        differed_then, differs_now: answers that aren't the promoted ones, as a mean over items.
        more, fewer: items whose answers differ more, or less, than the second run's did.
        p: one-sided, that `more` is so large by chance.
        level: what p is held against.
    """

    items: int
    differed_then: float
    differs_now: float
    more: int
    fewer: int
    p: float
    level: float
    scores: tuple[ScoreChange, ...]

    @property
    def alarm(self) -> bool:
        return self.p <= self.level or any(each.alarm for each in self.scores)


def level_of(*, false_alarms_a_year: float, every_hours: int) -> float:
    """Significance level of one asking, so that a year has at most so many false alarms.

    What holds of the mean number holds whether or not askings hang together, as they do through
    the second run that all of them are compared with.
    """
    return min(MOST_LEVEL, false_alarms_a_year * every_hours / HOURS_A_YEAR)


def change_of(*, second: AnsweredRun, now: AnsweredRun, level: float) -> ModelChange:
    """Tests whether the answers now come from another model. Half of the level goes to the answers,
    the other half in equal parts to the metrics; all of it to the answers if there are no metrics.

    Args:
        second: the first run after the decision by which the version was promoted.
        level: the chance of an alarm where nothing has changed, over all that is looked at.
    """
    both = second.differing.keys() & now.differing.keys()
    more = sum(now.differing[item] > second.differing[item] for item in both)
    fewer = sum(now.differing[item] < second.differing[item] for item in both)
    metrics = sorted(second.scores.keys() & now.scores.keys())
    for_answers = level / 2 if metrics else level
    return ModelChange(
        items=len(both),
        differed_then=_mean([second.differing[item] for item in both]),
        differs_now=_mean([now.differing[item] for item in both]),
        more=more,
        fewer=fewer,
        p=sign_test(more, fewer),
        level=for_answers,
        scores=tuple(
            _scores_changed(
                metric, second.scores[metric], now.scores[metric], (level / 2) / len(metrics)
            )
            for metric in metrics
        ),
    )


def _scores_changed(
    metric: str, second: Mapping[int, float], now: Mapping[int, float], level: float
) -> ScoreChange:
    both = second.keys() & now.keys()
    better = sum(now[item] > second[item] for item in both)
    worse = sum(now[item] < second[item] for item in both)
    p = two_sided_sign_test(better, worse)
    return ScoreChange(metric, better, worse, p, level)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
