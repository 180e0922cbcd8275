"""Add a monitor: what it watches is declared, and its false alarms are a share of the project's."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import validate
from evalhub.declare.monitor import (
    FALSE_ALARMS_OF_MONITOR,
    AnswersPlan,
    FalseAlarms,
    InputsPlan,
    MonitorKind,
    OperationsPlan,
    QualityPlan,
)
from evalhub.features.monitoring.alarms import check_owner
from evalhub.features.monitoring.answers.asking import begin_watch
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.false_alarms import check_share
from evalhub.features.monitoring.models import Monitor
from evalhub.features.monitoring.quality.looking import begin_quality

type Begin = Callable[[Monitor], timedelta]
"""Checks and makes what a monitor of its kind needs, in the transaction that adds it; returns how
long it waits for its first look. Raises MonitorError."""

BEGINS: Mapping[MonitorKind, Begin] = {
    MonitorKind.ANSWERS: begin_watch,
    MonitorKind.QUALITY: begin_quality,
}


@transaction.atomic
def add_monitor(
    *,
    project: Project,
    by: User | None,
    plan: OperationsPlan | AnswersPlan | QualityPlan | InputsPlan,
    false_alarms_a_year: float = FALSE_ALARMS_OF_MONITOR,
    owner: User | None = None,
) -> Monitor:
    """Watches the project's champion from now on, as the plan says.

    A project has one monitor of a kind at a time, but for answers: one of a test set.

    Args:
        false_alarms_a_year: its share of the project's, at most; more than 0.
        owner: who answers for its alarms; None: whoever takes one.

    Raises:
        DeclarationError: `false_alarms_a_year` is out of range.
        MonitorError: there is such a monitor; the share isn't left; `owner` doesn't evaluate in
            the project; what its kind refuses.
        runners.launch_checks.LaunchError: an item's text was redacted.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    false_alarms_a_year = validate(FalseAlarms, false_alarms_a_year, at="false_alarms_a_year")
    check_owner(owner, project)
    Project.objects.select_for_update().get(pk=project.pk)
    _check_only_one(project, plan)
    check_share(project, false_alarms_a_year)
    now = timezone.now()
    monitor = Monitor.objects.create(
        project=project,
        kind=plan.of,
        plan=plan,
        false_alarms_a_year=false_alarms_a_year,
        owner=owner,
        by=by,
        due=now,
    )
    if plan.of in BEGINS:
        monitor.due = now + BEGINS[plan.of](monitor)
        monitor.save(update_fields=["due"])
    what = f"{monitor.pk}, of {monitor.kind}: {false_alarms_a_year:g} false alarms a year"
    note(Action.MONITOR_ADDED, by=by, project=project, what=what)
    return monitor


def _check_only_one(
    project: Project, plan: OperationsPlan | AnswersPlan | QualityPlan | InputsPlan
) -> None:
    running = Monitor.objects.filter(project=project, kind=plan.of).running()
    if isinstance(plan, OperationsPlan):
        running = running.filter(plan__route=plan.route)
    if isinstance(plan, AnswersPlan):
        running = running.filter(plan__test_set=plan.test_set)
    if monitor := running.first():
        raise MonitorError(
            f"monitor {monitor.pk} of {project.slug} watches it already: end that one first", "of"
        )
