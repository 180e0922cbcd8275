"""Pairs of decisions on one version: the offline one that let it be tried, and the live one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.prediction import (
    NoPair,
    PairAgreement,
    Prediction,
    prediction,
    sign_agreement,
    size_agreement,
)
from evalhub.features.experiments.models import Experiment, ExperimentQuerySet
from evalhub.ledger.models import Decision

MOST = 200
"""Experiments that are looked at, the newest."""


@dataclass(frozen=True, slots=True)
class ExperimentPrediction:
    """An experiment with its pair of decisions."""

    experiment: Experiment
    live_decision: Decision
    result: Prediction


@dataclass(frozen=True, slots=True)
class PredictionReport:
    """How well offline decisions predicted what experiments found.

    Attributes:
        pairs: the newest experiment first.
        without: why other ended experiments have no pair, and how many.
        signs, sizes: how often both differences agree.
    """

    pairs: Sequence[ExperimentPrediction]
    without: Mapping[NoPair, int]
    signs: PairAgreement
    sizes: PairAgreement

    @property
    def unpaired(self) -> list[tuple[NoPair, int]]:
        """Reasons with their counts, as a template reads them."""
        return list(self.without.items())


def prediction_report(experiments: ExperimentQuerySet) -> PredictionReport:
    """Of ended experiments, the newest; those that continue each other are one. Two queries."""
    rows = experiments.ended_sequences()[:MOST]
    newest = _newest_decisions([row.study_id for row in rows])
    pairs: list[ExperimentPrediction] = []
    without = Counter[NoPair]()
    for row in rows:
        live = newest.get(row.study_id)
        if row.decision is None:
            without[NoPair.NO_DECISION] += 1
        elif live is None:
            without[NoPair.NO_LIVE_DECISION] += 1
        else:
            result = prediction(row.decision.document, live.document, row.plan.primary)
            if isinstance(result, NoPair):
                without[result] += 1
            else:
                pairs.append(ExperimentPrediction(row, live, result))
    results = [pair.result for pair in pairs]
    return PredictionReport(pairs, dict(without), sign_agreement(results), size_agreement(results))


def _newest_decisions(studies: Sequence[int]) -> dict[int, Decision]:
    """By study, its newest decision."""
    decisions = Decision.objects.filter(study__in=studies).newest_first()
    return {row.study_id: row for row in reversed(decisions)}
