"""Seats of pairs, each taken by a judgment or by a lease that ends by itself.

A pair has as many seats as it is to have judgments. A seat is taken by a compare-and-set on the
pair's own row, and a constraint of the database refuses one too many. On PostgreSQL whoever
deals skips a row that somebody else is just taking (SKIP LOCKED); on SQLite transactions are
immediate, so there is nobody else.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    Pair,
    PairKind,
    Reviewer,
)

LEASE = datetime.timedelta(minutes=15)
REST = datetime.timedelta(minutes=2)

# Written out, since they run with every judgment: building them takes longer than running them.
_TAKE = "UPDATE reviews_pair SET taken = taken + 1 WHERE id = %s AND taken < seats"
_TAKE_UNLOCKED = """
    UPDATE reviews_pair SET taken = taken + 1 WHERE id = (
        SELECT id FROM reviews_pair WHERE id = %s AND taken < seats
        FOR NO KEY UPDATE SKIP LOCKED
    )"""


_OPEN = """
    SELECT id, item_id, stratum, position FROM reviews_pair
    WHERE campaign_id = %s AND position IN ({}) AND taken < seats AND kind <> 'practice'
    AND NOT EXISTS (
        SELECT 1 FROM reviews_assignment
        WHERE pair_id = reviews_pair.id AND reviewer_id = %s AND purpose = 'main'
    )"""


@dataclass(frozen=True, slots=True)
class OpenPair:
    """A pair with a free seat; its ids, and its position in the plan's order."""

    pair: int
    item: int
    stratum: str
    position: int


def holds_seat(assignment: Assignment) -> bool:
    """Whether a turn takes one of its pair's seats. Repeats, adjudication and practice don't."""
    return (
        assignment.purpose == AssignmentPurpose.MAIN and assignment.pair.kind != PairKind.PRACTICE
    )


def with_free_seat() -> QuerySet[Pair]:
    return Pair.objects.filter(taken__lt=F("seats"))


def take_seat(pair: int) -> bool:
    """Whether a seat of this pair was free and is now taken; waits for whoever is at it."""
    return with_free_seat().filter(pk=pair).update(taken=F("taken") + 1) == 1


def take_seat_at_once(pair: int) -> bool:
    """`take_seat` that doesn't wait: False as well where somebody is just taking or leaving one."""
    waits = connection.features.has_select_for_update_skip_locked
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_UNLOCKED if waits else _TAKE, [pair])
        return bool(cursor.rowcount == 1)


def open_at(*, reviewer: Reviewer, positions: Sequence[int]) -> list[OpenPair]:
    """Pairs at these positions with a free seat, which the reviewer has never had."""
    marks = ", ".join(["%s"] * len(positions))
    with connection.cursor() as cursor:
        cursor.execute(_OPEN.format(marks), [reviewer.campaign_id, *positions, reviewer.pk])
        return [OpenPair(*row) for row in cursor.fetchall()]


def give_back(pair: int) -> None:
    """One seat of this pair is free again."""
    Pair.objects.filter(pk=pair).update(taken=F("taken") - 1)


def shorten_leases(reviewer: Reviewer) -> None:
    """Cut this person's leases to two minutes, unless they open the comparison again.

    For whoever may have stopped for the day: an answer that is being sent still arrives in time.
    """
    until = timezone.now() + REST
    reviewer.assignments.on_lease().filter(lease_until__gt=until).update(lease_until=until)


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
    leases = list(
        ended.select_for_update(of=("self",), skip_locked=True)
        .select_related("pair")
        .only("purpose", "pair__kind")
        .order_by("pair")
    )
    for assignment in leases:
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.EXPIRED)
        if holds_seat(assignment):
            give_back(assignment.pair_id)
    return bool(leases)


def free_pairs_for(reviewer: Reviewer, most: int) -> list[OpenPair]:
    """Pairs of which somebody gave a seat back that is free, and which this person may have.

    That is a pair that they never had, or whose lease ended. Only such pairs can be free behind a
    reviewer's cursor; there are few, however large the campaign is.
    """
    back = Assignment.objects.filter(
        reviewer__campaign=reviewer.campaign_id,
        state__in=[AssignmentState.EXPIRED, AssignmentState.SKIPPED],
    )
    own = Assignment.objects.filter(
        pair=OuterRef("pk"), reviewer=reviewer, purpose=AssignmentPurpose.MAIN
    ).exclude(state=AssignmentState.EXPIRED)
    rows = (
        with_free_seat()
        .filter(~Exists(own), campaign=reviewer.campaign_id, pk__in=back.values("pair"))
        .exclude(kind=PairKind.PRACTICE)
        .order_by("position")
        .values_list("pk", "item_id", "stratum", "position")
    )
    return [OpenPair(*row) for row in rows[:most]]
