"""Page: what runs now in each project, and whether its server answers as it was evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.features.deployment.models import Probe
from evalhub.frames.page.access import results_only
from evalhub.ledger.models import Promotion

CHAMPIONS = 25
"""Projects of one page."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """A champion and the newest check of its server; None: nobody checked."""

    promotion: Promotion
    probe: Probe | None


def hand_overs(promotions: Sequence[Promotion]) -> list[HandOver]:
    """With the newest probe of each promoted version. One query."""
    probes = Probe.objects.filter(version__in=[each.version_id for each in promotions])
    newest: dict[int, Probe] = {}
    for probe in probes.order_by("created", "pk").defer("report"):
        newest[probe.version_id] = probe
    return [HandOver(promotion, newest.get(promotion.version_id)) for promotion in promotions]


@require_GET
@results_only
def hand_over(request: SignedInRequest) -> HttpResponse:
    promotions = Promotion.objects.visible_to(request.user).holding().newest_first()
    rows = promotions.select_related("version__model", "project", "by")
    page = Paginator(rows, CHAMPIONS).get_page(request.GET.get("page"))
    context = {"page": page, "rows": hand_overs(list(page.object_list))}
    return render(request, "deployment/hand_over.html", context)


urlpatterns = [path("hand-over/", hand_over, name="hand_over")]
