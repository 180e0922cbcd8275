"""Would a prompt do? A fine-tuned arm against each other arm that isn't fine-tuned."""

from collections.abc import Sequence

from evalhub.gate.study_evidence import StudyEvidence
from evalhub.registry.models import StudyArm, StudyTestSet
from evalhub.schemas.decision import Alternative
from evalhub.stats.paired import compare
from evalhub.verdict.wording import signed


def alternatives(
    evidence: StudyEvidence, arm: StudyArm, others: Sequence[StudyArm], *, alpha: float
) -> list[Alternative]:
    """A row for each untuned arm of `others` and each test set that must gain; for reading."""
    if not arm.version.fine_tuned:
        return []
    return [
        row
        for other in others
        if not other.version.fine_tuned
        for test_set in evidence.primaries
        if (row := _against(evidence, arm, other, test_set, alpha)) is not None
    ]


def _against(
    evidence: StudyEvidence, arm: StudyArm, other: StudyArm, test_set: StudyTestSet, alpha: float
) -> Alternative | None:
    rows = evidence.pair(other, arm, test_set).aligned
    if not rows.items:
        return None
    rising = rows.requirement.higher_is_better
    worse, better = (rows.baseline, rows.candidate) if rising else (rows.candidate, rows.baseline)
    found = compare(worse, better, clusters=rows.clusters, weights=rows.weights, alpha=alpha)
    gap = f"{signed(found.difference)} [{signed(found.lower)}, {signed(found.upper)}]"
    if found.lower > 0:
        verdict = f"{arm} is better by {gap}"
    elif found.upper < 0:
        verdict = f"better than {arm} ({gap}): a prompt does more than the fine-tune"
    else:
        verdict = f"not told apart from {arm} ({gap}): a prompt may do as well"
    value, candidate = found.baseline, found.candidate
    if not rising:
        value, candidate = candidate, value
    return Alternative(
        arm=other.name,
        kind=other.version.kind,
        test_set=test_set.name,
        metric=test_set.metric.name,
        value=value,
        candidate=candidate,
        difference=found.difference,
        lower=found.lower,
        upper=found.upper,
        sentence=f"Would a prompt do? {other} reaches {value:.2f} on {test_set}: {verdict}.",
    )
