"""Costs and times that a study's budgets read of two runs, as part of the claim."""

from collections.abc import Sequence
from typing import Any

from evalhub.decision.criteria.table import BUDGETS
from evalhub.io.canonical import digest_of
from evalhub.ledger.costs import arm_price
from evalhub.registry.models import Output, Run, Study, StudyArm, StudyTestSet
from evalhub.registry.models.studies import CriterionRole


def digest_of_costs(
    study: Study, test_set: StudyTestSet, arms: Sequence[tuple[StudyArm, Run]]
) -> str:
    """SHA-256 of the costs and times that critical budgets read on a test set; "" where none reads
    any.

    The same answers recorded again with other times could pass a budget by luck, as other answers
    could: they are another claim. So are they at another price, where money is compared.
    """
    names = _critical(study, test_set)
    if not names:
        return ""
    columns = sorted({column for name in names for column in BUDGETS[name].columns})
    return digest_of(
        {
            "columns": columns,
            "arms": [_of_arm(study, arm, run, columns) for arm, run in arms],
        }
    )


def _critical(study: Study, test_set: StudyTestSet) -> list[str]:
    """Critical budgets on this test set."""
    budgets = study.policy.budgets
    if not any(each.tier == "critical" for each in budgets.values()):
        return []
    first = study.test_sets.filter(role=CriterionRole.PRIMARY).values_list("name", flat=True)[:1]
    return [
        name
        for name, budget in budgets.items()
        if budget.tier == "critical" and (budget.test_set or next(iter(first), "")) == test_set.name
    ]


def _of_arm(study: Study, arm: StudyArm, run: Run, columns: list[str]) -> dict[str, Any]:
    rows = Output.objects.filter(run=run).order_by(
        "item__fingerprint_in_context", "item__key", "sample"
    )
    price = arm_price(study, arm.name, run) if "prompt_tokens" in columns else None
    return {
        "price": price and price.price.as_json(),
        "answers": list(rows.values_list(*columns)),
    }
