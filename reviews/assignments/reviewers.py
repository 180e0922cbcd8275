"""The owner's verbs on one reviewer: pause, let in, remove, set a quota. Each is recorded.

Each raises NotAllowedError where `by` doesn't evaluate in the campaign's project.
"""

from typing import Any

from django.db import transaction

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from reviews.assignments.seats import shorten_leases
from reviews.chain.append import add_event, lock_campaign
from reviews.errors import InvitationError
from reviews.models import EventKind, Reviewer, ReviewerState


@transaction.atomic
def pause_reviewer(*, reviewer: Reviewer, by: User) -> None:
    """Pause a reviewer: nothing is dealt to them. In practice or removed, they stay as they are.

    What they have at hand goes to others, unless they answer it in the next two minutes.
    """
    _move(reviewer, {ReviewerState.ACTIVE}, ReviewerState.PAUSED, by)
    shorten_leases(reviewer)


@transaction.atomic
def let_in(*, reviewer: Reviewer, by: User) -> None:
    """Deal to this person (again): after a pause, a removal, or a practice that wasn't passed."""
    _move(reviewer, set(ReviewerState) - {ReviewerState.ACTIVE}, ReviewerState.ACTIVE, by)


@transaction.atomic
def remove_reviewer(*, reviewer: Reviewer, by: User) -> None:
    """End this person's reviewing here: their judgments are kept, nothing more is taken."""
    _move(reviewer, set(ReviewerState) - {ReviewerState.REMOVED}, ReviewerState.REMOVED, by)
    shorten_leases(reviewer)


@transaction.atomic
def remove_by_operator(*, reviewer: Reviewer) -> None:
    """Like `remove_reviewer`, for a person whom the site's operator erases or deactivates."""
    lock_campaign(reviewer.campaign)
    rows = Reviewer.objects.filter(pk=reviewer.pk).exclude(state=ReviewerState.REMOVED)
    if rows.update(state=ReviewerState.REMOVED):
        _record(reviewer, None, state=str(ReviewerState.REMOVED))
    reviewer.refresh_from_db(fields=["state"])
    shorten_leases(reviewer)


@transaction.atomic
def set_quota(*, reviewer: Reviewer, quota: int | None, by: User) -> None:
    """At most this many judgments of this person; None for no limit. Raises InvitationError."""
    check_evaluates(by, reviewer.campaign.project)
    if quota is not None and quota < 1:
        raise InvitationError("A quota is 1 or more comparisons.")
    lock_campaign(reviewer.campaign)
    if Reviewer.objects.filter(pk=reviewer.pk).exclude(quota=quota).update(quota=quota):
        _record(reviewer, by, quota=quota)
    reviewer.quota = quota


def _move(reviewer: Reviewer, between: set[ReviewerState], to: ReviewerState, by: User) -> None:
    check_evaluates(by, reviewer.campaign.project)
    lock_campaign(reviewer.campaign)
    if Reviewer.objects.filter(pk=reviewer.pk, state__in=between).update(state=to):
        _record(reviewer, by, state=str(to))
    reviewer.refresh_from_db(fields=["state"])


def _record(reviewer: Reviewer, by: User | None, **detail: Any) -> None:
    add_event(reviewer.campaign, EventKind.REVIEWER, by=by, reviewer=reviewer.key, **detail)
