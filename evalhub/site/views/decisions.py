"""A decision: its record as JSON, its criteria one by one, and who stands by it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from evalhub.ledger.accepting import accept
from evalhub.ledger.models import Decision, DecisionQuerySet
from evalhub.ledger.signoff import SignOffError, sign_off
from evalhub.ledger.staleness import changes_since
from evalhub.ledger.study_evidence import NotReadyError
from evalhub.report.criterion_page import criterion_page
from evalhub.site.sampling import flips_of, sampling_of


def _visible(request: SignedInRequest) -> DecisionQuerySet:
    return Decision.objects.visible_to(request.user).select_related("study__project")


@require_GET
@results_only
def decision(request: SignedInRequest, pk: int) -> HttpResponse:
    """The decision's record, as the command line prints it.

    What has changed since stands in a header, by its kinds: the record has a digest.
    """
    decision = get_object_or_404(_visible(request), pk=pk)
    kinds = ", ".join(dict.fromkeys(each.what.value for each in changes_since(decision)))
    return JsonResponse(
        decision.record,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Evalhub-Changed-Since": kinds} if kinds else None,
    )


@require_GET
@results_only
def criterion(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """The calculation of one criterion, numbered from 1 as in the record."""
    decision = get_object_or_404(_visible(request), pk=pk)
    record = decision.document
    if not 1 <= number <= len(record.criteria):
        raise Http404
    context = {
        "decision": decision,
        "decision_name": f"Decision {decision.pk}",
        "study": decision.study,
        "shown": criterion_page(record, number, sampling_of(decision, record.criteria[number - 1])),
        "since": changes_since(decision),
        "flips": flips_of(decision, record.criteria[number - 1]),
        "criteria": len(record.criteria),
        "earlier": number - 1,
        "later": number + 1 if number < len(record.criteria) else 0,
    }
    return render(request, "site/criterion.html", context)


@require_POST
@results_only
def sign(request: SignedInRequest, pk: int) -> HttpResponse:
    """Sign a decision off, or override it; the verb checks who may."""
    decision = get_object_or_404(_visible(request), pk=pk)
    reason, verdict = request.POST.get("reason", ""), request.POST.get("verdict") or None
    try:
        with as_read(request, lambda: _newest_sign_off(decision), lock=decision):
            signed = sign_off(decision=decision, by=request.user, reason=reason, verdict=verdict)
    except SignOffError as error:
        messages.error(request, f"Not signed: {error}.")
    else:
        sentence = f"{signed.get_action_display()}: {signed.get_verdict_display()}"
        messages.success(
            request, f"{sentence[0].upper()}{sentence[1:]}. Your reason is stored with it."
        )
    query = urlencode({"arm": decision.arm, "tab": "history"})
    return redirect(f"{reverse('site:study', args=[decision.study_id])}?{query}#sign-off")


def _newest_sign_off(decision: Decision) -> int | None:
    return decision.sign_offs.values_list("pk", flat=True).first()


@require_POST
@results_only
def accept_caveats(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accept the caveats that hold a ship back, for an owner, and decide again."""
    decision = get_object_or_404(_visible(request), pk=pk)
    try:
        new_decision = accept(
            decision=decision, by=request.user, reason=request.POST.get("reason", "")
        )
    except (SignOffError, NotReadyError) as error:
        messages.error(request, f"Not decided anew: {error}.")
        new_decision = decision
    else:
        messages.success(request, "Accepted, and decided again. Your reason is stored with it.")
    return redirect("site:record", new_decision.pk)
