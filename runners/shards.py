"""Claiming a shard and letting go of it, each by one compare-and-set.

A claim is a token and a lease. Whoever's lease has ended, or whose token is no longer there, has
lost the shard: another worker may have it, or the run was cancelled. What a loser has written
stays; it is what the next one would have written.

Each condition is on the row itself. A join is put into a subquery, which PostgreSQL does not ask
again for those who waited for the row: it would let all of them through.
"""

import datetime
import uuid
from dataclasses import dataclass

from django.db.models import Case, Exists, F, OuterRef, PositiveSmallIntegerField, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from evalhub.registry.models import Run, Shard
from evalhub.registry.models.runs import RunState, ShardQuerySet, ShardState

LEASE = datetime.timedelta(seconds=15)
ATTEMPTS = 3
"""How often in a row a shard is given out without getting on."""


COUNT = PositiveSmallIntegerField()
ONE_LESS = Greatest(F("attempts") - 1, 0, output_field=COUNT)


class ClaimLost(Exception):
    """The shard is another worker's by now, or its run goes on no more."""


@dataclass(frozen=True, slots=True)
class ShardClaim:
    """A shard that this worker holds under `token`, with its run and version."""

    shard: Shard
    token: uuid.UUID

    @property
    def size(self) -> int:
        return self.shard.stop - self.shard.start


def claim_next(run_id: int) -> ShardClaim | None:
    """The run's first shard that nobody works on, now held for LEASE; None where there is none.

    A shard whose workers were lost ATTEMPTS times in a row, without having done an item more,
    isn't given out again but failed.
    """
    waiting = Shard.objects.filter(run_id=run_id).select_related("run__version").order_by("start")
    while (shard := waiting.claimable(timezone.now()).first()) is not None:
        now = timezone.now()
        still = Shard.objects.filter(pk=shard.pk, claim=shard.claim).claimable(now)
        if shard.attempts >= ATTEMPTS:
            still.update(
                state=ShardState.FAILED,
                claim=None,
                error=f"its worker was lost {ATTEMPTS} times, and nothing was done in between",
            )
            continue
        token = uuid.uuid4()
        if still.update(
            state=ShardState.CLAIMED,
            claim=token,
            lease_until=now + LEASE,
            attempts=F("attempts") + 1,
        ):
            Run.objects.filter(pk=run_id, state=RunState.PENDING).update(
                state=RunState.RUNNING, started=Coalesce("started", now), error=""
            )
            return ShardClaim(shard, token)
    return None


def renew(claim: ShardClaim, done: int) -> None:
    """Renews the lease and tells how many items are done. Raises ClaimLost.

    An attempt that got on isn't counted, and neither are those before it.
    """
    goes_on = Exists(Run.objects.filter(pk=OuterRef("run"), state=RunState.RUNNING))
    kept = _claimed(claim).filter(goes_on)
    attempts = Case(When(done__lt=done, then=Value(0)), default="attempts", output_field=COUNT)
    if not kept.update(lease_until=timezone.now() + LEASE, done=done, attempts=attempts):
        raise ClaimLost


def complete(claim: ShardClaim) -> None:
    """All of the shard's items are answered and scored. Raises ClaimLost."""
    if not _claimed(claim).update(state=ShardState.DONE, claim=None, done=claim.size, error=""):
        raise ClaimLost


def release(claim: ShardClaim) -> None:
    """Unfinished, by no fault of the shard's: for another worker, without counting the attempt."""
    _claimed(claim).update(state=ShardState.PENDING, claim=None, attempts=ONE_LESS)


def fail_attempt(claim: ShardClaim, error: str) -> None:
    """An attempt went wrong: the shard waits for the next one, or has failed with the last."""
    held = _claimed(claim)
    last = held.filter(attempts__gte=ATTEMPTS)
    if not last.update(state=ShardState.FAILED, claim=None, error=error):
        held.update(state=ShardState.PENDING, claim=None, error=error)


def _claimed(claim: ShardClaim) -> ShardQuerySet:
    found: ShardQuerySet = Shard.objects.filter(pk=claim.shard.pk, claim=claim.token)
    return found
