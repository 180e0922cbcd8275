"""Take what a reviewer said, once."""

import uuid

from django.core.signing import Signer
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from evalhub.accounts.models import User
from reviews.assign import admit, take_seat
from reviews.errors import (
    AlreadyJudgedError,
    CampaignClosedError,
    LeaseLostError,
    StaleFormError,
    UnknownAssignmentError,
    UnknownChoiceError,
)
from reviews.models import Assignment, AssignmentState, CampaignState, Choice, Judgment


def form_nonce(*, token: uuid.UUID, user: User) -> str:
    """The signature that a form carries: it was made for this assignment and this person."""
    return Signer(salt="reviews.judge").signature(f"{token}:{user.pk}")


@transaction.atomic
def record(*, token: uuid.UUID, user: User, choice: str, nonce: str) -> Judgment:
    """Keep a reviewer's judgment of the assignment with this token.

    The same answer again returns the judgment that is there. An answer that comes after its
    lease has ended counts if its pair has a seat left. Raises UnknownAssignmentError,
    NotInvitedError, UnblindedError, StaleFormError, UnknownChoiceError, AlreadyJudgedError,
    LeaseLostError or CampaignClosedError; nothing is kept then.
    """
    try:
        assignment = (
            Assignment.objects.select_for_update(of=("self",))
            .select_related("reviewer__campaign__project")
            .get(token=token, reviewer__user=user)
        )
    except Assignment.DoesNotExist:
        raise UnknownAssignmentError from None
    campaign = assignment.reviewer.campaign
    admit(campaign=campaign, user=user)
    if not constant_time_compare(nonce, form_nonce(token=token, user=user)):
        raise StaleFormError
    if choice not in Choice.values:
        raise UnknownChoiceError
    earlier = Judgment.objects.filter(assignment=assignment).first()
    if earlier is not None:
        if earlier.choice == choice:
            return earlier
        raise AlreadyJudgedError(Choice(earlier.choice).label)
    if campaign.state == CampaignState.CLOSED:
        raise CampaignClosedError
    if assignment.state == AssignmentState.EXPIRED and not take_seat(assignment.pair_id):
        raise LeaseLostError
    assignment.state = AssignmentState.DONE
    assignment.save(update_fields=["state"])
    seconds = max(0.0, (timezone.now() - assignment.dealt).total_seconds())
    return Judgment.objects.create(assignment=assignment, choice=choice, seconds=seconds)
