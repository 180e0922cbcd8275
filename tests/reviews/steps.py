"""A reviewer's steps, one at a time: what is at hand, what comes after it, an answer."""

from typing import Any

from evalhub.accounts.models import User
from reviews.assignments import assign
from reviews.assignments.assign import End
from reviews.models import Assignment, Campaign, Judgment
from reviews.results import record as recording


def next_assignment(*, campaign: Campaign, user: User) -> Assignment | End:
    """The comparison at hand, or why there is none."""
    return assign.assign(campaign=campaign, user=user, ahead=0).current


def prefetch(*, campaign: Campaign, user: User) -> Assignment | None:
    """The comparison after the one at hand."""
    return assign.assign(campaign=campaign, user=user, ahead=1).ahead


def record(**answer: Any) -> Judgment:
    """An answer kept; the next comparison is dealt with it."""
    return recording.record(**answer, ahead=0).judgment
