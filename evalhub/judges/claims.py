"""Claiming a judge's run and letting go of it, each by one compare-and-set, as a shard's.

Whoever's lease has ended, or whose token is no longer there, has lost it: another worker may have
it, or the answers are others by now. What a loser has written stays.
"""

import datetime
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, PositiveSmallIntegerField
from django.db.models.functions import Greatest
from django.utils import timezone

from evalhub.judges.models import STOPPED, JudgeRun, JudgeRunQuerySet, JudgeRunState
from evalhub.registry.models import Run
from runners.backends import BACKENDS

LEASE = datetime.timedelta(seconds=15)
ATTEMPTS = 3
"""How often in a row a judge is asked by who then goes away, without a verdict more."""
CANCELLED = "it was cancelled"
ONE_LESS = Greatest(F("attempts") - 1, 0, output_field=PositiveSmallIntegerField())


class JudgeClaimLost(Exception):
    """The judge is another worker's to ask by now, or its answers are others."""


@dataclass(frozen=True, slots=True)
class JudgeClaim:
    """A judge's run that this worker holds under `token`."""

    judge_run: JudgeRun
    token: uuid.UUID


def waiting(forsaken: datetime.datetime, kinds: Collection[str] | None = None) -> int | None:
    """The first that can be claimed and whose judge is asked by one of these kinds of workers;
    None: by any. A lease that ended before `forsaken` holds nobody off."""
    runs = JudgeRun.objects.claimable(forsaken).order_by("pk")
    if kinds is not None:
        types = [name for name, backend in BACKENDS.items() if backend.queue in kinds]
        runs = runs.filter(judge__backend__type__in=types)
    return runs.values_list("pk", flat=True).first()


def claim(judge_run_id: int, forsaken: datetime.datetime) -> JudgeClaim | None:
    """Claim the run for LEASE; None where another worker holds it or nothing is left to do.

    A lease that ended before `forsaken` is nobody's any more. One whose workers were lost ATTEMPTS
    times in a row, without a verdict more, has failed.
    """
    rows = JudgeRun.objects.select_related("judge", "candidate", "baseline__test_set_version")
    judge_run = rows.claimable(forsaken).filter(pk=judge_run_id).first()
    if judge_run is None:
        return None
    still = JudgeRun.objects.filter(pk=judge_run.pk, claim=judge_run.claim).claimable(forsaken)
    if judge_run.attempts >= ATTEMPTS:
        still.update(
            **_failure(f"whoever asked it was lost {ATTEMPTS} times, without a verdict in between")
        )
        return None
    token = uuid.uuid4()
    updated = still.update(
        state=JudgeRunState.CLAIMED,
        claim=token,
        lease_until=timezone.now() + LEASE,
        attempts=F("attempts") + 1,
    )
    return JudgeClaim(judge_run, token) if updated else None


def renew(judge_claim: JudgeClaim, *, got_on: bool) -> None:
    """Renews the lease; an attempt that `got_on` isn't counted. Raises JudgeClaimLost."""
    attempts = {"attempts": 0} if got_on else {}
    still = _still_claimed(judge_claim).of_answers_as_they_are()
    if not still.update(lease_until=timezone.now() + LEASE, **attempts):
        raise JudgeClaimLost


def complete(judge_claim: JudgeClaim, error: str = "", *, unreachable: bool = False) -> None:
    """All of its verdicts were asked for; `error` says of which there is none. Raises
    JudgeClaimLost."""
    ended = _failure(error, unreachable=unreachable) if error else _end_fields(JudgeRunState.DONE)
    if not _still_claimed(judge_claim).update(**ended):
        raise JudgeClaimLost


def cancel(run: Run) -> int:
    """Stops the judges that are asked about a run's answers; how many. Who asks one finds its claim
    gone. What they said stays."""
    going = JudgeRun.objects.unfinished().about(run)
    why = {"error": CANCELLED, "unreachable": True}
    return going.update(**_end_fields(JudgeRunState.CANCELLED) | why)


def take_up(judge_runs: JudgeRunQuerySet) -> int:
    """Lets those of them go on that failed or were cancelled; how many."""
    stopped = judge_runs.filter(state__in=STOPPED)
    waits = {"state": JudgeRunState.PENDING, "attempts": 0, "finished": None}
    return stopped.update(**waits, error="", unreachable=False)


def release(judge_claim: JudgeClaim) -> None:
    """Give the run back unfinished, without counting the attempt."""
    _still_claimed(judge_claim).update(state=JudgeRunState.PENDING, claim=None, attempts=ONE_LESS)


def stop(judge_claim: JudgeClaim, error: str) -> None:
    """Fail the run because the judge can't be used. Its verdicts stay."""
    _still_claimed(judge_claim).update(**_failure(error))


def fail_attempt(judge_claim: JudgeClaim, error: str) -> None:
    """An attempt went wrong: it waits for the next one, or has failed with the last."""
    last = _still_claimed(judge_claim).filter(attempts__gte=ATTEMPTS)
    if not last.update(**_failure(error)):
        _still_claimed(judge_claim).update(state=JudgeRunState.PENDING, claim=None, error=error)


def _still_claimed(judge_claim: JudgeClaim) -> JudgeRunQuerySet:
    runs: JudgeRunQuerySet = JudgeRun.objects.filter(
        pk=judge_claim.judge_run.pk, claim=judge_claim.token
    )
    return runs


def _failure(error: str, *, unreachable: bool = True) -> dict[str, object]:
    return _end_fields(JudgeRunState.FAILED) | {"error": error, "unreachable": unreachable}


def _end_fields(state: JudgeRunState) -> dict[str, object]:
    return {
        "state": state,
        "claim": None,
        "error": "",
        "unreachable": False,
        "finished": timezone.now(),
    }
