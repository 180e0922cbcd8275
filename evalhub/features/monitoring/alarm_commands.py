"""Commands on alarms, below `evalhub monitor`: here or at a site."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.monitoring.command_lines import alarm_lines
from evalhub.features.monitoring.command_parts import SHOWN, By, person_by_option, project_by_option
from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, get_rows, post
from evalhub.frames.command.verbs import Printed

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.features.monitoring.models import Alarm, AlarmQuerySet

Reason = Annotated[str, typer.Option(help="Why, in words.")]
AlarmNumber = Annotated[
    int, typer.Argument(help="The alarm's number, as `alarms` prints it.", metavar="ALARM")
]
SNOOZE_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def alarms(
    project: Of,
    open_: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
) -> Operation:
    """List a project's alarms: the newest 50, the newest first."""

    def here() -> list[dict[str, Any]]:
        from evalhub.features.monitoring.shapes import AlarmOut

        rows = _alarms(project_by_option(project)).order_by("-pk")
        rows = rows.open() if open_ else rows
        return [AlarmOut.from_model(row).as_json() for row in rows[:SHOWN]]

    there = get_rows(f"/alarms?page_size={SHOWN}{'&open=true' if open_ else ''}")
    return Operation(project, here, there, lambda rows: Printed(rows, lines=alarm_lines(rows)))


def acknowledge(alarm: AlarmNumber, project: Of, by: By = None) -> Operation:
    """Say that somebody has seen an alarm."""

    def do(row: "Alarm") -> None:
        from evalhub.features.monitoring.alarms import acknowledge_alarm

        acknowledge_alarm(alarm=row, by=person_by_option(by))

    return _acting(alarm, project, do, "acknowledge", {})


def snooze(
    alarm: AlarmNumber,
    project: Of,
    until: Annotated[
        str, typer.Option(help="For how long, as 12h, 7d or 2w; or a time, with its offset.")
    ],
    reason: Reason,
    by: By = None,
) -> Operation:
    """Keep an alarm quiet for a time. It stays open, so that the same isn't raised again."""
    time = _time(until)

    def do(row: "Alarm") -> None:
        from evalhub.features.monitoring.alarms import snooze_alarm

        snooze_alarm(alarm=row, until=time, reason=reason, by=person_by_option(by))

    body = {"until": time.isoformat(), "reason": reason}
    return _acting(alarm, project, do, "snooze", body)


def resolve(
    alarm: AlarmNumber,
    project: Of,
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help="mended; false: nothing had changed; meant: a new reference begins.",
            metavar="mended|meant|false",
        ),
    ],
    reason: Reason,
    by: By = None,
) -> Operation:
    """Say what became of an alarm."""
    if as_ not in ("mended", "meant", "false"):
        raise typer.BadParameter("is mended, meant or false", param_hint="--as")

    def do(row: "Alarm") -> None:
        from evalhub.features.monitoring.alarms import resolve_alarm
        from evalhub.features.monitoring.models import Resolution

        person = person_by_option(by)
        resolve_alarm(alarm=row, resolution=Resolution(as_), reason=reason, by=person)

    return _acting(alarm, project, do, "resolve", {"resolution": as_, "reason": reason})


def assign(
    alarm: AlarmNumber,
    project: Of,
    to: Annotated[
        str | None,
        typer.Option(help="Who answers for it.", metavar="USER", show_default="nobody"),
    ] = None,
    by: By = None,
) -> Operation:
    """Say who answers for an alarm."""

    def do(row: "Alarm") -> None:
        from evalhub.features.monitoring.alarms import assign_alarm
        from evalhub.features.monitoring.owners import owner_by_name

        owner = owner_by_name(row.monitor.project, to)
        assign_alarm(alarm=row, owner=owner, by=person_by_option(by))

    return _acting(alarm, project, do, "assign", {"owner": to})


def _acting(
    alarm: int,
    project: str,
    do: "Callable[[Alarm], None]",
    verb: str,
    body: Mapping[str, Any],
) -> Operation:
    def here() -> dict[str, Any]:
        from evalhub.features.monitoring.shapes import AlarmOut

        row = project_by_option(project)
        do(_alarm(row, alarm))
        return AlarmOut.from_model(_alarm(row, alarm)).as_json()

    there = post(f"/alarms/{alarm}/{verb}", body)
    return Operation(project, here, there, lambda row: Printed(row, lines=alarm_lines([row])))


def _time(text: str) -> datetime:
    """Raises typer.BadParameter."""
    from django.utils import timezone

    count, unit = text[:-1], text[-1:]
    if unit in SNOOZE_UNITS and count.isdecimal() and len(count) < 5:
        return timezone.now() + int(count) * SNOOZE_UNITS[unit]
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        message = "is a duration, as 12h, 7d or 2w, or a time, as 2026-12-01T09:00+00:00"
        raise typer.BadParameter(message, param_hint="--until")
    return time


def _alarms(project: "Project") -> "AlarmQuerySet":
    from evalhub.features.monitoring.models import Alarm

    return Alarm.objects.of_project(project).with_related()


def _alarm(project: "Project", number: int) -> "Alarm":
    row = _alarms(project).filter(pk=number).first()
    if row is None:
        message = f"{project} has no alarm {number} (evalhub monitor alarms)"
        raise typer.BadParameter(message, param_hint="ALARM")
    return row


ALARM_COMMANDS: Mapping[str, Callable[..., Operation]] = {
    "alarms": alarms,
    "acknowledge": acknowledge,
    "snooze": snooze,
    "resolve": resolve,
    "assign": assign,
}
"""By name, in the order of the help."""
