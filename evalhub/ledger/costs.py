"""Cost of answers by item: milliseconds, and money or tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.align import Aligned
from evalhub.decision.criteria.budget import RatioBudget
from evalhub.decision.criteria.cost import CostKind
from evalhub.decision.requirements import Requirement, amount_of, budget_requirements
from evalhub.decision.sections.prices import ArmPrice, PricesSection
from evalhub.decision.wording import count_text
from evalhub.declare.prices import Price
from evalhub.ledger.scores import Pairing
from evalhub.ledger.shadow import costs_not_comparable
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Output, Run, Study, StudyArm

Array = NDArray[np.float64]


COST = CostKind()
# Where no arm has a price, a token costs a millionth: costs compare numbers of tokens.
TOKENS = Price(prompt=1.0, completion=1.0)


def arm_prices(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, pairings: Mapping[str, Pairing]
) -> PricesSection | None:
    """By which prices the two arms' answers are put into money: those that the study says, else
    those that their runs were asked at. None where no cost is asked about, or nobody has a price:
    numbers of tokens are compared."""
    requirements = [each for each in budget_requirements(evidence.policy) if amount_of(each).priced]
    if not requirements:
        return None
    pairing = pairings[requirements[0].test_set]
    runs = {baseline.name: pairing.baseline.run, arm.name: pairing.candidate.run}
    by_arm = {name: arm_price(evidence.study, name, run) for name, run in runs.items()}
    if not evidence.study.policy.prices and not any(by_arm.values()):
        return None
    return PricesSection(baseline=by_arm[baseline.name], candidate=by_arm[arm.name])


def arm_price(study: Study, arm: str, run: Run) -> ArmPrice | None:
    """Price of an arm's tokens: the study's, else the one its run was asked at; None without
    any."""
    declared_price = study.policy.prices.get(arm)
    if declared_price is not None:
        return ArmPrice(price=declared_price, said_by="study")
    spending = run.spending.filter(version=run.version_id, price__isnull=False).first()
    if spending is None or spending.price is None:
        return None
    return ArmPrice(price=spending.price.price, said_by="run", listed=spending.price.listed)


def budgets(
    evidence: StudyEvidence,
    baseline: StudyArm,
    arm: StudyArm,
    pairings: Mapping[str, Pairing],
    prices: PricesSection | None,
) -> tuple[list[Aligned], list[str]]:
    """The policy's budgets: both arms' costs aligned by item, and sentences on what isn't known
    yet.

    `pairings` hold the first look's rows where a test set was added to: costs are those seen then.
    Costs that were not recorded are never taken for 0: a critical budget without them is pending.
    Items of which an answer failed are left out: nobody got what it cost. Of an answer that a
    mirror lost nobody knows, and an amount has no worst: it gets the largest that came of either
    arm, or of the baseline the smallest of its own, for the verdict with lost pairs filled.
    """
    measured: list[Aligned] = []
    pending: list[str] = []
    for requirement in budget_requirements(evidence.policy):
        kind = amount_of(requirement)
        pairing = pairings[requirement.test_set]
        if why := costs_not_comparable(pairing.baseline.run, pairing.candidate.run):
            apart = f"The {requirement.name} on {requirement.test_set} isn't measured: {why}"
            pending += [apart] if requirement.tier == "critical" else []
            continue
        answered = _without_failures(pairing.aligned)
        ids = [each.id for each in answered.without_lost().items]
        of_base, of_tuned = TOKENS, TOKENS
        if prices is not None and kind.priced:
            both = ((baseline, prices.baseline), (arm, prices.candidate))
            known_prices = [price.price for _, price in both if price is not None]
            if len(known_prices) < len(both):
                bare = [_missing_price(each) for each, price in both if price is None]
                pending += bare if requirement.tier == "critical" else []
                continue
            of_base, of_tuned = known_prices
        base = answer_costs(pairing.baseline.run, of_base, kind)
        tuned = answer_costs(pairing.candidate.run, of_tuned, kind)
        for earlier_base, earlier_tuned in pairing.earlier:
            base |= answer_costs(earlier_base, of_base, kind)
            tuned |= answer_costs(earlier_tuned, of_tuned, kind)
        unknown = [
            f"The {requirement.name} of {side} isn't known for {missing} of "
            f"{count_text(len(ids), 'item')} of {requirement.test_set}"
            for side, costs in ((baseline, base), (arm, tuned))
            if (missing := sum(item not in costs for item in ids))
        ]
        if requirement.tier == "critical":
            pending += unknown
        if ids and not unknown:
            amounts = _filled(answered, base, tuned, ids)
            before, after = (_matrix(requirement, each) for each in amounts)
            measured.append(
                replace(
                    answered, requirement=requirement, failed=None, baseline=before, candidate=after
                )
            )
    return measured, pending


def _without_failures(aligned: Aligned) -> Aligned:
    """Only the items that both arms answered, and those of which an answer was lost."""
    if aligned.lost is None or aligned.failed is None:
        return aligned.without_failures()
    return aligned.where(aligned.lost | ~aligned.failed.any(axis=0))


def _filled(
    answered: Aligned,
    base: Mapping[int, list[float]],
    tuned: Mapping[int, list[float]],
    known: Sequence[int],
) -> tuple[list[list[float]], list[list[float]]]:
    """Both arms' amounts by item, with the worst that came for each answer that was lost; `known`
    are the items of which none was."""
    before = [base[item] for item in known]
    came = [*before, *(tuned[item] for item in known)]
    most = [max(map(max, came))] * len(came[0])
    least = [min(map(min, before))] * len(came[0])
    ids = [each.id for each in answered.items]
    lost = set(ids) - set(known)
    return (
        [base.get(item, least) if item in lost else base[item] for item in ids],
        [most if item in lost else tuned[item] for item in ids],
    )


def _missing_price(arm: StudyArm) -> str:
    return (
        f"The cost of {arm.name} isn't known: no price of it is. Say arms.{arm.name}.price in the "
        "study's file, or put its model into prices.yaml, and run the study again"
    )


def answer_costs(run: Run, price: Price, kind: RatioBudget = COST) -> dict[int, list[float]]:
    """By item, the amount of each of its answers; without items of which an answer has no
    record."""
    rows = Output.objects.filter(run=run).order_by().values_list("item_id", *kind.columns)
    amounts: dict[int, list[float | None]] = {}
    for item, *values in rows.iterator(chunk_size=5000):
        answer = dict(zip(kind.columns, values, strict=True))
        amounts.setdefault(item, []).append(kind.amount(answer, price))
    return {
        item: complete
        for item, values in amounts.items()
        if len(complete := [value for value in values if value is not None]) == len(values)
    }


def _matrix(requirement: Requirement, costs: list[list[float]]) -> Array:
    """The items' costs, (n,): the mean over an item's answers; (n, samples) where a quantile of
    the answers is asked, which are as many for every item."""
    if requirement.quantile is not None:
        return np.array(costs, dtype=float)
    return np.array([sum(each) / len(each) for each in costs], dtype=float)
