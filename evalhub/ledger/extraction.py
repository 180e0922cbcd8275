"""Answers in which an extraction pattern matched nothing, read from the database."""

from collections.abc import Mapping

from evalhub.decision.extraction import ExtractionMisses, may_feign_gain
from evalhub.ledger.scores import Pairing
from evalhub.registry.models import Score


def extraction_misses(pairings: Mapping[str, Pairing]) -> list[ExtractionMisses]:
    """Misses by test set; with the items where misses may look like a gain."""
    misses = []
    for name, pairing in pairings.items():
        baseline, candidate = (
            side.arm.extraction_misses for side in (pairing.baseline, pairing.candidate)
        )
        suspect = may_feign_gain(
            pairing.aligned.requirement, baseline=baseline, candidate=candidate
        )
        items = _items_missed(pairing) if suspect else frozenset[str]()
        misses.append(ExtractionMisses(name, baseline, candidate, items))
    return misses


def _items_missed(pairing: Pairing) -> frozenset[str]:
    """Keys of items with such an answer of either arm, earlier looks included."""
    runs = [
        pairing.baseline.run,
        pairing.candidate.run,
        *(run for both in pairing.earlier for run in both),
    ]
    missed = Score.objects.filter(output__run__in=runs, metric=pairing.metric, extracted=False)
    return frozenset(missed.order_by().values_list("output__item__key", flat=True).distinct())
