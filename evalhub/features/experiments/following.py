"""`follow`: one idempotent step of an experiment, and the timer that calls it.

Its traffic is counted, it is judged by that, a decision is kept where the verdict changed, proven
harm rolls it back, and its ramp goes on. Nobody is told when requests come: a timer looks.
"""

import logging
import uuid
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evalhub.declare.verdicts import Verdict, split_mark
from evalhub.features.experiments.assessing.assess import Assessment, assess, keep_decision
from evalhub.features.experiments.counting.due import (
    count_arrivals,
    count_days,
    due_days,
    last_closing,
)
from evalhub.features.experiments.ending import roll_back_experiment, stop_experiment
from evalhub.features.experiments.models import Experiment, LiveReading
from evalhub.features.experiments.ramp import is_news, ramp_on
from evalhub.features.experiments.steps import lock_experiment
from evalhub.features.traffic.served import ServedVersions
from evalhub.io.canonical import storable
from evalhub.ledger.models import Promotion
from evalhub.registry.models.versions import VersionStage
from runners.timer import every

TICK_S = 5.0
LEASE = timedelta(minutes=2)
"""Whoever dies while following an experiment holds the others up for that long."""
RETRY = timedelta(seconds=30)
"""How long the timer leaves an experiment alone after an unexpected error."""
READ_EVERY = timedelta(minutes=15)
PATIENCE, LONGEST_PAUSE_S = 4.0, 20.0
"""Whoever took so many seconds to follow experiments leaves them alone for this many times that,
and no longer than this: harm is rolled back within a minute of the batch that proves it."""

logger = logging.getLogger(__name__)


def follow(experiment: Experiment, *, now: datetime | None = None) -> bool:
    """Takes the experiment one step on. Calling it again changes nothing while nothing new has
    come. One process at a time does the work, under a lease.

    Args:
        now: until when feedback counts; None: the present.

    Returns whether there was anything to do, and another process wasn't at it.
    """
    now = now or timezone.now()
    versions = "champion__model", "challenger__model"
    rows = Experiment.objects.select_related("project", "study", *versions)
    experiment = rows.get(pk=experiment.pk)
    if not _has_work(experiment, now):
        return False
    token = _lease(experiment)
    if token is None:
        return False
    try:
        _take_step(experiment, now)
    finally:
        Experiment.objects.filter(pk=experiment.pk, lease_token=token).update(
            lease_token=None, lease_until=None
        )
    return True


def follow_experiments() -> None:
    """Follows each experiment that runs, or of which feedback may still come. An error on one is
    logged and doesn't stop the others."""
    for experiment in Experiment.objects.to_follow(timezone.now()).order_by("pk"):
        try:
            follow(experiment)
        except Exception:
            logger.exception("could not follow %s", experiment)
            Experiment.objects.filter(pk=experiment.pk, lease_token=None).update(
                lease_until=timezone.now() + RETRY
            )


def follower() -> AbstractContextManager[None]:
    """Calls `follow_experiments` every TICK_S seconds on a thread of this process, while the block
    runs, and less often where that takes long."""
    next_time = monotonic()

    def follow_patiently() -> None:
        nonlocal next_time
        begun = monotonic()
        if begun >= next_time:
            follow_experiments()
            now = monotonic()
            next_time = now + min(PATIENCE * (now - begun), LONGEST_PAUSE_S)

    return every(TICK_S, follow_patiently)


def obstacle(experiment: Experiment) -> str:
    """Why a running experiment can't go on: its champion or challenger isn't what it was; "" where
    nothing stands in its way."""
    current = Promotion.objects.current(experiment.project)
    if current is None or current.version_id != experiment.champion_id:
        return f"the champion is {current and current.version} by now, not {experiment.champion}"
    challenger = experiment.challenger
    if challenger.stage != VersionStage.CANARY:
        return f"{challenger} is {challenger.get_stage_display()} by now, and no canary"
    served, moment = ServedVersions.of(experiment.project), timezone.now()
    for name, version in (
        (experiment.champion_name, experiment.champion),
        (experiment.challenger_name, challenger),
    ):
        if (stated := served.at(name, moment)) != version:
            return f"{name} stands for {stated} by now, not for {version}"
    return ""


def _has_work(experiment: Experiment, now: datetime) -> bool:
    """A count that was never read is news too: whoever counted has died."""
    if experiment.is_running and (is_news(experiment, now) or obstacle(experiment)):
        return True
    counted = experiment.counted_days.filter(counted__isnull=False)
    if experiment.followed is not None:
        counted = counted.filter(counted__gt=experiment.followed)
    if counted.exists() or _is_to_be_closed(experiment, now):
        return True
    if experiment.counted_days.filter(arrivals_due__lte=now).exists():
        return True
    return bool(due_days(experiment, now))


def _is_to_be_closed(experiment: Experiment, now: datetime) -> bool:
    """Whether it has ended, or all feedback on it has come, since it was followed."""
    if experiment.ended is None:
        return False
    if experiment.followed is None:
        return True
    return experiment.followed < last_closing(experiment, experiment.ended.date()) <= now


def _lease(experiment: Experiment) -> uuid.UUID | None:
    """A token of the lease, held for LEASE; None while another process has one."""
    now, token = timezone.now(), uuid.uuid4()
    free = Experiment.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=experiment.pk)
    return token if free.update(lease_until=now + LEASE, lease_token=token) else None


def _take_step(experiment: Experiment, now: datetime) -> None:
    if experiment.is_running and (reason := obstacle(experiment)):
        experiment = stop_experiment(experiment=experiment, by=None, reason=reason)
    count_days(experiment, due_days(experiment, now), now)
    assessment = _assess(experiment, now)
    _keep(experiment, assessment, now)
    if experiment.is_running and not assessment.harmed_guards:
        ramp_on(experiment, assessment, now)
    count_arrivals(experiment, due_by=now)


def _assess(experiment: Experiment, now: datetime) -> Assessment:
    """As it stands. A mismatch that is new is located by all who have come."""
    assessment = assess(experiment, now)
    was = (experiment.record or {}).get("verdict")
    is_new = assessment.record.verdict == Verdict.INVALID != was
    return assess(experiment, now) if is_new and count_arrivals(experiment) else assessment


@transaction.atomic
def _keep(experiment: Experiment, assessment: Assessment, now: datetime) -> None:
    """Keeps what was found out: the record, a reading, and a decision where the verdict changed,
    where harm is proven, and at the end. Harm ends the experiment in the same transaction. Where
    somebody has ended it since it was assessed nothing is kept: the next step knows of the end."""
    ended = experiment.ended
    experiment = lock_experiment(experiment)
    if experiment.ended != ended:
        return
    harmed = assessment.harmed_guards if experiment.is_running else []
    closing = _is_to_be_closed(experiment, now)
    newest = experiment.study.decisions.newest_first().first()
    changed = newest is None or newest.verdict != assessment.record.verdict
    if changed or harmed or closing:
        keep_decision(experiment=experiment, record=assessment.record, by=None)
    if harmed:
        sentences = "; ".join(split_mark(guard.sentence)[1] or guard.name for guard in harmed)
        roll_back_experiment(experiment=experiment, reason=f"Proven harm: {sentences}")
    Experiment.objects.filter(pk=experiment.pk).update(
        followed=now, record=storable(assessment.record.as_json())
    )
    last = experiment.readings.order_by("-at", "-pk").values_list("at", flat=True).first()
    if changed or harmed or closing or last is None or now - last >= READ_EVERY:
        LiveReading.objects.create(
            experiment=experiment,
            at=max(now, timezone.now()),
            users=assessment.users,
            verdict=assessment.record.verdict,
            points={**assessment.points, "ratio": {"p": assessment.ratio_p}},
        )
