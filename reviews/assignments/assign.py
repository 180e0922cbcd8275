"""Assign one comparison at a time, and one ahead, each under a lease that ends by itself.

The reviewer's row is locked meanwhile, so that two tabs of one person get the same turns. How a
pair is found is in `reviews.assignments.choosing`, how its seats are claimed in
`reviews.assignments.seats`.
"""

import datetime
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from django.db import transaction
from django.db.models import Exists, Min, OuterRef
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.declare.review import Form
from reviews.assignments.choosing import deal, deal_practice
from reviews.assignments.holding import ends_block, may_hold
from reviews.assignments.seats import LEASE, release_ended
from reviews.joining.admit import admit, join
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    CampaignState,
    Dealing,
    PairKind,
    Reviewer,
    ReviewerState,
)

DEALT = ("turns", "cursor", "laps", "spaced", "repeated")
"""What dealing changes of a reviewer."""

TRIES = 20

EndKind = Literal["done", "wait", "practice", "paused", "quota", "stopped", "closed", "removed"]


@dataclass(frozen=True, slots=True)
class End:
    """Why there is nothing to judge now.

    "done": nothing is left for this reviewer. "wait": what is left is with other reviewers,
    and the first of it comes free in `retry_in_s` seconds unless they answer. "practice": the
    qualification's pairs are answered. "paused": an owner paused the campaign or this reviewer.
    "quota": this person has given as many answers as they were asked for. "stopped": the
    preference is clear, so the campaign's rule has ended it. "closed": it takes no more answers.
    "removed": an owner ended this person's reviewing.
    """

    kind: EndKind
    retry_in_s: int | None = None


RETRY_NOW = End("wait", 0)  # all remaining pairs are leased; retry now


@dataclass(frozen=True, slots=True)
class Assigned:
    """A reviewer's assignments: the comparison to judge now (or why none), and those after it."""

    reviewer: Reviewer
    current: Assignment | End
    held: tuple[Assignment, ...] = ()

    @property
    def ahead(self) -> Assignment | None:
        """The assignment after the current one."""
        return self.held[0] if self.held else None


def assign(*, campaign: Campaign, user: User, ahead: int = 1) -> Assigned:
    """The comparison to judge now, or why there is none; and up to so many `ahead` of it.

    More than one ahead are dealt within a block only, and while seats are plenty (`may_hold`).

    Asked again before the answer, it is the same assignment with its lease renewed. An assignment
    whose lease has ended comes back with its token and side if a seat is free. Raises
    NotInvitedError, InvitedOnlyError or UnblindedError.
    """
    return deal_again(_assign_once(campaign, user, ahead), ahead=ahead)


def deal_again(assigned: Assigned, *, ahead: int) -> Assigned:
    """Deal again to a reviewer who got nothing, while that may help. Call outside a transaction.

    It helps where leases have ended, whose seats are freed here, and where others were just taking
    or leaving the last free seats.
    """
    for _ in range(TRIES):
        end, campaign = assigned.current, assigned.reviewer.campaign
        if not isinstance(end, End) or end.kind not in ("done", "wait"):
            break
        if not release_ended(campaign) and end != RETRY_NOW:
            break
        assigned = _assign_once(campaign, assigned.reviewer.user, ahead)
    return replace(assigned, current=End("wait", 1)) if assigned.current == RETRY_NOW else assigned


@transaction.atomic
def _assign_once(campaign: Campaign, user: User, ahead: int) -> Assigned:
    admit(campaign=campaign, user=user)
    reviewer = _lock_reviewer(campaign, user)
    before = [getattr(reviewer, name) for name in DEALT]
    assigned = assign_to(reviewer, list(reviewer.assignments.on_lease()), ahead=ahead)
    if before != [getattr(reviewer, name) for name in DEALT]:
        reviewer.save(update_fields=DEALT)
    return assigned


def _lock_reviewer(campaign: Campaign, user: User) -> Reviewer:
    """The reviewer's row, made at their first turn, as the campaign's is at its first."""
    with suppress(Reviewer.DoesNotExist):
        return Reviewer.objects.locked().get(campaign=campaign, user=user)
    Dealing.objects.of_campaign(campaign)
    join(campaign=campaign, user=user)
    return Reviewer.objects.locked().get(campaign=campaign, user=user)


def assign_to(reviewer: Reviewer, leased: list[Assignment], *, ahead: int) -> Assigned:
    """A reviewer's assignments after as many deals as are needed; `leased` is in order of turns.

    The reviewer's row is locked by the caller, who saves what is DEALT afterwards, and calls
    `deal_again` after the transaction.
    """
    now = timezone.now()
    end = _end_of_dealing(reviewer)
    if end is not None:
        return Assigned(reviewer, end)
    _renew(leased, now)
    form = reviewer.campaign.page_form
    turns: list[Assignment | End] = [*leased]
    while _goes_on(reviewer, turns, form, ahead):
        turns.append(_deal(reviewer, form, now, leased=len(turns)))
    current, *after = turns
    return Assigned(reviewer, current, tuple(a for a in after if isinstance(a, Assignment)))


def _goes_on(reviewer: Reviewer, turns: list[Assignment | End], form: Form, ahead: int) -> bool:
    """Whether another turn is to be dealt after these: two at most over a pause or in practice."""
    last = turns[-1] if turns else None
    if isinstance(last, End) or len(turns) > ahead:
        return False
    if len(turns) < 2 or last is None:
        return True
    if ends_block(last.turn, form) or reviewer.state == ReviewerState.PRACTISING:
        return False
    dealing = reviewer.campaign.dealing
    free = dealing.seats - reviewer.others_seated - reviewer.seated - len(turns)
    contested = dealing.seats < dealing.pairs * (reviewer.others + 1)
    return len(turns) <= may_hold(free=free, wanted=ahead, contested=contested)


def _deal(
    reviewer: Reviewer, form: Form, now: datetime.datetime, *, leased: int
) -> Assignment | End:
    if reviewer.state == ReviewerState.PRACTISING:
        return deal_practice(reviewer, form, now) or End("practice")
    if reviewer.quota is not None and reviewer.judged + leased >= reviewer.quota:
        return End("quota")
    dealt = deal(reviewer, form, now)
    if dealt is False:
        end = _out_of_pairs(reviewer, now)
        # once more, for what others freed after that search and before the look at their leases
        dealt = deal(reviewer, form, now)
        if dealt is False:
            return end
    return dealt if isinstance(dealt, Assignment) else RETRY_NOW


def _renew(leased: list[Assignment], now: datetime.datetime) -> None:
    """Renew leases that are half over: one query, else none."""
    due = [each for each in leased if each.lease_until < now + LEASE / 2]
    for assignment in due:
        assignment.lease_until = now + LEASE
    if due:
        Assignment.objects.bulk_update(due, ["lease_until"])


def _end_of_dealing(reviewer: Reviewer) -> End | None:
    campaign = reviewer.campaign
    if campaign.state == CampaignState.COMPLETE and not campaign.unblinded:
        return End("done")
    if campaign.is_over or campaign.unblinded or reviewer.ended:
        return End("stopped" if campaign.stopped_early else "closed")
    if reviewer.state == ReviewerState.REMOVED:
        return End("removed")
    if campaign.state == CampaignState.PAUSED or reviewer.state == ReviewerState.PAUSED:
        return End("paused")
    return None


def _out_of_pairs(reviewer: Reviewer, now: datetime.datetime) -> End:
    """The End that says whether others hold leases on the remaining pairs, and until when."""
    own = reviewer.assignments.filter(pair=OuterRef("pair"), purpose=AssignmentPurpose.MAIN)
    first: datetime.datetime | None = (
        Assignment.objects.filter(
            ~Exists(own.exclude(state=AssignmentState.EXPIRED)),
            reviewer__campaign=reviewer.campaign,
            state=AssignmentState.LEASED,
            purpose=AssignmentPurpose.MAIN,
        )
        .exclude(pair__kind=PairKind.PRACTICE)
        .aggregate(first=Min("lease_until"))["first"]
    )
    if first is None:
        return End("done")
    if first <= now:  # somebody is just freeing it
        return RETRY_NOW
    return End("wait", max(1, round((first - now).total_seconds())))
