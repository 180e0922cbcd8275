"""A study's arms by quality and by one kind of cost, which the reader chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.criteria.primary import Primary
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.measured_costs import MeanCost, RunCosts, run_costs
from evalhub.ledger.models import Decision
from evalhub.report.pareto import ArmPoint, Pareto, Ranged, pareto

NAMES = {
    "money": "money an answer",
    "latency": "milliseconds an answer",
    "tokens": "tokens an answer",
}


@dataclass(frozen=True, slots=True)
class CostView:
    """`chosen` is one of `choices`; `untold` are the costs of which no two arms are known."""

    criterion: str
    metric: str
    test_set: str
    chosen: str
    choices: Sequence[tuple[str, str]]
    untold: Sequence[str]
    pareto: Pareto | None


def cost_view(decisions: Mapping[str, Decision], decision: Decision, cost: str) -> CostView | None:
    """The first primary criterion of the decision, compared over the arms' newest decisions, with
    their runs' costs on its test set; None if the decision has no primary. Four queries.

    An arm whose evidence is invalid has no point: its results aren't shown.
    """
    primary = _primary(decision.document)
    if primary is None:
        return None
    points = [
        (other, criterion, *runs)
        for other in decisions.values()
        if (criterion := _primary(other.document, primary.name)) is not None
        and (runs := _runs(other.document, criterion)) is not None
    ]
    if not points:
        return None
    costs = run_costs(sorted({run for *_, before, after in points for run in (before, after)}))
    by_cost = {
        name: pareto
        for name in NAMES
        if (pareto := _pareto(points, costs, name, primary.name)).chart is not None
    }
    chosen = cost if cost in by_cost else next(iter(by_cost), "")
    return CostView(
        criterion=primary.name,
        metric=primary.metric,
        test_set=primary.test_set,
        chosen=chosen,
        choices=[(name, NAMES[name]) for name in by_cost],
        untold=[label for name, label in NAMES.items() if name not in by_cost],
        pareto=by_cost.get(chosen),
    )


def _primary(record: DecisionRecord, name: str = "") -> Criterion | None:
    """The record's first primary criterion, or the one of this name."""
    if record.verdict is Verdict.INVALID:
        return None
    primaries = [each for each in record.criteria if each.role == Primary.role]
    return next((each for each in primaries if name in ("", each.name)), None)


def _runs(record: DecisionRecord, criterion: Criterion) -> tuple[int, int] | None:
    for evidence in record.evidence:
        if (
            evidence.test_set == criterion.test_set
            and evidence.baseline_run
            and evidence.candidate_run
        ):
            return evidence.baseline_run, evidence.candidate_run
    return None


def _pareto(
    points: Sequence[tuple[Decision, Criterion, int, int]],
    costs: Mapping[int, RunCosts],
    name: str,
    quality: str,
) -> Pareto:
    def of(run: int) -> Ranged | None:
        mean_cost: MeanCost | None = getattr(costs[run], name) if run in costs else None
        return (
            None if mean_cost is None else Ranged(mean_cost.mean, mean_cost.lower, mean_cost.upper)
        )

    first, _, before, _ = points[0]
    arms = [ArmPoint(first.document.arms.baseline.name, "", Ranged(0.0), of(before))]
    for decision, criterion, _, after in points:
        value = Ranged(criterion.difference, criterion.lower, criterion.upper)
        arms.append(ArmPoint(decision.arm, decision.verdict, value, of(after)))
    return pareto(arms, quality=quality, cost=NAMES[name])
