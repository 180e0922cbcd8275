"""Would a prompt do? A fine-tuned arm compared with each other untuned arm."""

from evalhub.decision.align import criteria_of
from evalhub.decision.criteria.guard import Guard
from evalhub.decision.sections.baseline_choice import alternative_sentence
from evalhub.declare.decision import Alternative
from evalhub.ledger.costs import arm_prices, budgets
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import StudyArm, StudyTestSet
from evalhub.stats.paired import compare


def alternatives(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, *, alpha: float
) -> list[Alternative]:
    """A row for each untuned arm but the baseline and each test set that must gain; none where the
    arm is the baseline there, with the same run."""
    if not arm.version.fine_tuned:
        return []
    return [
        row
        for other in evidence.arms
        if other not in (arm, baseline) and not other.version.fine_tuned
        for fails in [_fails(evidence, baseline, other, alpha)]
        for test_set in evidence.primaries
        if evidence.run(other, test_set).pk != evidence.run(baseline, test_set).pk
        if (row := _against(evidence, arm, other, test_set, alpha, fails)) is not None
    ]


def _fails(
    evidence: StudyEvidence, baseline: StudyArm, other: StudyArm, alpha: float
) -> tuple[str, ...]:
    """Guards and budgets that the other arm itself fails against the baseline."""
    pairings = {each.name: evidence.pair(baseline, other, each) for each in evidence.test_sets}
    prices = arm_prices(evidence, baseline, other, pairings)
    costs, _ = budgets(evidence, baseline, other, pairings, prices)
    guards = [
        pairing.aligned
        for pairing in pairings.values()
        if pairing.aligned.requirement.role == Guard.role and pairing.aligned.items
    ]
    policy = evidence.policy
    measured = criteria_of(
        [*guards, *costs],
        alpha=alpha,
        harm_alpha=policy.harm_alpha,
        planned_gain=policy.planned_gain,
    )
    return tuple(each.name for each in measured if each.fails and each.tier != "advisory")


def _against(
    evidence: StudyEvidence,
    arm: StudyArm,
    other: StudyArm,
    test_set: StudyTestSet,
    alpha: float,
    fails: tuple[str, ...],
) -> Alternative | None:
    rows = evidence.pair(other, arm, test_set).aligned
    if not rows.items or rows.flaws:
        return None
    requirement, policy = rows.requirement, evidence.policy
    rising = requirement.higher_is_better
    worse, better = (rows.baseline, rows.candidate) if rising else (rows.candidate, rows.baseline)
    comparison = compare(
        worse,
        better,
        clusters=rows.clusters,
        weights=rows.weights,
        alpha=alpha,
        upper_alpha=policy.harm_alpha,
        bounds=rows.requirement.bounds,
    )
    value, candidate = comparison.baseline, comparison.candidate
    if not rising:
        value, candidate = candidate, value
    planned = policy.planned_gain if requirement.planned_gain is None else requirement.planned_gain
    row = Alternative(
        arm=other.name,
        kind=other.version.kind,
        test_set=test_set.name,
        metric=test_set.metric.name,
        value=value,
        candidate=candidate,
        difference=comparison.difference,
        lower=comparison.lower,
        upper=comparison.upper,
        alpha=alpha,
        harm_alpha=policy.harm_alpha,
        min_gain=requirement.min_gain,
        planned_gain=planned,
        fails=fails,
        sentence="",
    )
    return row.model_copy(update={"sentence": alternative_sentence(row, arm.name)})
