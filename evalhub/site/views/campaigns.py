"""Pages for those who run reviews: make, invite, follow, pause, close."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.permissions import owns
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.page.access import redirects_refusals, results_only
from evalhub.frames.page.read_from import as_read
from evalhub.io.rows import DataError
from evalhub.registry.models import Study
from evalhub.site.campaign_form import CampaignForm, UploadForm
from evalhub.site.campaign_making import (
    campaign_form,
    plan_of_form,
    register_upload_form,
    source_of,
)
from evalhub.site.campaign_page import ReviewSource, running
from evalhub.site.inviting import invite_all, outcome_in_session
from evalhub.site.listing import list_page
from evalhub.site.lists import campaigns_list, choice_of_study
from evalhub.site.plan_look import form_values, look_at
from evalhub.studies.run.reviewing import for_study
from evalhub.studies.run.verdicts import with_verdict
from reviews.assignments.reviewers import let_in, pause_reviewer, remove_reviewer, set_quota
from reviews.errors import PlanError, ReviewError
from reviews.joining.invite import withdraw
from reviews.joining.vouch import vouch
from reviews.models import Campaign
from reviews.models.campaigns import CampaignQuerySet
from reviews.planning.campaign import close_campaign, open_campaign, pause_campaign, resume_campaign

NEWEST = 20
"""Studies that the list of reviews offers at once; all others are a click away."""
VERBS = {"pause": pause_campaign, "resume": resume_campaign, "close": close_campaign}
PEOPLE = {"pause": pause_reviewer, "let-in": let_in, "remove": remove_reviewer}
shows_refusal = redirects_refusals("site:campaign", ReviewError)
DONE = {"pause": "paused", "resume": "open again", "close": "closed: it takes no more answers"}


def _visible(request: SignedInRequest) -> CampaignQuerySet:
    return Campaign.objects.visible_to(request.user).for_owners().defer("plan")


@require_GET
@results_only
def campaigns(request: SignedInRequest) -> HttpResponse:
    page = list_page(campaigns_list(request.user), _visible(request), request.GET)
    studies = Study.objects.visible_to(request.user)
    count, newest = studies.count(), studies[:NEWEST]
    context = {"listed": page, "newest": newest, "studies": count, "others": count > NEWEST}
    return render(request, "site/campaigns/list.html", context)


@require_GET
@results_only
def choose_study(request: SignedInRequest) -> HttpResponse:
    """Choose the study whose answers a new review compares; every study is listed."""
    studies = Study.objects.visible_to(request.user).select_related("project")
    choices = with_verdict(studies.with_run_counts())
    page = list_page(choice_of_study(request.user), choices, request.GET)
    return render(request, "site/campaigns/choose.html", {"listed": page})


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def new_campaign(request: SignedInRequest) -> HttpResponse:
    """The form of a review with its cost; `open` seals the plan and opens the review."""
    try:
        source, superseded = source_of(request)
    except PlanError as error:
        messages.error(request, str(error))
        return redirect("site:campaigns")
    form = campaign_form(request, source, superseded)
    if "open" in request.POST and form.is_valid():
        try:
            return _open(request, form, source, superseded)
        except PlanError as error:
            form.add_error(None, str(error))
    context = {"form": form, "source": source, "superseded": superseded}
    context |= plan_of_form(form, source)
    if "look" in request.POST and "preview" in context:
        return _look(request, context)
    part = "_preview.html" if request.htmx else "new.html"
    return render(request, f"site/campaigns/{part}", context)


@require_http_methods(["GET", "POST"])
@results_only
def upload(request: SignedInRequest) -> HttpResponse:
    """Upload a file of pairs as two runs; then the same form as for a study."""
    projects = Project.objects.visible_to(request.user).order_by("slug")
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        projects=list(projects.values_list("slug", "name")),
    )
    if request.method == "POST" and form.is_valid():
        try:
            runs = register_upload_form(
                form, projects.get(slug=form.cleaned_data["project"]), by=request.user
            )
        except (DataError, DeclarationError) as error:
            form.add_error(None, str(error))
        else:
            query = {"runs": runs, "name": form.cleaned_data["name"]}
            return redirect(reverse("site:new_campaign", query=query))
    context = {"form": form}
    return render(
        request, "site/campaigns/upload.html", context, status=400 if form.errors else 200
    )


@never_cache
@require_GET
@results_only
def campaign(request: SignedInRequest, pk: int) -> HttpResponse:
    campaign = get_object_or_404(_visible(request), pk=pk)
    context = _campaign_context(request, campaign)
    if not request.htmx:
        context |= {"told": outcome_in_session(request, campaign)}
    part = "_running.html" if request.htmx else "campaign.html"
    return render(request, f"site/campaigns/{part}", context)


@require_POST
@results_only
@shows_refusal
def change_campaign(request: SignedInRequest, pk: int) -> HttpResponse:
    campaign = get_object_or_404(_visible(request), pk=pk)
    verb = request.POST.get("verb", "")
    if verb not in VERBS:
        raise Http404
    with as_read(request, campaign):
        VERBS[verb](campaign=campaign, by=request.user)
    messages.success(request, f"The review is {DONE[verb]}.")
    return redirect("site:campaign", pk)


@never_cache
@require_POST
@results_only
@shows_refusal
def invite_people(request: SignedInRequest, pk: int) -> HttpResponse:
    """Invite people. A page with links is the answer itself; otherwise it redirects, so that it can
    be reloaded."""
    campaign = get_object_or_404(_visible(request), pk=pk)
    outcome = invite_all(campaign, request)
    if not outcome.links:
        outcome.keep(request, campaign)
        return redirect(reverse("site:campaign", args=[pk]) + "#invited")
    context = _campaign_context(request, campaign) | {"told": outcome, "links": outcome.links}
    return render(request, "site/campaigns/campaign.html", context)


@require_POST
@results_only
@shows_refusal
def change_reviewer(request: SignedInRequest, pk: int, reviewer: int) -> HttpResponse:
    campaign = get_object_or_404(_visible(request), pk=pk)
    person = get_object_or_404(campaign.reviewers, pk=reviewer)
    verb = request.POST.get("verb", "")
    if verb not in {"quota", "vouch", *PEOPLE}:
        raise Http404
    with as_read(request, person, lock=campaign):
        if verb == "quota":
            quota = _number(request.POST.get("quota", ""))
            set_quota(reviewer=person, quota=quota, by=request.user)
        elif verb == "vouch":
            vouch(campaign=campaign, whom=person.user.get_username(), by=request.user)
            messages.success(request, f"You vouch for {person.user}: their judgments count.")
        else:
            PEOPLE[verb](reviewer=person, by=request.user)
    return redirect(reverse("site:campaign", args=[pk]) + "#people")


@require_POST
@results_only
@shows_refusal
def withdraw_invitation(request: SignedInRequest, pk: int, invitation: int) -> HttpResponse:
    campaign = get_object_or_404(_visible(request), pk=pk)
    row = get_object_or_404(campaign.invitations, pk=invitation)
    with as_read(request, row):
        withdraw(invitation=row, by=request.user)
    messages.success(request, "The invitation is withdrawn: its link ends.")
    return redirect(reverse("site:campaign", args=[pk]) + "#people")


def _campaign_context(request: SignedInRequest, campaign: Campaign) -> dict[str, Any]:
    owner = owns(request.user, campaign.project)
    return {"running": running(campaign), "campaign": campaign, "owner": owner}


def _look(request: SignedInRequest, planned: dict[str, Any]) -> HttpResponse:
    """The plan's pairs as a reviewer would see them; the form's values are passed on."""
    prepared, plan_request = planned["preview"].prepared, planned["asked"]
    context = look_at(prepared, plan_request, request.POST["look"])
    context |= {"typed": form_values(request.POST)}
    return render(request, "site/campaigns/look.html", context)


def _open(
    request: SignedInRequest, form: CampaignForm, source: ReviewSource, superseded: Campaign | None
) -> HttpResponse:
    campaign = open_campaign(
        design=for_study(form.cleaned_data["request"], source.study),
        runs=source.choose_runs(form.cleaned_data["arms"]),
        study=source.study,
        name=source.name,
        by=request.user,
        supersedes=superseded,
    )
    messages.success(request, "The plan is sealed and the review is open. Invite people now.")
    return redirect("site:campaign", campaign.pk)


def _number(text: str) -> int | None:
    """A form's whole number; None for anything else."""
    return int(text) if text.isdecimal() and len(text) < 8 else None
