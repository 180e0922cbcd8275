"""Seats of pairs, each held by a judgment or by a lease that ends by itself.

A pair has as many seats as it is to have judgments. A seat is taken by a compare-and-set on the
pair's own row, and a constraint of the database refuses one too many. On PostgreSQL whoever
deals skips a row that somebody else is just taking (SKIP LOCKED); on SQLite transactions are
immediate, so there is nobody else.
"""

import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from reviews.models import Assignment, AssignmentState, Campaign, Pair, PairKind, Purpose

LEASE = datetime.timedelta(minutes=15)


def holds_seat(assignment: Assignment) -> bool:
    """Whether a turn takes one of its pair's seats. Repeats, adjudication and practice don't."""
    return assignment.purpose == Purpose.MAIN and assignment.pair.kind != PairKind.PRACTICE


def with_free_seat() -> QuerySet[Pair]:
    return Pair.objects.filter(taken__lt=F("seats"))


def take_seat(pair: int) -> bool:
    """Whether a seat of this pair was free and is now taken; waits for whoever is at it."""
    return with_free_seat().filter(pk=pair).update(taken=F("taken") + 1) == 1


def take_seat_at_once(pair: int) -> bool:
    """`take_seat` that doesn't wait: False as well where somebody is just taking or leaving one."""
    free = with_free_seat().filter(pk=pair)
    unlocked = free.select_for_update(skip_locked=True, no_key=True).values("pk")
    return Pair.objects.filter(pk__in=unlocked).update(taken=F("taken") + 1) == 1


def give_back(pair: int) -> None:
    """One seat of this pair is free again."""
    Pair.objects.filter(pk=pair).update(taken=F("taken") - 1)


@transaction.atomic
def release_ended(campaign: Campaign) -> bool:
    """Free the seats of leases that have ended, each once however many call this.

    Returns whether there were any. Call it while holding no lock: seats are given back in the
    order of their pairs, so that none who does this waits for another in a circle.
    """
    ended = Assignment.objects.filter(
        reviewer__campaign=campaign,
        state=AssignmentState.LEASED,
        lease_until__lt=timezone.now(),
    )
    found = list(
        ended.select_for_update(of=("self",), skip_locked=True)
        .select_related("pair")
        .only("purpose", "pair__kind")
        .order_by("pair")
    )
    for assignment in found:
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.EXPIRED)
        if holds_seat(assignment):
            give_back(assignment.pair_id)
    return bool(found)
