"""Page: the studies, what their answers cost so far, and the way to what each would cost to own."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.ledger.models import Decision
from evalhub.registry.models import Spending, Study, StudyRun

STUDIES = 25
"""Studies of one page."""


@dataclass(frozen=True, slots=True)
class StudyPayment:
    """What a study's answers cost so far; None where no price of them is known."""

    study: Study
    money: float | None


def payments_of(studies: Sequence[Study]) -> list[StudyPayment]:
    """What was paid for the answers that each study rests on, shared runs in full. Two queries."""
    used = StudyRun.objects.filter(arm__study__in=studies).order_by()
    runs_of: dict[int, set[int]] = defaultdict(set)
    for study, run in used.values_list("arm__study", "run"):
        runs_of[study].add(run)
    spent = Spending.objects.filter(run__in={run for runs in runs_of.values() for run in runs})
    amounts = spent.exclude(money=None).order_by().values_list("run").annotate(money=Sum("money"))
    paid = dict(amounts)
    return [
        StudyPayment(study, _sum(paid[run] for run in runs_of[study.pk] if run in paid))
        for study in studies
    ]


def _sum(amounts: Iterable[float]) -> float | None:
    """None of nothing: no price is known, which isn't zero."""
    known = list(amounts)
    return sum(known) if known else None


@require_GET
@results_only
def costs(request: SignedInRequest) -> HttpResponse:
    decided = Decision.objects.filter(study=OuterRef("pk"))
    studies = Study.objects.visible_to(request.user).filter(Exists(decided))
    rows = studies.select_related("project").order_by("-created", "-pk")
    page = Paginator(rows, STUDIES).get_page(request.GET.get("page"))
    context = {"page": page, "payments": payments_of(list(page.object_list))}
    return render(request, "ownership/all_costs.html", context)


urlpatterns = [path("costs/", costs, name="costs")]
