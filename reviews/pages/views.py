"""A reviewer's pages. None of them knows which arm is which once a page is rendered."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.draft_recovery import person_mark
from evalhub.accounts.models import MemberInvitation, Project
from evalhub.accounts.requests import SignedInRequest
from reviews.assignments import judge as judging
from reviews.assignments.assign import Assigned, End, assign
from reviews.assignments.holding import ends_block
from reviews.assignments.progress import Progress, own_reviews, progress_of
from reviews.assignments.seats import shorten_leases
from reviews.errors import (
    InvitedOnlyError,
    NoReasonError,
    NotInvitedError,
    ReviewError,
    UnblindedError,
    UnfitAnswerError,
    UnknownAssignmentError,
    UnknownChoiceError,
    UnknownSideError,
)
from reviews.examples.progress import own_queues
from reviews.joining.admit import admit
from reviews.models import Assignment, Campaign, Invitation
from reviews.pages.page import own_assignment, turn_context, view_of, within_block
from reviews.pages.reading import (
    answer_of,
    pairs_ahead,
    seconds_late,
    skip_reason,
    token_of,
)
from reviews.results.adjudicate import adjudicate, may_adjudicate, next_disagreement, to_adjudicate
from reviews.results.guess import pending_guesses, record_guess
from reviews.results.record import record

MARK = "Evalhub-Person"
"""The header that says to whom a reply was given; no reply of any other view has it.

A page keeps unsaved answers for its own person, whoever has signed in since.
"""

STATUS = {
    NotInvitedError: 404,
    UnknownAssignmentError: 404,
    UnblindedError: 403,
    InvitedOnlyError: 403,
    UnknownChoiceError: 400,
    UnfitAnswerError: 400,
    NoReasonError: 400,
    UnknownSideError: 400,
}


def explain_errors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorator: a verb's ReviewError becomes a page that explains it."""

    @wraps(view)
    def guard(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ReviewError as error:
            own = Campaign.objects.defer("plan").filter(reviewers__user=request.user)
            campaigns = (
                own.filter(pk=kwargs["pk"])
                if "pk" in kwargs
                else own.filter(reviewers__assignments__token=kwargs["token"])
            )
            knows = isinstance(error, UnblindedError)
            results = knows and Project.objects.visible_to(request.user).exists()
            context = {"error": error, "campaign": campaigns.first(), "results": results}
            status = STATUS.get(type(error), 409)
            return _page(request, "refusal", context, status=status)

    return guard


@never_cache
@require_GET
def home(request: SignedInRequest) -> HttpResponse:
    """The campaigns in which this person reviews, and the invitations that wait for them."""
    results = Project.objects.visible_to(request.user).exists()
    invited = Invitation.objects.waiting_for(request.user).select_related("campaign__project", "by")
    invitations = MemberInvitation.objects.waiting_for(request.user).select_related("project", "by")
    context = {
        "reviews": own_reviews(request.user),
        "queues": own_queues(request.user),
        "results": results,
        "invited": invited.defer("campaign__plan"),
        "asked": invitations,
    }
    return _page(request, "home", context, part="")


@never_cache
@require_GET
@explain_errors
def campaign(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """The comparison at hand, or why there is none."""
    return _current(request, assign(campaign=_campaign(pk), user=request.user, ahead=0))


@never_cache
@require_GET
@explain_errors
def ahead(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """The comparisons after the one at hand, for the page to have ready; empty without any."""
    hold = pairs_ahead(request.GET.get("hold"))
    return _ahead(request, assign(campaign=_campaign(pk), user=request.user, ahead=hold), hold)


@never_cache
@require_GET
@explain_errors
def sheet(request: SignedInRequest, *, token: uuid.UUID) -> HttpResponse:
    """The request and the answers of one's own comparison, in another way to look at them."""
    assignment = own_assignment(token=token, user=request.user)
    return _page(request, "_sheet", _turn_context(request, assignment), part="")


@never_cache
@require_http_methods(["GET", "POST"])
@explain_errors
def judge(request: SignedInRequest, *, token: uuid.UUID) -> HttpResponse:
    """Keeps an answer; what comes back is the next comparison, or the one after it.

    A page that had the next at hand has gone on to it, and says so in `shown`.
    """
    if request.method == "GET":  # back from signing in, which had come between
        return redirect("reviews:home")
    on_page, hold = request.POST.get("shown", ""), pairs_ahead(request.POST.get("hold"))
    recorded = record(
        token=token,
        user=request.user,
        nonce=request.POST.get("nonce", ""),
        answer=answer_of(request.POST),
        key=request.POST.get("key", ""),
        ahead=hold if on_page else 0,
        late=seconds_late(request.POST),
    )
    note_total(request, recorded.assigned.reviewer.campaign)
    current = recorded.assigned.current
    if on_page and isinstance(current, Assignment) and str(current.token) == on_page:
        return _ahead(request, recorded.assigned, hold)
    return _go_on(request, recorded.assigned, after=recorded.judgment.assignment)


@never_cache
@require_POST
@explain_errors
def skip(request: SignedInRequest, *, token: uuid.UUID) -> HttpResponse:
    """Gives a comparison back with a reason; what comes back is the next one."""
    skipped = judging.skip(
        token=token,
        user=request.user,
        nonce=request.POST.get("nonce", ""),
        reason=skip_reason(request.POST),
    )
    reviewed = skipped.reviewer.campaign
    return _go_on(request, assign(campaign=reviewed, user=request.user, ahead=0))


@never_cache
@require_POST
@explain_errors
def undo(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """Takes the last answer back; what comes back is its comparison."""
    reviewed = _campaign(pk)
    judging.undo(campaign=reviewed, user=request.user)
    return _go_on(request, assign(campaign=reviewed, user=request.user, ahead=0))


@never_cache
@require_GET
@explain_errors
def pause(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """Between two blocks: time to look up. The last answer can still be taken back."""
    assigned = assign(campaign=_campaign(pk), user=request.user, ahead=0)
    return (
        _current(request, assigned)
        if isinstance(assigned.current, End)
        else _pause(request, assigned)
    )


@never_cache
@require_http_methods(["GET", "POST"])
@explain_errors
def guess(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """After the last vote: which side was the tuned model's, in a few of one's own pairs."""
    reviewed = _campaign(pk)
    admit(campaign=reviewed, user=request.user)
    if request.method == "POST":
        token, side = request.POST.get("token", ""), request.POST.get("side", "")
        record_guess(token=token_of(token), user=request.user, side=side)
    pending = pending_guesses(campaign=reviewed, user=request.user)
    if not pending:
        return _go_on(request, assign(campaign=reviewed, user=request.user, ahead=0))
    return _page(request, "guess", _turn_context(request, pending[0]) | {"left": len(pending)})


def _campaign(pk: int) -> Campaign:
    campaign = Campaign.objects.defer("plan").filter(pk=pk).first()
    if campaign is None:
        raise NotInvitedError
    return campaign


def _go_on(
    request: SignedInRequest, assigned: Assigned, *, after: Assignment | None = None
) -> HttpResponse:
    """To the pause, where a block has ended with the assignment `after`, or to what is at hand."""
    form = assigned.reviewer.campaign.page_form
    pauses = (
        after is not None
        and isinstance(assigned.current, Assignment)
        and ends_block(after.turn, form)
    )
    if request.htmx:
        return _pause(request, assigned) if pauses else _current(request, assigned)
    address = reverse(
        "reviews:pause" if pauses else "reviews:campaign", args=[assigned.reviewer.campaign_id]
    )
    view = view_of(request.POST.get("view"))
    return redirect(address if view == "read" else f"{address}?view={view}")


def _current(request: SignedInRequest, assigned: Assigned) -> HttpResponse:
    own = progress_of(assigned.reviewer)
    progress = _progress(request, assigned, own)
    if isinstance(assigned.current, End):
        reviewed = assigned.reviewer.campaign
        over = assigned.current.kind in ("done", "quota", "stopped", "closed")
        guesses = pending_guesses(campaign=reviewed, user=request.user) if over else []
        disputed = over and may_adjudicate(reviewed, request.user)
        context = progress | {"campaign": reviewed, "end": assigned.current}
        context |= {"guesses": guesses, "disputed": disputed}
        context |= {"ended": assigned.reviewer.ended, "head": over and assigned.reviewer.head}
        return _page(request, "end", context)
    context = _turn_context(request, assigned.current) | progress
    return _page(request, "turn", context | {"can_undo": own.judged > 0})


def _ahead(request: SignedInRequest, assigned: Assigned, hold: int) -> HttpResponse:
    """The comparisons after the one at hand, ready to take its place, and how many are saved.

    `have` names those that the page has already: they are named again, and not sent again.
    """
    own, current = progress_of(assigned.reviewer), assigned.current
    later = () if isinstance(current, End) else within_block(current, assigned.held[:hold])
    had = (request.POST or request.GET).getlist("have")
    parts = [
        _turn_ahead(request, turn, _progress(request, assigned, own.after(index)))
        for index, turn in enumerate(later, 1)
        if str(turn.token) not in had
    ]
    tokens = " ".join(str(each.token) for each in later)
    headers = {MARK: person_mark(request.user), "Evalhub-Saved": str(own.judged)}
    return HttpResponse("".join(parts), headers=headers | {"Evalhub-Ahead": tokens})


def _turn_ahead(request: SignedInRequest, assignment: Assignment, progress: dict[str, Any]) -> str:
    context = _turn_context(request, assignment) | progress
    context |= {"ahead": True, "can_undo": not context["practice"]}
    context |= {"person": person_mark(request.user)}
    part = "#turn" if request.htmx else ""
    return render_to_string(f"reviews/turn.html{part}", context, request=request)


def _pause(request: SignedInRequest, assigned: Assigned) -> HttpResponse:
    shorten_leases(assigned.reviewer)
    progress = _progress(request, assigned, progress_of(assigned.reviewer))
    return _page(request, "pause", progress | {"campaign": assigned.reviewer.campaign})


def _progress(request: SignedInRequest, assigned: Assigned, own: Progress) -> dict[str, Any]:
    was = total_was(request, assigned.reviewer.campaign, own)
    return {"progress": own, "number": own.number, "total_was": was}


def _turn_context(request: SignedInRequest, assignment: Assignment) -> dict[str, Any]:
    view = view_of(request.POST.get("view") or request.GET.get("view"))
    return turn_context(assignment, user=request.user, view=view)


def _page(
    request: SignedInRequest,
    name: str,
    context: dict[str, Any],
    *,
    part: str = "#turn",
    status: int = 200,
) -> HttpResponse:
    """A whole page, or the part of it that a page with the script puts in its own place."""
    person = person_mark(request.user)
    template = f"reviews/{name}.html{part if request.htmx else ''}"
    response = render(request, template, context | {"person": person}, status=status)
    response.headers[MARK] = person
    return response


_SEEN = "review-totals"  # in the session: campaign → the total that the last answered page showed


def note_total(request: SignedInRequest, campaign: Campaign) -> None:
    """Notes the total that the page of this answer showed."""
    total, seen = request.POST.get("total", ""), request.session.get(_SEEN, {})
    if total.isdecimal() and len(total) < 10 and seen.get(str(campaign.pk)) != int(total):
        request.session[_SEEN] = seen | {str(campaign.pk): int(total)}


def total_was(request: SignedInRequest, campaign: Campaign, own: Progress) -> int | None:
    """The previous total shown to this person, if it differs. Writes nothing."""
    before: int | None = request.session.get(_SEEN, {}).get(str(campaign.pk))
    return None if before == own.total else before


@never_cache
@require_http_methods(["GET", "POST"])
@explain_errors
def disagreements(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """The next disagreement; a POST keeps the answer to the one before."""
    campaign = _campaign(pk)
    if request.method == "POST":
        adjudicate(
            token=token_of(request.POST.get("token", "")),
            user=request.user,
            nonce=request.POST.get("nonce", ""),
            choice=request.POST.get("choice", ""),
        )
        if not request.htmx:
            return redirect("reviews:adjudicate", pk)
    assignment = next_disagreement(campaign=campaign, user=request.user)
    if assignment is None:
        return _page(request, "adjudicated", {"campaign": campaign})
    view = view_of(request.POST.get("view") or request.GET.get("view"))
    context = turn_context(assignment, user=request.user, view=view)
    left = to_adjudicate(campaign, request.user).count()
    return _page(request, "adjudicate", context | {"left": left})
