"""The costs of a study that are known without a statement: read from its runs, its reviews, the
training record and the tables of prices.

Like counts and errors this is always open: it says nothing of what an answer is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db.models import Avg, Count, F
from django.utils import timezone

from evalhub.decision.align import clusters_of, weights_of
from evalhub.decision.criteria.ownership import OwnershipBudget, OwnershipKind
from evalhub.decision.ownership.figures import ArmUse, KnownCosts
from evalhub.decision.sections.prices import ArmPrice
from evalhub.declare.cost_sheet import Ends
from evalhub.declare.ownership import Ownership
from evalhub.declare.prices import Hourly, Listed, Price, UsedPrice
from evalhub.ledger.costs import answer_costs, arm_price
from evalhub.ledger.scores import item_labels
from evalhub.prices.gpus import hourly_of
from evalhub.prices.table import prices_here
from evalhub.registry.models import Output, Run, Spending, Study, StudyArm, StudyRun, StudyTestSet
from evalhub.registry.models.runs import UNFINISHED
from evalhub.stats.paired import compare
from reviews.models import Judgment

LEVEL = 0.025
"""One-sided, of each end of what was measured: a 95% interval."""


@dataclass(frozen=True, slots=True)
class OwnedArms:
    """The arms of a sheet, and the test set on whose items their requests are measured.

    Attributes:
        rows: those of the items that count; None: all that both arms answered.
        earlier: both arms' runs of earlier looks' items, where the test set was added to.
    """

    baseline: StudyArm
    candidate: StudyArm
    test_set: StudyTestSet | None
    rows: "PricedItems | None" = None
    earlier: Sequence[tuple[Run, Run]] = ()


def own_currency(study: Study) -> str:
    """Currency of the amounts and prices in the study's own statement."""
    return statement_of(study).currency or prices_here(settings.HOME).currency


def statement_of(study: Study) -> Ownership:
    """What the study says of it; where it says no traffic, with that of its budget."""
    ownership = study.policy.ownership or Ownership()
    budget = study.policy.budgets.get(OwnershipKind.key)
    if ownership.traffic is not None or not isinstance(budget, OwnershipBudget):
        return ownership
    return ownership.model_copy(update={"traffic": (budget.traffic, budget.traffic)})


def costs_of_study(study: Study, arms: OwnedArms, ownership: Ownership) -> KnownCosts:
    """All costs that are known without a statement."""
    currency = ownership.currency or prices_here(settings.HOME).currency
    tokens, missing = _spending(study, currency)
    uses, saving, where = _uses(study, arms, currency)
    return KnownCosts(
        baseline=uses[0],
        candidate=uses[1],
        currency=currency,
        trained=arms.candidate.version.fine_tuned,
        training=arms.candidate.version.training.fields_with_names.fields,
        saving=saving,
        where=where,
        tokens=tokens,
        tokens_missing=missing,
        review_hours=Judgment.objects.hours_of(study),
    )


def gpu_price(name: str) -> Hourly | None:
    """Today's price of a machine or a GPU, an hour."""
    return hourly_of(settings.HOME, name, timezone.now().date())


def _spending(study: Study, currency: str) -> tuple[float | None, str]:
    """Cost of this study's answers and judges, or why it is unknown."""
    runs = StudyRun.objects.filter(arm__study=study).values("run")
    rows = list(Spending.objects.filter(run__in=runs).select_related("version__model"))
    if not rows:
        return None, (
            "its answers were made elsewhere, and nobody said what they cost: say "
            "ownership.evaluation.tokens, 0 if they cost nothing"
        )
    unknown = sorted({str(each.version) for each in rows if each.money is None})
    if unknown:
        return None, (
            f"no price of {', '.join(unknown)} is known: say its price, or "
            "ownership.evaluation.tokens"
        )
    others = {_currency_of(study, row.price.listed) for row in rows if row.money and row.price} - {
        currency
    }
    if others:
        return None, (
            f"it was paid by prices in {' and '.join(sorted(others))} and this sheet in "
            f"{currency}: say ownership.evaluation.tokens"
        )
    return sum(each.money or 0.0 for each in rows), ""


def _currency_of(study: Study, table_price: Listed | None) -> str:
    """Currency of a price: its table's, else the study's own."""
    if table_price is None:
        return own_currency(study)
    return prices_here(settings.HOME).currency_of(table_price)


def _uses(
    study: Study, arms: OwnedArms, currency: str
) -> tuple[tuple[ArmUse, ArmUse], Ends | None, str]:
    """What both arms' answers used on the test set, and the paired saving per request."""
    names = arms.baseline.name, arms.candidate.name
    runs = _runs(arms)
    if runs is None or arms.test_set is None:
        nothing = "both arms haven't answered a test set of the study yet"
        bare = [ArmUse(name, missing=nothing) for name in names]
        return (bare[0], bare[1]), None, ""
    prices = [arm_price(study, name, run) for name, run in zip(names, runs, strict=True)]
    runs_by_arm = zip(*([*arms.earlier, runs]), strict=True)
    costs = [
        None
        if price is None or _currency_of(study, price.listed) != currency
        else _costs(arm_runs, price.price)
        for price, arm_runs in zip(prices, runs_by_arm, strict=True)
    ]
    rows = arms.rows or PricedItems.of(arms.test_set, runs)
    uses = []
    for name, run, price, cost in zip(names, runs, prices, costs, strict=True):
        per_request = None if cost is None else rows.mean(cost)
        uses.append(
            ArmUse(
                name,
                per_request=per_request,
                **_tokens(run),
                price=None if price is None else UsedPrice(price=price.price, listed=price.listed),
                missing=""
                if per_request is not None
                else _why(study, name, price, currency, rows.missing(cost)),
            )
        )
    before, after = costs
    saving = None if before is None or after is None else rows.saving(before, after)
    return (uses[0], uses[1]), saving, arms.test_set.name


def _runs(arms: OwnedArms) -> tuple[Run, Run] | None:
    """Both arms' runs on the test set; None where one is missing or unfinished."""
    links = StudyRun.objects.filter(
        arm__in=[arms.baseline, arms.candidate], test_set=arms.test_set, repeat=0
    ).exclude(run__state__in=UNFINISHED)
    by_arm = {each.arm_id: each.run for each in links.select_related("run__test_set_version")}
    if len(by_arm) < 2:
        return None
    return by_arm[arms.baseline.pk], by_arm[arms.candidate.pk]


def _costs(runs: Sequence[Run], price: Price) -> dict[int, list[float]]:
    costs: dict[int, list[float]] = {}
    for run in runs:
        costs |= answer_costs(run, price)
    return costs


def _why(study: Study, name: str, price: ArmPrice | None, currency: str, missing: int) -> str:
    """Why the cost of an arm's requests is unknown."""
    if price is None:
        return (
            f"no price of {name} is known: say arms.{name}.price in the study's file, or put its "
            "model into prices.yaml"
        )
    if (paid_in := _currency_of(study, price.listed)) != currency:
        instead = (
            f"ownership.serving.{name}.monthly"
            if price.said_by == "study"
            else f"arms.{name}.price"
        )
        return (
            f"the price of {name} is in {paid_in} and this sheet in {currency}: say {instead} in "
            f"{currency}"
        )
    return f"the tokens of {name}'s answers aren't known of {missing} items"


def _tokens(run: Run) -> dict[str, float | None]:
    totals = Output.objects.filter(run=run, error="").aggregate(
        answers=Count("pk"),
        told=Count(F("prompt_tokens") + F("completion_tokens")),
        prompt=Avg("prompt_tokens"),
        completion=Avg("completion_tokens"),
    )
    whole = totals["answers"] and totals["told"] == totals["answers"]
    return {name: totals[name] if whole else None for name in ("prompt", "completion")}


@dataclass(frozen=True, slots=True)
class PricedItems:
    """The items that requests are measured on, with clusters and weights."""

    ids: Sequence[int]
    clusters: list[str] | None
    weights: np.typing.NDArray[np.float64] | None

    @classmethod
    def of(cls, test_set: StudyTestSet, runs: tuple[Run, Run]) -> "PricedItems":
        """All items without those with a failed answer, whose cost is unknown."""
        wrong = Output.objects.filter(run__in=runs).exclude(error="")
        failed = set(wrong.values_list("item_id", flat=True))
        items = [each for each in item_labels(runs[0].test_set_version) if each.id not in failed]
        return cls(
            [each.id for each in items],
            clusters_of([each.cluster for each in items]),
            weights_of(items, test_set.mix),
        )

    def missing(self, cost: dict[int, list[float]] | None) -> int:
        """Number of items with unknown cost."""
        return sum(each not in (cost or {}) for each in self.ids)

    def mean(self, cost: dict[int, list[float]]) -> Ends | None:
        """Mean cost of a request with its 95% interval."""
        return self.saving(cost, {each: [0.0] for each in self.ids})

    def saving(self, before: dict[int, list[float]], after: dict[int, list[float]]) -> Ends | None:
        """Paired saving per request with its 95% interval; None where an item's cost is unknown.

        The scale of the interval goes from 0 to the dearest request that was seen.
        """
        if not self.ids or self.missing(before) or self.missing(after):
            return None
        base, tuned = (
            np.array([sum(cost[each]) / len(cost[each]) for each in self.ids])
            for cost in (before, after)
        )
        most = float(max(base.max(), tuned.max()))
        if most == 0:
            return Ends(low=0.0, value=0.0, high=0.0)
        comparison = compare(
            tuned / most,
            base / most,
            clusters=self.clusters,
            weights=self.weights,
            alpha=LEVEL,
            bounds=(0.0, 1.0),
        )
        return Ends(
            low=most * comparison.lower,
            value=most * comparison.difference,
            high=most * comparison.upper,
        )
