"""The cost sheet of a study: what its candidate costs, next to the baseline's present bill.

Like counts and errors this is always open: it says nothing of what an answer is worth.
"""

from django.conf import settings

from evalhub.decision.ownership.figures import KnownCosts
from evalhub.decision.ownership.lines import cost_lines, traffic_of
from evalhub.decision.ownership.sheet import cost_sheet
from evalhub.declare.cost_sheet import CostSheet
from evalhub.declare.ownership import Ownership
from evalhub.ledger.models import Decision
from evalhub.ledger.ownership import (
    OwnedArms,
    costs_of_study,
    gpu_price,
    own_currency,
    statement_of,
)
from evalhub.prices.table import prices_here, surcharge
from evalhub.registry.models import Study, StudyArm
from evalhub.registry.models.studies import ArmRole, CriterionRole


def arms_to_compare(study: Study, candidate: str = "") -> OwnedArms:
    """The candidate in question, or another by its name, and the baseline of its newest decision.
    Three queries.

    Raises StudyArm.DoesNotExist where the study has no such arm beside its baseline.
    """
    arms = {each.name: each for each in study.arms.select_related("version__model")}
    by_role = {each.role: each for each in arms.values()}
    tuned = arms.get(candidate) if candidate else by_role.get(ArmRole.CANDIDATE)
    if tuned is None:
        raise StudyArm.DoesNotExist(f"{study} has no arm {candidate!r}")
    decided = Decision.objects.filter(study=study, arm=tuned.name).newest_first().first()
    recorded = decided and arms.get(decided.document.arms.baseline.name)
    base = recorded or by_role[ArmRole.BASELINE]
    if tuned == base:
        raise StudyArm.DoesNotExist(f"{tuned} is the baseline of {study}")
    judged = [each for each in study.test_sets.judged().select_related("metric") if not each.form]
    primaries = [each for each in judged if each.role == CriterionRole.PRIMARY]
    return OwnedArms(base, tuned, next(iter([*primaries, *judged]), None))


def cost_of(study: Study, assumed: Ownership | None = None, *, candidate: str = "") -> CostSheet:
    """The candidate's total cost, next to the baseline's present bill.

    Args:
        assumed: what is said in place of what the study says, part by part.
        candidate: another arm's name; "": the one in question.

    Raises:
        StudyArm.DoesNotExist: there is no such arm beside the baseline.
        evalhub.io.rows.DataError: what is wrong with the operator's tables of prices.
    """
    arms = arms_to_compare(study, candidate)
    ownership = _with_assumed(study, assumed)
    costs = costs_of_study(study, arms, ownership)
    lines = cost_lines(ownership, costs, gpu_price, assumed=assumed)
    traffic = traffic_of(ownership, assumed)
    return cost_sheet(
        lines,
        study=study.name,
        baseline=arms.baseline.name,
        candidate=arms.candidate.name,
        currency=costs.currency,
        traffic=traffic,
        notes=[*_other_currency(study, costs.currency), *_notes(costs)],
    )


def _with_assumed(study: Study, assumed: Ownership | None) -> Ownership:
    """The study's figures, replaced by the assumptions where there are any. Amounts in two
    currencies are never added: of a study in another currency than the assumptions only the traffic
    is used."""
    own = statement_of(study)
    if assumed is not None and assumed.currency not in (None, own_currency(study)):
        own = Ownership(traffic=own.traffic)
    return own.overlaid_with(assumed)


def _other_currency(study: Study, currency: str) -> list[str]:
    """Why the study's own amounts aren't on a sheet in another currency."""
    own = own_currency(study)
    if own == currency:
        return []
    return [
        f"The study's amounts and prices are in {own} and this sheet in {currency}: nothing is "
        f"converted, so that of the study only its traffic and its measured tokens count here."
    ]


def _notes(costs: KnownCosts) -> list[str]:
    """Remarks for the reader of the figures."""
    arms = costs.baseline, costs.candidate
    notes = [
        f"{arm.name} is a hosted fine-tune: {note}."
        for arm in arms
        if arm.price is not None
        and arm.price.listed is not None
        and (note := surcharge(prices_here(settings.HOME), arm.price))
    ]
    before, after = costs.baseline.prompt, costs.candidate.prompt
    if before and after and before != after:
        more = "longer" if after > before else "shorter"
        notes.append(
            f"Prompts of {costs.candidate.name} have {after:,.0f} tokens on the average where "
            f"those of {costs.baseline.name} have {before:,.0f}: {abs(after / before - 1):.0%} "
            f"{more}, measured on {costs.where}."
        )
    return notes
