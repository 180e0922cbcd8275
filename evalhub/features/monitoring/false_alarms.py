"""False alarms a year: what a project's monitors may raise together, and what is left of it."""

from django.db import transaction
from django.db.models import Sum

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_owns
from evalhub.declare.declaration import validate
from evalhub.declare.monitor import FalseAlarms
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.models import Monitor, MonitoringSettings

FALSE_ALARMS_OF_PROJECT = 4.0
"""A year, of all monitors of a project, until somebody sets another number."""
_FIELD = "false_alarms_a_year"
_ROUNDING = 1e-9
"""Shares that add up to the total but for this fit into it."""


def total_false_alarms(project: Project) -> float:
    """How many a year the project's monitors may raise together. One query."""
    settings = MonitoringSettings.objects.filter(project=project)
    total = settings.values_list(_FIELD, flat=True).first()
    return FALSE_ALARMS_OF_PROJECT if total is None else total


def false_alarms_left(project: Project) -> float:
    """What running monitors leave of the project's total, 0 or more. Two queries."""
    return max(0.0, total_false_alarms(project) - _taken(project))


@transaction.atomic
def set_false_alarms(*, project: Project, by: User | None, a_year: float) -> None:
    """Sets how many false alarms a year the project's monitors may raise together.

    Raises:
        DeclarationError: a number out of range.
        MonitorError: running monitors take more.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
    """
    check_owns(by, project, "set how many false alarms its monitors may raise")
    a_year = validate(FalseAlarms, a_year, at=_FIELD)
    Project.objects.select_for_update().get(pk=project.pk)
    taken = _taken(project)
    if a_year < taken - _ROUNDING:
        raise MonitorError(
            f"its running monitors take {taken:g} a year: end one of them first, or set at least "
            f"{taken:g}",
            _FIELD,
        )
    MonitoringSettings.objects.update_or_create(project=project, defaults={_FIELD: a_year})
    note(Action.FALSE_ALARMS_SET, by=by, project=project, what=f"{a_year:g} a year")


def check_share(project: Project, a_year: float) -> None:
    """That a new monitor's share is left. Call it while the transaction holds the project.

    Raises MonitorError, which says what is left.
    """
    left = false_alarms_left(project)
    if a_year > left + _ROUNDING:
        raise MonitorError(
            f"{a_year:g} a year is more than is left: its monitors may raise "
            f"{total_false_alarms(project):g} together, and {left:g} of them are left. Take a "
            "smaller share, end a monitor, or let an owner raise the project's number",
            _FIELD,
        )


def _taken(project: Project) -> float:
    running = Monitor.objects.filter(project=project).running()
    return running.aggregate(sum=Sum(_FIELD))["sum"] or 0.0
