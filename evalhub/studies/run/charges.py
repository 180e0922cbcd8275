"""Prices and budgets of a study's runs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from evalhub.accounts.models import Project
from evalhub.declare.prices import Price, SpendingBudget, UsedPrice
from evalhub.declare.version import BackendDeclaration
from evalhub.registry.models import ModelVersion, StudyBudget
from evalhub.registry.slugs import slug_of
from evalhub.studies.file.spec import StudySpec
from runners.spending import Charges, used_price


def charges_of(
    spec: StudySpec, project: Project, arms: Iterable[str], judges: Mapping[str, ModelVersion]
) -> dict[str, Charges]:
    """By arm: its price and the budgets of its runs; the budgets are updated to what the file says
    now.

    Raises evalhub.io.rows.DataError where there is a budget of money and an arm that is asked
    has no price.
    """
    whole = study_budget(spec, project)
    judged = {
        judges[name].digest: _price(
            spec, ("judges", name), judge.backend.live_backend, judge.price, spec.budget
        )
        for name, judge in spec.judges.items()
    }
    of_pairs = spec.policy.pairwise
    pairwise = judges[of_pairs.by].digest if of_pairs else ""
    charges = {}
    for name in arms:
        arm = spec.arms[name]
        price = _price(
            spec, ("arms", name), arm.backend.live_backend, arm.price, spec.budget, arm.budget
        )
        budget = _store_budget(project, _slug(spec), name, arm.budget)
        charges[name] = Charges(price, judged, pairwise, whole, budget)
    return charges


def charges_on(spec: StudySpec, charges: Charges, *, arm: str, test_set: str) -> Charges:
    """The charges of an arm on one test set: without the judge of pairs, except for the candidate
    on the pairs' test set."""
    pairwise = spec.policy.pairwise
    compared = pairwise and (arm, test_set) == (spec.candidate, pairwise.test_set)
    return charges if compared else replace(charges, pairwise="")


def study_budget(spec: StudySpec, project: Project) -> StudyBudget | None:
    """The budget of the whole study, updated to its file; None if the file has none."""
    return _store_budget(project, _slug(spec), "", spec.budget)


def _slug(spec: StudySpec) -> str:
    return spec.slug or slug_of(spec.name)


def _price(
    spec: StudySpec,
    at: tuple[str, str],
    backend: BackendDeclaration | None,
    own: Price | None,
    *budgets: SpendingBudget | None,
) -> UsedPrice | None:
    if backend is None:
        return None
    price = used_price(backend, own)
    if price is None and any(each and each.money is not None for each in budgets):
        raise spec.document.error(
            [*at, "price"],
            "missing: there is a budget of money, and no price of it is known (`evalhub prices`): "
            "say price: {prompt: …, completion: …} a million tokens, 0 where asking it costs "
            "nothing",
        )
    return price


def _store_budget(
    project: Project, study: str, arm: str, limits: SpendingBudget | None
) -> StudyBudget | None:
    if limits is None:
        return None
    now = {"tokens": limits.tokens, "money": limits.money}
    row, created = StudyBudget.objects.get_or_create(
        project=project, study=study, arm=arm, defaults=now
    )
    if not created and (row.tokens, row.money) != (limits.tokens, limits.money):
        StudyBudget.objects.filter(pk=row.pk).update(**now)
        row.tokens, row.money = limits.tokens, limits.money
    return row
