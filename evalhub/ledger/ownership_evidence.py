"""The policy's budget of ownership, measured: what a study's candidate saves a month."""

from collections.abc import Mapping, Sequence

import numpy as np

from evalhub.decision.align import Aligned
from evalhub.decision.cost_model import CostModel
from evalhub.decision.criteria.ownership import OwnershipBudget
from evalhub.decision.criterion import Criterion
from evalhub.decision.ownership.criterion import (
    MonthlyCosts,
    OwnershipEvidence,
    ownership_criterion,
)
from evalhub.decision.ownership.lines import cost_lines
from evalhub.decision.requirements import ownership_budget_of
from evalhub.decision.sections.ownership import OwnershipSection
from evalhub.declare.cost_sheet import CostLine, Ends, Part
from evalhub.declare.ownership import ServingCosts
from evalhub.ledger.costs import answer_costs, arm_price
from evalhub.ledger.ownership import OwnedArms, PricedItems, costs_of_study, gpu_price, statement_of
from evalhub.ledger.scores import Pairing
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Run, StudyArm


def ownership_evidence(
    evidence: StudyEvidence,
    baseline: StudyArm,
    arm: StudyArm,
    pairings: Mapping[str, Pairing],
    *,
    alpha: float,
) -> OwnershipEvidence:
    """Measure the policy's budget of ownership; empty evidence without one.

    Prices that aren't known are never taken for 0: a critical budget without them is pending.
    """
    demand = ownership_budget_of(evidence.policy)
    if demand is None:
        return OwnershipEvidence()
    budget, name = demand
    pairing, study = pairings[name], evidence.study
    traffic = (budget.traffic, budget.traffic)
    ownership = statement_of(study).model_copy(update={"traffic": traffic})
    test_set = next(each for each in evidence.test_sets if each.name == name)
    aligned = pairing.aligned.without_failures()
    rows = PricedItems([each.id for each in aligned.items], aligned.clusters, aligned.weights)
    priced = costs_of_study(
        study, OwnedArms(baseline, arm, test_set, rows, pairing.earlier), ownership
    )
    lines = cost_lines(ownership, priced, gpu_price)
    reckoning = CostModel(lines)
    missing = [
        f"{each.name}: {each.missing}"
        for each in reckoning.lines_without_amount(reckoning.net_parts)
    ]
    if not aligned.items:
        missing.append(f"both arms answered no item of {name}")
    if missing:
        section = _section(budget, priced.currency, lines, missing=missing)
        pending = [f"What owning {arm} costs isn't known: {each}" for each in missing]
        return OwnershipEvidence([], pending if budget.tier == "critical" else [], section)
    costs = [
        _by_item(evidence, side, run, aligned, budget.traffic, earlier)
        if ownership.serving.get(side.name, ServingCosts()) == ServingCosts()
        else np.zeros(len(aligned.items))
        for side, run, earlier in (
            (baseline, pairing.baseline.run, [before for before, _ in pairing.earlier]),
            (arm, pairing.candidate.run, [after for _, after in pairing.earlier]),
        )
    ]
    paid = CostModel([each for each in lines if not _is_measured(each)])
    present = _total(paid, "present")
    monthly = _total(paid, "serving", "upkeep", "retraining")
    criterion = ownership_criterion(
        budget,
        MonthlyCosts(costs[0], costs[1], present, monthly, aligned.clusters, aligned.weights),
        test_set=name,
        currency=priced.currency,
        alpha=alpha,
        harm_alpha=evidence.policy.harm_alpha,
    )
    section = _section(
        budget,
        priced.currency,
        lines,
        criterion=criterion,
        present=_total(reckoning, "present"),
        monthly=_total(reckoning, "serving", "upkeep", "retraining"),
    )
    return OwnershipEvidence([criterion], [], section)


def _is_measured(line: CostLine) -> bool:
    """Whether the line is paid per request, as measured on the arm's own answers."""
    return line.part == "saving" or (
        line.part in ("present", "serving")
        and any(each.origin == "measured" for each in line.figures)
    )


def _by_item(
    evidence: StudyEvidence,
    arm: StudyArm,
    run: Run,
    aligned: Aligned,
    traffic: float,
    earlier: list[Run],
) -> np.typing.NDArray[np.float64]:
    """Monthly cost if all requests were like the item, shape (n,)."""
    own_price = arm_price(evidence.study, arm.name, run)
    assert own_price is not None  # else its line wouldn't be known
    costs = answer_costs(run, own_price.price)
    for earlier_run in earlier:
        costs |= answer_costs(earlier_run, own_price.price)
    return np.array([traffic * sum(costs[each.id]) / len(costs[each.id]) for each in aligned.items])


def _total(paid: CostModel, *parts: Part) -> Ends:
    lines = [each for part in parts for each in paid.of(part)]
    return paid.range_of(
        lambda at: sum(paid.amount(each, at) for each in lines), gain=parts == ("present",)
    )


def _section(
    budget: OwnershipBudget,
    currency: str,
    lines: list[CostLine],
    *,
    criterion: Criterion | None = None,
    present: Ends | None = None,
    monthly: Ends | None = None,
    missing: Sequence[str] = (),
) -> OwnershipSection:
    reckoning = CostModel(lines)
    c = criterion
    return OwnershipSection(
        currency=currency,
        traffic=budget.traffic,
        lines=tuple(reckoning.with_amount(each) for each in lines),
        present=present,
        monthly=monthly,
        net=None if c is None else Ends(low=c.lower, value=c.difference, high=c.upper),
        missing=tuple(missing),
    )
