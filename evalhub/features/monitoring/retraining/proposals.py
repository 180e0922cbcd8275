"""The verbs on a proposal to train again: made of an alarm; declined, or linked to a version."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.models import Alarm, RetrainProposal
from evalhub.features.monitoring.retraining.gathering import gather_evidence
from evalhub.features.monitoring.retraining.losses import proves_loss
from evalhub.registry.models import ModelVersion

LONGEST_REASON = 2_000


class ProposalError(MonitorError):
    """What can't be done with a proposal as requested."""


@transaction.atomic
def propose_retraining(*, alarm: Alarm, now: datetime) -> RetrainProposal | None:
    """The proposal to train again that an alarm makes: once, with its evidence as of then. None
    where the alarm proves no loss of judged quality or of signals."""
    if not proves_loss(alarm):
        return None
    existing = RetrainProposal.objects.filter(alarm=alarm).first()
    if existing is not None:
        return existing
    assert alarm.version is not None  # an alarm of a stream has its version
    proposal, _ = RetrainProposal.objects.get_or_create(
        alarm=alarm,
        defaults={
            "project": alarm.monitor.project,
            "version": alarm.version,
            "evidence": gather_evidence(alarm, now),
            "created": now,
        },
    )
    return proposal


@transaction.atomic
def decline_proposal(*, proposal: RetrainProposal, by: User | None, reason: str) -> RetrainProposal:
    """Says that nothing is trained again, and why. The same again changes nothing.

    Raises:
        ProposalError: no reason; somebody else declined it, or a version came of it.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, proposal.project)
    reason = _clean(reason)
    proposal = _lock(proposal)
    if proposal.declined is not None and (proposal.by, proposal.reason) == (by, reason):
        return proposal
    _check_open(proposal)
    if proposal.retrained is not None:
        raise ProposalError(f"{proposal.retrained} came of it: it is taken up already")
    proposal.declined, proposal.by, proposal.reason = timezone.now(), by, reason
    proposal.save(update_fields=["declined", "by", "reason"])
    note(Action.PROPOSAL_DECLINED, by=by, project=proposal.project, what=_in_the_log(proposal))
    return proposal


@transaction.atomic
def link_retrained(
    *, proposal: RetrainProposal, version: ModelVersion, by: User | None
) -> RetrainProposal:
    """Says which version came of it; another one takes the place of a former. What was decided on
    it, and whether it helped, is read whenever it is shown.

    Raises:
        ProposalError: another project's version, or the one that lost; it was declined.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, proposal.project)
    if version.model.project_id != proposal.project_id:
        raise ProposalError(f"{version} isn't a version of {proposal.project}", "version")
    if version.pk == proposal.version_id:
        raise ProposalError(f"{version} is the version that lost: link another one", "version")
    proposal = _lock(proposal)
    _check_open(proposal)
    if proposal.retrained_id != version.pk:
        proposal.retrained, proposal.by = version, by
        proposal.save(update_fields=["retrained", "by"])
        note(Action.RETRAINED_LINKED, by=by, project=proposal.project, what=_in_the_log(proposal))
    return proposal


def _lock(proposal: RetrainProposal) -> RetrainProposal:
    """The proposal as it is, while the transaction holds it."""
    RetrainProposal.objects.select_for_update().get(pk=proposal.pk)
    return RetrainProposal.objects.with_related().get(pk=proposal.pk)


def _check_open(proposal: RetrainProposal) -> None:
    if proposal.declined is not None:
        raise ProposalError(
            f"it was declined on {proposal.declined:%Y-%m-%d} by {proposal.by or 'the operator'}: "
            f"{proposal.reason}"
        )


def _clean(reason: str) -> str:
    text = reason.strip()
    if not text or "\0" in text:
        raise ProposalError("who declines a proposal says why: give a reason", "reason")
    if len(text) > LONGEST_REASON:
        raise ProposalError(f"is a text of {LONGEST_REASON:,} characters at most", "reason")
    return text


def _in_the_log(proposal: RetrainProposal) -> str:
    outcome = f": {proposal.retrained}" if proposal.retrained else ""
    return f"{proposal.pk}, {proposal.alarm.subject}{outcome}"
