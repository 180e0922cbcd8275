"""Does a gain come from answers of which the extraction pattern found nothing?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from evalhub.decision.align import Aligned
from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import CleanRow
from evalhub.decision.sections.jumps import MissRow
from evalhub.declare.criteria import Criterion
from evalhub.ledger.scores import Pairing
from evalhub.registry.models import Score
from evalhub.stats.errors import StatisticsError


def gains_by_misses(
    pairings: Mapping[str, Pairing],
    criteria: Sequence[Criterion],
    judge: Callable[[Sequence[Aligned]], Ruling],
) -> list[MissRow]:
    """Of each primary that holds, and not without the items of which the pattern found nothing.

    Only where that happened to the baseline's answers more often than to the candidate's.

    Args:
        pairings: by test set, what the criteria were measured on.
        judge: measures and rules on evidence at the levels of the verdict.
    """
    held = {each.test_set for each in criteria if each.role == "primary" and each.holds}
    missed = {
        name: each
        for name, each in pairings.items()
        if name in held and _misses(each)[0] > _misses(each)[1]
    }
    if not missed:
        return []
    kept = {name: _without(each) for name, each in missed.items()}
    measured = [
        kept.get(name, each.aligned) for name, each in pairings.items() if each.aligned.items
    ]
    rest = [each for each in measured if each is not None and each.items]
    try:
        ruling = judge(rest) if rest else None
    except StatisticsError:  # no item of a tag of the mix is left
        ruling = None
    found = {each.test_set: each for each in (ruling.criteria if ruling else ())}
    return [
        MissRow(
            name=each.aligned.requirement.name,
            test_set=name,
            baseline=_misses(each)[0],
            candidate=_misses(each)[1],
            without=CleanRow.of(found[name]) if name in found else None,
        )
        for name, each in missed.items()
        if name not in found or not found[name].holds
    ]


def _misses(pairing: Pairing) -> tuple[int, int]:
    return pairing.baseline.arm.extraction_misses, pairing.candidate.arm.extraction_misses


def _without(pairing: Pairing) -> Aligned | None:
    """The items that both arms' answers were extracted of, weighted by themselves; None: none."""
    runs = [
        pairing.baseline.run,
        pairing.candidate.run,
        *(r for two in pairing.earlier for r in two),
    ]
    missed = Score.objects.filter(output__run__in=runs, metric=pairing.metric, extracted=False)
    keys = set(missed.order_by().values_list("output__item__key", flat=True).distinct())
    aligned = pairing.aligned
    kept = np.array([each.key not in keys for each in aligned.items], dtype=bool)
    if not kept.any():
        return None
    try:
        return aligned.where(kept)
    except StatisticsError:
        return replace(aligned, items=[])
