"""Claiming shards and letting go of them, each by one compare-and-set or under their locks.

A claim is a token and a lease. Whoever's lease has ended, or whose token is no longer there, has
lost the shard: another worker may have it, or the run was cancelled. What a loser has written
stays; it is what the next one would have written.

Each condition is on the row itself. A join is put into a subquery, which PostgreSQL does not ask
again for those who waited for the row: it would let all of them through.
"""

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import transaction
from django.db.models import (
    Exists,
    F,
    OuterRef,
    PositiveIntegerField,
    PositiveSmallIntegerField,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from evalhub.declare.declaration import DeclarationError
from evalhub.registry.models import Run, Shard
from evalhub.registry.models.runs import RunState, ShardQuerySet, ShardState
from runners import outages
from runners.backends import backend_of

LEASE = datetime.timedelta(seconds=15)
NOTICED = datetime.timedelta(seconds=30)
"""An outage is met that long after it began, at most."""
ATTEMPTS = 3
"""How often in a row a shard is given out without getting on."""
AHEAD = 4
"""Questions that a worker holds for each that its backend is asked at a time: while it writes and
claims, the endpoint has enough to do."""
LIVE_SHARD = 64
"""Items of a live run's shard at least: a busier backend's are as long as what is worked on
together, since each write tells of each shard how far it is."""
MOST_TOGETHER = 32
"""Shards that are claimed at once."""

ITEMS = PositiveIntegerField()
COUNT = PositiveSmallIntegerField()
ONE_LESS = Greatest(F("attempts") - 1, 0, output_field=COUNT)


class ClaimLost(Exception):
    """The shard has another worker by now, or its run has ended."""


@dataclass(frozen=True, slots=True)
class ShardClaim:
    """A shard that this worker holds under `token`, with its run and version."""

    shard: Shard
    token: uuid.UUID

    @property
    def positions(self) -> range:
        """Positions of the shard's items in their test set."""
        return range(self.shard.start, self.shard.stop)

    @property
    def size(self) -> int:
        return len(self.positions)


def items_in_flight(run: Run) -> int:
    """Items that keep a live run's backend busy: so many are worked on together."""
    try:
        at_once: int = backend_of(run.version).at_once
    except DeclarationError:  # of an older program; a shard says so when it is worked on
        at_once = 1
    return AHEAD * at_once // int(run.samples)


def lease_cutoff() -> datetime.datetime:
    """The time before which a lease must have ended for its shard to be claimable again.

    Now. But while the database is away nobody can renew a lease: those that ended since an outage
    began tell nothing, until their holders have had the time of a lease to renew them.
    """
    now = timezone.now()
    began_s_ago = outages.database.outage_seconds(LEASE.total_seconds())
    return now if began_s_ago is None else now - datetime.timedelta(seconds=began_s_ago) - NOTICED


def claim_next(run_id: int, *, items: int = 1) -> list[ShardClaim]:
    """Claims the run's next free shards, of so many items together or the first alone, under LEASE;
    None if there are none.

    A shard whose workers were lost ATTEMPTS times in a row, without having done an item more,
    isn't given out again but failed. One that was given out before is given out alone, so that it
    spoils no other.
    """
    now, token = timezone.now(), uuid.uuid4()
    with transaction.atomic():
        waiting = Shard.objects.filter(run_id=run_id).claimable(lease_cutoff()).order_by("start")
        enough = min(MOST_TOGETHER, items // LIVE_SHARD + 1)
        candidates = list(waiting.select_for_update()[:enough])
        _fail(shard.pk for shard in candidates if shard.attempts >= ATTEMPTS)
        claimable = _first_of([shard for shard in candidates if shard.attempts < ATTEMPTS], items)
        Shard.objects.filter(pk__in=[shard.pk for shard in claimable]).update(
            state=ShardState.CLAIMED,
            claim=token,
            lease_until=now + LEASE,
            attempts=F("attempts") + 1,
        )
    if not claimable:
        return claim_next(run_id, items=items) if candidates else []
    run = _start_run(run_id, now)
    for shard in claimable:
        shard.run = run
    return [ShardClaim(shard, token) for shard in claimable]


def _start_run(run_id: int, now: datetime.datetime) -> Run:
    """Mark the run as running; returns it with the related rows that its worker reads."""
    runs = Run.objects.select_related("version__model", "test_set_version")
    run: Run = runs.get(pk=run_id)
    if run.state == RunState.PENDING:
        Run.objects.filter(pk=run_id, state=RunState.PENDING).update(
            state=RunState.RUNNING, started=Coalesce("started", now), going_since=now, error=""
        )
        run = runs.get(pk=run_id)
    return run


def _fail(lost: Iterable[int]) -> None:
    Shard.objects.filter(pk__in=list(lost)).update(
        state=ShardState.FAILED,
        claim=None,
        error=f"its worker was lost {ATTEMPTS} times, and nothing was done in between",
    )


def _first_of(shards: Sequence[Shard], items: int) -> list[Shard]:
    first, size = list(shards[:1]), 0
    for shard, following in pairwise(shards):
        size += shard.stop - shard.start
        if size >= items or shard.attempts or following.attempts:
            break
        first.append(following)
    return first


def renew(claim: ShardClaim, items_done: int, limit: str = "", *, got_on: bool) -> None:
    """Renews the lease and stores the number of items done (never fewer than before) and of
    concurrent requests. Raises ClaimLost.

    An attempt that got on isn't counted, and neither are those before it.
    """
    goes_on = Exists(Run.objects.filter(pk=OuterRef("run"), state=RunState.RUNNING))
    query = _still_claimed(claim).filter(goes_on)
    attempts = {"attempts": 0} if got_on else {}
    most = Greatest(F("done"), items_done, output_field=ITEMS)
    until = timezone.now() + LEASE
    if not query.update(lease_until=until, done=most, limit=limit, **attempts):
        raise ClaimLost


def record_progress(claim: ShardClaim, items_done: int) -> None:
    """Record how many items of a shard are done, even if another worker has claimed it since."""
    most = Greatest(F("done"), items_done, output_field=ITEMS)
    Shard.objects.filter(pk=claim.shard.pk).update(done=most)


@transaction.atomic
def complete(*claims: ShardClaim) -> None:
    """All of the shards' items are answered, or in error, and scored. Raises ClaimLost, and then
    none is."""
    keys = [claim.shard.pk for claim in claims]
    claimed_shards = Shard.objects.filter(pk__in=keys, claim__in={claim.token for claim in claims})
    # of what was asked, `renew` has told how much is kept
    scored = {"done": F("stop") - F("start")} if claims[0].shard.run.source else {}
    ended = claimed_shards.update(state=ShardState.DONE, claim=None, error="", **scored)
    if ended != len(claims):
        raise ClaimLost


def release(claim: ShardClaim) -> None:
    """Give a shard back unfinished, without counting the attempt: it isn't the shard's fault."""
    _still_claimed(claim).update(state=ShardState.PENDING, claim=None, attempts=ONE_LESS)


def fail_attempt(claim: ShardClaim, error: str) -> None:
    """An attempt went wrong: the shard waits for the next one, or has failed with the last."""
    query = _still_claimed(claim)
    last = query.filter(attempts__gte=ATTEMPTS)
    if not last.update(state=ShardState.FAILED, claim=None, error=error):
        query.update(state=ShardState.PENDING, claim=None, error=error)


def _still_claimed(claim: ShardClaim) -> ShardQuerySet:
    query: ShardQuerySet = Shard.objects.filter(pk=claim.shard.pk, claim=claim.token)
    return query
