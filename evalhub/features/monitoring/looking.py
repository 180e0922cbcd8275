"""`look`: one idempotent step of a monitor, and the timer that calls it.

Nobody is told when requests come: a timer looks. A kind of monitor is a function that looks once
and says when to look again.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from django.utils import timezone

from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.answers.asking import look_at_answers
from evalhub.features.monitoring.inputs.look import look_at_inputs
from evalhub.features.monitoring.leasing import end_lease, take_lease
from evalhub.features.monitoring.models import Monitor
from evalhub.features.monitoring.operations.look import look_at_operations
from evalhub.features.monitoring.quality.looking import look_at_quality
from runners.timer import every

TICK_S = 30.0
RETRY = timedelta(minutes=5)
"""How long the timer leaves a monitor alone after an unexpected error."""

logger = logging.getLogger(__name__)

type Look = Callable[[Monitor, datetime], datetime]
"""Looks at what a monitor watches, as of a time; returns when it is next due. Called again for the
same time it changes nothing."""

LOOKS: Mapping[MonitorKind, Look] = {
    MonitorKind.ANSWERS: look_at_answers,
    MonitorKind.QUALITY: look_at_quality,
    MonitorKind.INPUTS: look_at_inputs,
    MonitorKind.OPERATIONS: look_at_operations,
}


def look(monitor: Monitor, *, now: datetime | None = None) -> bool:
    """Takes a running monitor one step on. One process at a time does so, under a lease.

    Args:
        now: until when what has come counts; None: the present.

    Returns whether it was looked at: not where it has ended, or another process is at it.
    """
    now = now or timezone.now()
    token = take_lease(monitor)
    if token is None:
        return False
    changes: dict[str, object] = {}
    try:
        monitor = Monitor.objects.select_related("project").get(pk=monitor.pk)
        due = LOOKS[MonitorKind(monitor.kind)](monitor, now)
        changes = {"due": due, "looked": now}
    finally:
        end_lease(monitor, token, **changes)
    return True


def look_at_monitors() -> None:
    """Looks at each monitor that is due. An error on one is logged and doesn't stop the others."""
    for monitor in Monitor.objects.due():
        try:
            look(monitor)
        except Exception:
            logger.exception("could not look at monitor %s: %s", monitor.pk, monitor)
            later = timezone.now() + RETRY
            Monitor.objects.filter(pk=monitor.pk, lease_token=None).update(due=later)


def looker() -> AbstractContextManager[None]:
    """Calls `look_at_monitors` every TICK_S seconds on a thread of this process, while the block
    runs."""
    return every(TICK_S, look_at_monitors)
