"""The owner's verbs on one reviewer: pause, let in, remove, set a quota."""

from django.db import transaction

from reviews.errors import InvitationError
from reviews.models import Reviewer, ReviewerState


@transaction.atomic
def pause_reviewer(*, reviewer: Reviewer) -> None:
    """Deal this person nothing for a while. Who practises or was removed stays as they are."""
    _move(reviewer, {ReviewerState.ACTIVE}, ReviewerState.PAUSED)


@transaction.atomic
def let_in(*, reviewer: Reviewer) -> None:
    """Deal to this person (again): after a pause, a removal, or a practice that wasn't passed."""
    _move(reviewer, set(ReviewerState) - {ReviewerState.ACTIVE}, ReviewerState.ACTIVE)


@transaction.atomic
def remove_reviewer(*, reviewer: Reviewer) -> None:
    """End this person's reviewing here: their judgments are kept, nothing more is taken."""
    _move(reviewer, set(ReviewerState) - {ReviewerState.REMOVED}, ReviewerState.REMOVED)


@transaction.atomic
def set_quota(*, reviewer: Reviewer, quota: int | None) -> None:
    """At most this many judgments of this person; None for no limit. Raises InvitationError."""
    if quota is not None and quota < 1:
        raise InvitationError("A quota is 1 or more comparisons.")
    Reviewer.objects.filter(pk=reviewer.pk).update(quota=quota)
    reviewer.quota = quota


def _move(reviewer: Reviewer, between: set[ReviewerState], to: ReviewerState) -> None:
    Reviewer.objects.filter(pk=reviewer.pk, state__in=between).update(state=to)
    reviewer.refresh_from_db(fields=["state"])
