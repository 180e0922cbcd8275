"""Results of a review for owners: its findings, whether it was blind, and its judgments as
files."""

import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.audit_log import note, note_once
from evalhub.accounts.models import Action
from evalhub.accounts.permissions import owns
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from evalhub.ledger.training_pairs import UnreleasedError, training_pairs
from evalhub.site.judgments_page import judgments_page
from evalhub.site.results_page import results_by_name
from reviews.audit.report import audit
from reviews.errors import ReviewError, StillBlindError, TamperedError
from reviews.models import Campaign
from reviews.models.campaigns import CampaignQuerySet
from reviews.results.browsing import Filters
from reviews.results.campaign_results import campaign_results as results_of
from reviews.results.ended import check_ended, end
from reviews.results.export import (
    as_csv,
    as_jsonl,
    inspect_scores,
    rows,
    write_parquet,
)
from reviews.results.unblind import unblind

View = Callable[[SignedInRequest, Campaign], Any]
TEXTS = {
    "jsonl": ("judgments.jsonl", "application/x-ndjson"),
    "csv": ("judgments.csv", "text/csv; charset=utf-8"),
    "dpo": ("preferences.jsonl", "application/x-ndjson"),
    "inspect": ("inspect-scores.jsonl", "application/x-ndjson"),
}


def _visible(request: SignedInRequest) -> CampaignQuerySet:
    campaigns = Campaign.objects.visible_to(request.user)
    return campaigns.select_related("project", "study", "baseline__model", "candidate__model")


def only_ended(view: View) -> Callable[[SignedInRequest, int], Any]:
    """Decorator of a view of an ended and sealed review; the verb checks whether it was changed.

    One that goes on says so, as does one whose record was changed; neither shows anything (409).
    """

    @wraps(view)
    def guard(request: SignedInRequest, pk: int) -> Any:
        campaign = get_object_or_404(_visible(request), pk=pk)
        context = {"campaign": campaign, "owner": owns(request.user, campaign.project)}
        try:
            end(campaign, by=request.user)
            what = str(campaign)
            note_once(Action.SAW_RESULTS, by=request.user, project=campaign.project, what=what)
            return view(request, campaign)
        except StillBlindError as error:
            context["error"] = error
            return render(request, "site/results/blind.html", context, status=409)
        except TamperedError as error:
            context["error"] = error
            return render(request, "site/results/changed.html", context, status=409)

    return guard


@never_cache
@require_GET
@results_only
@only_ended
def campaign_results(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    results = results_of(campaign)
    context = {
        "campaign": campaign,
        "found": results,
        "owner": owns(request.user, campaign.project),
        **results_by_name(results.summary),
    }
    return render(request, "site/results/results.html", context)


@never_cache
@require_GET
@results_only
@only_ended
def judgments(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    """Judgments one by one, selected by the address."""
    page = judgments_page(campaign, Filters.of(request.GET), request.GET.get("page", ""))
    part = "_judgments.html" if request.htmx else "judgments.html"
    return render(request, f"site/results/{part}", {"campaign": campaign, "shown": page})


@never_cache
@require_GET
@results_only
@only_ended
def campaign_audit(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    context = {"campaign": campaign, "audit": audit(campaign)}
    return render(request, "site/results/audit.html", context)


@never_cache
@require_GET
@results_only
@only_ended
def audit_file(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    """The audit's canonical document; its SHA-256 is in a header and on the page."""
    document = audit(campaign)
    response = HttpResponse(document.text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = _attachment(campaign, "audit.json")
    response.headers["Evalhub-SHA256"] = document.sha256
    return response


@never_cache
@require_GET
@results_only
@only_ended
def export(request: SignedInRequest, campaign: Campaign) -> Any:
    """Judgments as ?format=jsonl, csv or parquet; preference pairs as dpo; scores as inspect."""
    check_ended(campaign)
    wanted = request.GET.get("format", "jsonl")
    if wanted not in (*TEXTS, "parquet"):
        raise Http404
    if wanted == "dpo":
        return _pairs(request, campaign)
    with transaction.atomic():
        what = f"{campaign} as {wanted}"
        note(Action.EXPORTED, by=request.user, project=campaign.project, what=what)
    records = rows(campaign, pseudonyms="pseudonyms" in request.GET)
    if wanted == "parquet":
        return _parquet(campaign, records)
    name, content_type = TEXTS[wanted]
    if wanted == "inspect":
        records = inspect_scores(campaign)
    lines = as_csv(records) if wanted == "csv" else as_jsonl(records)
    headers = {"Content-Disposition": _attachment(campaign, name)}
    return StreamingHttpResponse(lines, content_type=content_type, headers=headers)


@require_POST
@results_only
def unblind_campaign(request: SignedInRequest, pk: int) -> HttpResponse:
    campaign = get_object_or_404(_visible(request).defer("plan"), pk=pk)
    try:
        with as_read(request, campaign):
            unblind(campaign=campaign, by=request.user)
    except ReviewError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The models are named. Nothing can be answered or changed now.")
    return redirect("site:campaign_results", pk)


def _pairs(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    """Pairs to train on; back to the results, with the reason, where they may not go out."""
    try:
        pairs = training_pairs(
            campaign=campaign,
            by=request.user,
            ties="keep" if "ties" in request.GET else "drop",
            released_only="released" in request.GET,
        )
    except UnreleasedError as error:
        messages.error(request, str(error))
        return redirect("site:campaign_results", campaign.pk)
    name, content_type = TEXTS["dpo"]
    headers = {"Content-Disposition": _attachment(campaign, name)}
    return HttpResponse(pairs.text, content_type=content_type, headers=headers)


def _parquet(campaign: Campaign, records: Any) -> FileResponse:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "judgments.parquet"
        write_parquet(records, path)
        file = path.open("rb")  # stays readable after its folder is deleted
    name = f"review-{campaign.pk}-judgments.parquet"
    return FileResponse(
        file, as_attachment=True, filename=name, content_type="application/vnd.apache.parquet"
    )


def _attachment(campaign: Campaign, name: str) -> str:
    return f'attachment; filename="review-{campaign.pk}-{name}"'
