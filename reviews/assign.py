"""Deal one comparison at a time, under a lease that ends by itself.

A pair has as many seats as it is to have judgments. A seat is taken by a compare-and-set on
the pair's own row, and the database refuses a seat too many; the reviewer's row is locked
meanwhile, so that two tabs of one person get one turn. SQLite's immediate transactions and
PostgreSQL's row locks give the same result.
"""

import datetime
from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone

from evalhub.accounts.models import User
from reviews.admit import admit
from reviews.blinding import candidate_on_left, rank
from reviews.models import Assignment, AssignmentState, Campaign, CampaignState, Pair, Reviewer

LEASE = datetime.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class End:
    """Why there is nothing to judge now.

    "done": nothing is left for this reviewer. "wait": what is left is with other reviewers,
    and the first of it comes free in `retry_in_s` seconds unless they answer. "closed": the
    campaign takes no more answers.
    """

    kind: Literal["done", "wait", "closed"]
    retry_in_s: int | None = None


@transaction.atomic
def next_assignment(*, campaign: Campaign, user: User) -> Assignment | End:
    """The comparison that this reviewer is to judge now, or why there is none.

    Asked again before the answer, it returns the same assignment with its lease renewed. An
    assignment whose lease has ended comes back with its token and side if a seat is free.
    Raises NotInvitedError or UnblindedError.
    """
    admit(campaign=campaign, user=user)
    if campaign.state == CampaignState.CLOSED:
        return End("closed")
    Reviewer.objects.get_or_create(campaign=campaign, user=user)
    reviewer = Reviewer.objects.select_for_update().get(campaign=campaign, user=user)
    now = timezone.now()
    held = reviewer.assignments.filter(state=AssignmentState.LEASED).first()
    if held is not None:
        return _renew(held, now)
    _release_expired(campaign, now)
    open_pairs = list(campaign.pairs.open_to(user).values_list("pk", "position"))
    open_pairs.sort(key=lambda pair: rank(campaign.seed, user.pk, pair[1]))
    for pair, _ in open_pairs:
        if take_seat(pair):
            return _deal(campaign, reviewer, pair, now)
    return _end(campaign, user, now)


def take_seat(pair: int) -> bool:
    """Compare-and-set: whether a seat of this pair was free and is now taken."""
    free = Pair.objects.filter(pk=pair, taken__lt=F("seats"))
    return free.update(taken=F("taken") + 1) == 1


def _renew(held: Assignment, now: datetime.datetime) -> Assignment:
    if held.lease_until < now + LEASE / 2:
        held.lease_until = now + LEASE
        held.save(update_fields=["lease_until"])
    return held


def _release_expired(campaign: Campaign, now: datetime.datetime) -> None:
    expired: QuerySet[Assignment] = Assignment.objects.filter(
        pair__campaign=campaign, state=AssignmentState.LEASED, lease_until__lt=now
    )
    for pk, pair in expired.order_by("pk").values_list("pk", "pair_id"):
        still = Assignment.objects.filter(pk=pk, state=AssignmentState.LEASED, lease_until__lt=now)
        if still.update(state=AssignmentState.EXPIRED):
            Pair.objects.filter(pk=pair).update(taken=F("taken") - 1)


def _deal(campaign: Campaign, reviewer: Reviewer, pair: int, now: datetime.datetime) -> Assignment:
    earlier = Assignment.objects.filter(pair_id=pair, reviewer=reviewer).first()
    if earlier is not None:
        earlier.state = AssignmentState.LEASED
        earlier.dealt, earlier.lease_until = now, now + LEASE
        earlier.save(update_fields=["state", "dealt", "lease_until"])
        return earlier
    turn = reviewer.turns
    reviewer.turns = turn + 1
    reviewer.save(update_fields=["turns"])
    return Assignment.objects.create(
        pair_id=pair,
        reviewer=reviewer,
        turn=turn,
        candidate_on_left=candidate_on_left(campaign.seed, reviewer.user_id, turn),
        dealt=now,
        lease_until=now + LEASE,
    )


def _end(campaign: Campaign, user: User, now: datetime.datetime) -> End:
    judged = Assignment.objects.filter(reviewer__user=user, state=AssignmentState.DONE)
    leased = Assignment.objects.filter(
        pair__campaign=campaign, state=AssignmentState.LEASED
    ).exclude(pair__in=judged.values("pair"))
    first: datetime.datetime | None = leased.aggregate(first=Min("lease_until"))["first"]
    if first is None:
        return End("done")
    return End("wait", max(1, round((first - now).total_seconds())))
