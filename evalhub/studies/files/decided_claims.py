"""Claims on two arms' score rows, for a ledger that may know their items."""

from collections.abc import Sequence

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import ArmScores, ItemLabel
from evalhub.decision.policy import Policy
from evalhub.decision.requirements import Requirement
from evalhub.io.canonical import digest_of
from evalhub.ledger.file_claims import FileClaim
from evalhub.studies.files.evidence import Scores

type Part = tuple[Aligned, Sequence[ItemLabel], tuple[ArmScores, ArmScores]]
"""What the rows hold for one requirement: its items, and both arms' scores of them."""


def claims_of(policy: Policy, scores: Scores, parts: Sequence[Part]) -> list[FileClaim]:
    """A claim for each criterion on scores; costs that a critical budget reads on the same items
    are part of it."""
    requirements = [each[0].requirement for each in parts]
    budgets = [each for each in requirements if not each.kind.by_metric and each.tier == "critical"]
    return [
        _claim(policy, scores, aligned.requirement, labels, arms, budgets)
        for aligned, labels, arms in parts
        if aligned.requirement.kind.by_metric
    ]


def _claim(
    policy: Policy,
    scores: Scores,
    requirement: Requirement,
    labels: Sequence[ItemLabel],
    arms: tuple[ArmScores, ArmScores],
    budgets: Sequence[Requirement],
) -> FileClaim:
    criterion = policy.criteria.get(requirement.name)
    prints = [scores.items[requirement.test_set, each.key].prints for each in labels]
    whole = [each for each in prints if each is not None]
    name, options = scores.metrics.get(
        (requirement.test_set, requirement.metric), (requirement.metric, None)
    )
    return FileClaim(
        requirement,
        labels,
        whole if len(whole) == len(prints) else None,
        *arms,
        name,
        options,
        criterion.mix if criterion else None,
        _cost_digest(scores, requirement, budgets),
    )


def _cost_digest(scores: Scores, requirement: Requirement, budgets: Sequence[Requirement]) -> str:
    """SHA-256 of the costs that these budgets read on a criterion's test set; "" if none does.

    Costs recorded again are another claim. Files say them otherwise than a study's answers do, so
    that a study with the same budget takes a number of its own."""
    costs = sorted({each.metric for each in budgets if each.test_set == requirement.test_set})
    if not costs:
        return ""
    return digest_of(
        {
            cost: [
                sorted(
                    [item, sample, value]
                    for item, samples in cell.items()
                    for sample, value in samples.items()
                )
                for cell in scores.cells.get((requirement.test_set, cost), ({}, {}))
            ]
            for cost in costs
        }
    )
