"""Deal one comparison at a time, and one ahead, each under a lease that ends by itself.

The reviewer's row is locked meanwhile, so that two tabs of one person get the same turns. How a
pair is found is in `reviews.assignments.choosing`, how its seats are held in
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
from evalhub.schemas.declaration import declared
from evalhub.schemas.review import Form
from reviews.assignments.choosing import deal, deal_practice
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


AT_ONCE = End("wait", 0)  # all remaining pairs are leased; retry now


@dataclass(frozen=True, slots=True)
class Hand:
    """What a reviewer holds: the comparison to judge now (or why none), and the one after."""

    reviewer: Reviewer
    current: Assignment | End
    ahead: Assignment | None


def hand(*, campaign: Campaign, user: User, ahead: bool = True) -> Hand:
    """The comparison to judge now, or why there is none; with `ahead` the one after it as well.

    Asked again before the answer, it is the same assignment with its lease renewed. An assignment
    whose lease has ended comes back with its token and side if a seat is free. Raises
    NotInvitedError, InvitedOnlyError or UnblindedError.
    """
    return filled(_hand(campaign, user, ahead), ahead=ahead)


def filled(found: Hand, *, ahead: bool) -> Hand:
    """A hand that is empty is dealt again, while that may help: call it outside a transaction.

    That is where leases have ended, whose seats are freed here, and where the last free seats
    were in somebody's hands.
    """
    for _ in range(TRIES):
        end, campaign = found.current, found.reviewer.campaign
        if not isinstance(end, End) or end.kind not in ("done", "wait"):
            break
        if not release_ended(campaign) and end != AT_ONCE:
            break
        found = _hand(campaign, found.reviewer.user, ahead)
    return replace(found, current=End("wait", 1)) if found.current == AT_ONCE else found


@transaction.atomic
def _hand(campaign: Campaign, user: User, ahead: bool) -> Hand:
    admit(campaign=campaign, user=user)
    reviewer = _locked(campaign, user)
    before = [getattr(reviewer, name) for name in DEALT]
    found = hand_of(reviewer, list(reviewer.assignments.at_hand()), ahead=ahead)
    if before != [getattr(reviewer, name) for name in DEALT]:
        reviewer.save(update_fields=DEALT)
    return found


def _locked(campaign: Campaign, user: User) -> Reviewer:
    """The reviewer's row, made at their first turn, as the campaign's is at its first."""
    with suppress(Reviewer.DoesNotExist):
        return Reviewer.objects.locked().get(campaign=campaign, user=user)
    Dealing.objects.of_campaign(campaign)
    join(campaign=campaign, user=user)
    return Reviewer.objects.locked().get(campaign=campaign, user=user)


def hand_of(reviewer: Reviewer, held: list[Assignment], *, ahead: bool) -> Hand:
    """What a reviewer holds after as many deals as are needed. `held` is in order of turns.

    The reviewer's row is locked by the caller, who saves what is DEALT afterwards, and calls
    `filled` after the transaction.
    """
    now = timezone.now()
    end = _end_of_dealing(reviewer)
    if end is not None:
        return Hand(reviewer, end, None)
    for assignment in held:
        _renew(assignment, now)
    form = declared(Form, reviewer.campaign.form)
    hand: list[Assignment | End] = [*held]
    while len(hand) < 1 + ahead and not (hand and isinstance(hand[-1], End)):
        hand.append(_dealt(reviewer, form, now, held=len(hand)))
    current, *after = hand
    return Hand(reviewer, current, next((a for a in after if isinstance(a, Assignment)), None))


def _dealt(
    reviewer: Reviewer, form: Form, now: datetime.datetime, *, held: int
) -> Assignment | End:
    if reviewer.state == ReviewerState.PRACTISING:
        return deal_practice(reviewer, form, now) or End("practice")
    if reviewer.quota is not None and reviewer.judged + held >= reviewer.quota:
        return End("quota")
    dealt = deal(reviewer, form, now)
    if dealt is False:
        end = _out_of_pairs(reviewer, now)
        # once more, for what others freed after that search and before the look at their leases
        dealt = deal(reviewer, form, now)
        if dealt is False:
            return end
    return dealt if isinstance(dealt, Assignment) else AT_ONCE


def _renew(held: Assignment, now: datetime.datetime) -> None:
    if held.lease_until < now + LEASE / 2:
        held.lease_until = now + LEASE
        held.save(update_fields=["lease_until"])


def _end_of_dealing(reviewer: Reviewer) -> End | None:
    campaign = reviewer.campaign
    if campaign.state == CampaignState.CLOSED or campaign.unblinded:
        return End("stopped" if campaign.stopped_early else "closed")
    if reviewer.state == ReviewerState.REMOVED:
        return End("removed")
    if campaign.state == CampaignState.PAUSED or reviewer.state == ReviewerState.PAUSED:
        return End("paused")
    return None


def _out_of_pairs(reviewer: Reviewer, now: datetime.datetime) -> End:
    """Whether what this reviewer hasn't had is with others, and until when."""
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
        return AT_ONCE
    return End("wait", max(1, round((first - now).total_seconds())))
