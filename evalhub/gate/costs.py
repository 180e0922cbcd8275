"""What answers cost, item by item: milliseconds, and money or tokens."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from django.db.models import F
from django.db.models.expressions import CombinedExpression
from numpy.typing import NDArray

from evalhub.gate.scores import Pairing
from evalhub.gate.study_evidence import StudyEvidence
from evalhub.registry.models import Output, Run, StudyArm
from evalhub.schemas.prices import Price
from evalhub.verdict.align import Aligned
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.policy import budget_requirements
from evalhub.verdict.wording import counted

Array = NDArray[np.float64]

PER_TOKENS = 1_000_000


# Where no arm has a price, a token costs a millionth: costs compare numbers of tokens.
TOKENS = Price(prompt=1.0, completion=1.0)


def budgets(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, pairings: Mapping[str, Pairing]
) -> tuple[list[Aligned], list[str]]:
    """The policy's budgets: both arms' costs aligned by item, and what isn't known yet.

    `pairings` hold the first look's rows where a test set was added to: costs are those seen then.
    Costs that were not recorded are never taken for 0: a critical budget without them is pending.
    Items of which an answer failed are left out: nobody got what it cost.
    """
    measured: list[Aligned] = []
    pending: list[str] = []
    for asked in budget_requirements(evidence.policy):
        pairing = pairings[asked.test_set]
        answered = pairing.aligned.without_failures()
        ids = [each.id for each in answered.items]
        base = _costs(evidence, asked, pairing.baseline.run, baseline)
        tuned = _costs(evidence, asked, pairing.candidate.run, arm)
        for earlier_base, earlier_tuned in pairing.earlier:
            base |= _costs(evidence, asked, earlier_base, baseline)
            tuned |= _costs(evidence, asked, earlier_tuned, arm)
        unknown = [
            f"The {asked.name} of {each} isn't known for {missing} of "
            f"{counted(len(ids), 'item')} of {asked.test_set}"
            for each, costs in ((baseline, base), (arm, tuned))
            if (missing := sum(item not in costs for item in ids))
        ]
        if asked.tier == "critical":
            pending += unknown
        if ids and not unknown:
            measured.append(
                replace(
                    answered,
                    requirement=asked,
                    failed=None,
                    baseline=_matrix(asked, [base[each] for each in ids]),
                    candidate=_matrix(asked, [tuned[each] for each in ids]),
                )
            )
    return measured, pending


def _costs(
    evidence: StudyEvidence, asked: Requirement, run: Run, arm: StudyArm
) -> dict[int, list[float]]:
    """By item, what each of its answers cost; without the items of which one isn't recorded.

    Nothing where other arms have a price and this one has none: money isn't compared with tokens.
    """
    amount: F | CombinedExpression = F("latency_ms")
    if asked.metric == "cost":
        prices = evidence.study.policy.prices
        if prices and arm.name not in prices:
            return {}
        price = prices.get(arm.name, TOKENS)
        amount = F("prompt_tokens") * price.prompt + F("completion_tokens") * price.completion
    rows = Output.objects.filter(run=run).order_by().values_list("item_id", amount)
    found: dict[int, list[float | None]] = {}
    for item, value in rows.iterator(chunk_size=5000):
        found.setdefault(item, []).append(value)
    scale = PER_TOKENS if asked.metric == "cost" else 1
    return {
        item: [value / scale for value in known]
        for item, values in found.items()
        if len(known := [value for value in values if value is not None]) == len(values)
    }


def _matrix(asked: Requirement, costs: list[list[float]]) -> Array:
    """The items' costs, (n,): the mean over an item's answers; (n, samples) where a quantile of
    the answers is asked, which are as many for every item."""
    if asked.quantile is not None:
        return np.array(costs, dtype=float)
    return np.array([sum(each) / len(each) for each in costs], dtype=float)
