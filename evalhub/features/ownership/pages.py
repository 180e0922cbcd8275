"""Page: what a study's candidate costs, with a form to try other figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.cost_model import TRAFFIC
from evalhub.declare.cost_sheet import UPFRONT, CostLine, CostSheet
from evalhub.features.ownership.form import WhatIfForm
from evalhub.features.ownership.tornado import TornadoPlot, tornado_plot
from evalhub.features.ownership.usual import UsualSheet, sheet_with_usual
from evalhub.features.ownership.wording import totals
from evalhub.frames.page.access import results_only
from evalhub.io.rows import DataError
from evalhub.ledger.ownership import statement_of
from evalhub.registry.models import Study, StudyArm
from evalhub.registry.models.studies import ArmRole


@dataclass(frozen=True, slots=True)
class CostPage:
    """`once` and `monthly` are the lines that are paid once and monthly; `usual` those that rest
    on usual figures; `arms` the other arms to choose from; `tried` whether the form changed
    something."""

    study: Study
    form: WhatIfForm
    sheet: CostSheet
    once: Sequence[CostLine]
    monthly: Sequence[CostLine]
    totals: Sequence[tuple[str, str]]
    tornado: TornadoPlot | None
    usual: Sequence[str]
    arms: Sequence[StudyArm]
    tried: bool


def cost_page(study: Study, query: QueryDict) -> CostPage:
    """The page for the address's query. A constant number of queries.

    Raises StudyArm.DoesNotExist where there is no such arm.
    """
    candidate = query.get("arm", "")
    shown = sheet_with_usual(study, candidate=candidate)
    form = WhatIfForm(query, sheet=shown.sheet, stated=statement_of(study))
    assumed = form.cleaned_data.get("assumed") if form.is_valid() else None
    if assumed is not None:
        shown = sheet_with_usual(study, assumed, candidate=candidate)
    sheet = shown.sheet
    return CostPage(
        study=study,
        form=form,
        sheet=sheet,
        once=[each for each in sheet.lines if each.part in UPFRONT],
        monthly=[each for each in sheet.lines if each.part not in UPFRONT],
        totals=_totals(shown),
        tornado=None if sheet.tornado is None else tornado_plot(sheet.tornado),
        usual=["requests a month" if each == TRAFFIC else each for each in shown.names],
        arms=list(study.arms.exclude(role=ArmRole.BASELINE)),
        tried=assumed is not None,
    )


def _totals(shown: UsualSheet) -> list[tuple[str, str]]:
    """The totals; nothing by the request where how many there are is only assumed."""
    by_month = {"net_per_request": None} if TRAFFIC in shown.names else {}
    return list(totals(shown.sheet.model_copy(update=by_month)))


@require_GET
@results_only
def study_cost(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = Study.objects.visible_to(request.user).select_related("project")
    study = get_object_or_404(rows, pk=pk)
    try:
        page = cost_page(study, request.GET)
    except StudyArm.DoesNotExist as error:
        raise Http404(str(error)) from error
    except DataError as error:  # of the operator's table of prices
        messages.error(request, f"What it costs isn't known: {error}.")
        return redirect("site:study", pk)
    return render(request, "ownership/cost.html", {"shown": page, "study": study})


urlpatterns = [path("studies/<int:pk>/cost/", study_cost, name="study_cost")]
