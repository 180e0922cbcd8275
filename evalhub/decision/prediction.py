"""Did the offline decision predict the live experiment? Both differences side by side. Pure.

Only what shipped offline has been tried, so that an offline estimate is seen because it passed its
bound: it is corrected for that (`evalhub.stats.selected`), and compared with the live one by a test
that knows it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.experiment import LivePrimary
from evalhub.declare.verdicts import Verdict
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.levels import ALPHA, EVEN
from evalhub.stats.selected import SelectedEstimate, p_same_effect, selected_estimate

FEWEST_PAIRS = math.ceil(math.log(ALPHA) / math.log(EVEN))
"""With fewer, even pairs that all agree are no better than a coin: ½ⁿ is above α."""


class NoPair(StrEnum):
    """Why an experiment says nothing of its offline decision."""

    NO_DECISION = "an owner's word started it, and no offline decision"
    NO_LIVE_DECISION = "it ended before its first decision"
    INVALID = "the evidence of a decision is invalid"
    NO_PRIMARY = "a decision has no primary criterion that was measured"
    NO_ERROR = "a difference has no standard error"


@dataclass(frozen=True, slots=True)
class MeasuredEffect:
    """A difference between the arms, above 0 where the candidate is better.

    Attributes:
        se: its standard error.
        lower, upper: its limits, as the decision has them.
        n: items, judgments, or users.
    """

    metric: str
    difference: float
    se: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """An offline difference beside the live one.

    Attributes:
        comparable: whether both are of one metric in one unit; else their signs alone are compared.
        corrected: the offline one, given that it passed its bound; None: it didn't have to.
        p_same: of "both are the same effect", two-sided, by which the sizes agree or don't; None
            where they can't be compared.
    """

    offline: MeasuredEffect
    live: MeasuredEffect
    comparable: bool
    corrected: SelectedEstimate | None
    p_same: float | None

    @property
    def same_sign(self) -> bool:
        """Whether both are above 0, or both below."""
        return self.offline.difference * self.live.difference > 0

    @property
    def same_size(self) -> bool | None:
        """Whether they differ by no more than 95% of pairs of one effect do."""
        return None if self.p_same is None else self.p_same > 2 * ALPHA


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How many pairs agree, with exact (Clopper-Pearson) 95% limits of their share.

    Attributes:
        needed: how many pairs more it takes until it says anything; the limits are None until then.
    """

    agree: int
    pairs: int
    lower: float | None
    upper: float | None
    needed: int


def prediction(
    offline: DecisionRecord, live: DecisionRecord, primary: LivePrimary
) -> Prediction | NoPair:
    """What an offline decision said of the primary metric of a live experiment, and what came of
    it. Where the offline one didn't measure the same metric, its first primary stands for it."""
    if Verdict.INVALID in (offline.verdict, live.verdict):
        return NoPair.INVALID
    measured = next((row for row in live.criteria if row.name == primary.metric), None)
    predicted = _criterion_of(offline, primary)
    if measured is None or predicted is None:
        return NoPair.NO_PRIMARY
    before, after = _effect(predicted), _effect(measured)
    if before is None or after is None:
        return NoPair.NO_ERROR
    cut = _cut(offline, predicted)
    comparable = _in_one_unit(predicted, primary)
    return Prediction(
        before,
        after,
        comparable,
        None if cut is None else selected_estimate(before.difference, before.se, cut=cut),
        p_same_effect(before.difference, before.se, after.difference, after.se, cut=cut)
        if comparable
        else None,
    )


def sign_agreement(predictions: Sequence[Prediction]) -> PairAgreement:
    """In how many pairs both differences have the same sign."""
    return _agreement([pair.same_sign for pair in predictions])


def size_agreement(predictions: Sequence[Prediction]) -> PairAgreement:
    """In how many pairs of one unit the sizes agree: where offline predicts perfectly 95% do."""
    return _agreement([pair.same_size for pair in predictions if pair.same_size is not None])


def _agreement(agrees: Sequence[bool]) -> PairAgreement:
    agree, pairs = sum(agrees), len(agrees)
    if pairs < FEWEST_PAIRS:
        return PairAgreement(agree, pairs, None, None, FEWEST_PAIRS - pairs)
    return PairAgreement(agree, pairs, *clopper_pearson(agree, pairs), 0)


def _criterion_of(offline: DecisionRecord, primary: LivePrimary) -> Criterion | None:
    rows = [row for row in offline.criteria if row.factor is None]
    same = [row for row in rows if _in_one_unit(row, primary)]
    return next(iter(same + [row for row in rows if row.kind.must_gain]), None)


def _in_one_unit(criterion: Criterion, primary: LivePrimary) -> bool:
    """Whether the live metric is the mean of the same scores: a signal of the metric's name, over
    the requests that have it."""
    return (
        criterion.kind.by_metric
        and primary.per == "signal"
        and criterion.metric == primary.signal
        and criterion.higher_is_better == primary.higher_is_better
    )


def _effect(criterion: Criterion) -> MeasuredEffect | None:
    """None where its standard error isn't known."""
    se = criterion.sd * math.sqrt(criterion.design_effect / criterion.n) if criterion.n else 0.0
    if not (se > 0 and math.isfinite(se)):
        return None
    return MeasuredEffect(
        criterion.metric, criterion.difference, se, criterion.lower, criterion.upper, criterion.n
    )


def _cut(record: DecisionRecord, criterion: Criterion) -> float | None:
    """The difference from which on the criterion would have passed with these limits' width; None
    where the decision didn't rest on its passing."""
    bound = criterion.bound
    if record.verdict is not Verdict.SHIP or bound is None or criterion.lower <= bound:
        return None
    return bound + (criterion.difference - criterion.lower)
