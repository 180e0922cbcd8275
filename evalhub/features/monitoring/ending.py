"""End a monitor: its share of false alarms is free again, and what it found stays."""

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.monitoring.models import Monitor

LONGEST_REASON = 200


@transaction.atomic
def end_monitor(*, monitor: Monitor, by: User | None, why: str = "by somebody's word") -> bool:
    """Ends a monitor. Its alarms stay open until somebody resolves them; what it lacks is over.

    Returns whether it was still running.

    Raises NotAllowedError where `by` doesn't evaluate in the project.
    """
    check_evaluates(by, monitor.project)
    now = timezone.now()
    running = Monitor.objects.running().filter(pk=monitor.pk)
    if not running.update(ended=now, why=why[:LONGEST_REASON]):
        return False
    monitor.notices.filter(ended=None).update(ended=now)
    what = f"{monitor.pk}, of {monitor.kind}: {why}"
    note(Action.MONITOR_ENDED, by=by, project=monitor.project, what=what)
    return True
