"""Look at a monitor as soon as possible: the timer does so at its next tick."""

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.answers.asking import ask
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.models import Monitor


@transaction.atomic
def look_soon(*, monitor: Monitor, by: User | None) -> None:
    """Makes a running monitor due now. One of answers asks its champion again.

    Raises:
        MonitorError: it has ended.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, monitor.project)
    running = Monitor.objects.running().filter(pk=monitor.pk)
    if not running.exists():
        raise MonitorError(f"monitor {monitor.pk} has ended: nothing looks any more")
    if monitor.kind == MonitorKind.ANSWERS:
        ask(monitor.watch)
    now = timezone.now()
    running.filter(due__gt=now).update(due=now)
