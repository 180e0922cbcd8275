"""A study's cost: by the version that was asked, over all its runs, and next to its budgets."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.declare.prices import Spent, spending_text
from evalhub.registry.models import Spending, Study, StudyBudget, StudyRun


@dataclass(frozen=True, slots=True)
class StudySpending:
    spent: Sequence[Spent]
    budgets: Sequence[StudyBudget]


def study_spending(study: Study) -> StudySpending:
    """The study's cost. Two queries."""
    runs = StudyRun.objects.filter(arm__study=study).values("run")
    rows = Spending.objects.filter(run__in=runs).select_related("version__model", "run")
    by: dict[tuple[bool, int], list[Spending]] = {}
    for row in rows.order_by("pk"):
        by.setdefault((row.is_judge, row.version_id), []).append(row)
    of_study = StudyBudget.objects.filter(project=study.project_id, study=study.slug)
    budgets = list(of_study.order_by("arm"))
    return StudySpending([_sum(by[key]) for key in sorted(by)], budgets)


def _sum(rows: Sequence[Spending]) -> Spent:
    """The total cost of one version; each run was priced request by request."""
    amounts = [each.money for each in rows if each.money is not None]
    totals = {
        name: sum(getattr(each, name) for each in rows)
        for name in ("prompt_tokens", "cached_tokens", "completion_tokens", "untold")
    }
    money = sum(amounts) if amounts else None
    price = rows[-1].price
    sentence = spending_text(
        prompt=totals["prompt_tokens"],
        completion=totals["completion_tokens"],
        without_count=totals["untold"],
        money=money,
        price=price,
    )
    whole = rows[0].shown
    return whole.model_copy(update={**totals, "money": money, "price": price, "sentence": sentence})
