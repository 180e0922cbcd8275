"""The part of an alarm's page about its proposal to train again, and what is posted from it."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_POST

from evalhub.accounts.models import User
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.version_name import VersionNameError
from evalhub.features.monitoring.models import RetrainProposal
from evalhub.features.monitoring.retraining.proposals import (
    ProposalError,
    decline_proposal,
    link_retrained,
)
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from evalhub.registry.version_names import version_by_name

type ProposalAct = Callable[[RetrainProposal, User, Mapping[str, str]], str]


def _decline(proposal: RetrainProposal, by: User, form_data: Mapping[str, str]) -> str:
    decline_proposal(proposal=proposal, by=by, reason=form_data.get("reason", ""))
    return "The proposal is declined. Your reason is stored with it."


def _link(proposal: RetrainProposal, by: User, form_data: Mapping[str, str]) -> str:
    version = version_by_name(proposal.project, form_data.get("version", ""))
    link_retrained(proposal=proposal, version=version, by=by)
    return f"{version} came of the proposal."


ACTS: Mapping[str, ProposalAct] = {"decline": _decline, "link": _link}


@require_POST
@results_only
def answer_proposal(request: SignedInRequest, pk: int) -> HttpResponse:
    """Declined, or linked to the version that came of it: by the form's verb."""
    rows = RetrainProposal.objects.visible_to(request.user).with_related()
    proposal = get_object_or_404(rows, pk=pk)
    verb = request.POST.get("verb", "")
    try:
        if verb not in ACTS:
            raise ProposalError("say what is to be done with it")
        with as_read(request, proposal):
            sentence = ACTS[verb](proposal, request.user, request.POST.dict())
        messages.success(request, sentence)
    except (ProposalError, VersionNameError) as error:
        messages.error(request, f"Not done: {error}.")
    return redirect("site:alarm", proposal.alarm_id)


urlpatterns = [path("proposals/<int:pk>/", answer_proposal, name="answer_proposal")]
