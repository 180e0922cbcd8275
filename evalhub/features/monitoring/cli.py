"""`evalhub monitor`: the champion watched after it ships, and alarms; here or at a site."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.declare.declaration import default_of
from evalhub.declare.monitor import (
    FALSE_ALARMS_OF_MONITOR,
    AnswersPlan,
    InputsPlan,
    MonitorKind,
    QualityPlan,
)
from evalhub.features.monitoring.alarm_commands import ALARM_COMMANDS
from evalhub.features.monitoring.command_lines import list_lines, monitor_lines, settings_lines
from evalhub.features.monitoring.command_parts import SHOWN, By, person_by_option, project_by_option
from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, get_rows, operation, post
from evalhub.frames.command.verbs import Printed

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.client.connection import Connection
    from evalhub.features.monitoring.models import Monitor, MonitorQuerySet

app = typer.Typer(
    no_args_is_help=True,
    help="Monitors: is what is in production still what was promoted?",
)
Number = Annotated[
    int, typer.Argument(help="The monitor's number, as `list` prints it.", metavar="MONITOR")
]
PATIENCE_S = 600
"""So long a command waits for a site to look."""
START = (
    "the plan of a monitor is a mapping that begins with of: operations, answers, quality or inputs"
)


@app.command("add")
@operation
def add(
    project: Of,
    of: Annotated[
        MonitorKind | None,
        typer.Option(help="What it is about, unless --plan says so.", show_default=False),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(help="The plan, as YAML or JSON; options replace its values.", metavar="FILE"),
    ] = None,
    false_alarms: Annotated[
        float, typer.Option(help="Most false alarms a year: its share of the project's.")
    ] = FALSE_ALARMS_OF_MONITOR,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Who answers for its alarms.", metavar="USER", show_default="the project's owners"
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            help="A metric and the change worth an alarm: errors=0.01 (operations), "
            "json_valid=0.02 (quality). Repeatable.",
            metavar="METRIC=MARGIN",
        ),
    ] = None,
    slow_ms: Annotated[
        float | None, typer.Option(help="A request that takes longer is slow (operations).")
    ] = None,
    route: Annotated[
        str | None, typer.Option(help="Only this route (operations).", show_default="all")
    ] = None,
    slices: Annotated[
        str | None,
        typer.Option(help="Also by language, route or tag (operations).", show_default="no"),
    ] = None,
    test_set: Annotated[
        str | None,
        typer.Option(help="A test set of the study that promoted the champion (answers)."),
    ] = None,
    every_hours: Annotated[
        int | None,
        typer.Option(
            help="Hours between two askings (answers).",
            show_default=str(default_of(AnswersPlan, "every_hours")),
        ),
    ] = None,
    budget_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Most tokens an asking (answers).", show_default="none"
        ),
    ] = None,
    budget_money: Annotated[
        float | None,
        typer.Option(metavar="AMOUNT", help="Most money an asking (answers).", show_default="none"),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            help="Answers a day (quality).", show_default=str(default_of(QualityPlan, "sample"))
        ),
    ] = None,
    size: Annotated[
        float | None,
        typer.Option(
            help="The PSI worth an alarm (inputs).",
            show_default=str(default_of(InputsPlan, "size")),
        ),
    ] = None,
    by: By = None,
) -> Operation:
    """Watch the project's champion from now on, and whoever is champion after it."""
    budget = _stated(tokens=budget_tokens, money=budget_money)
    options = _stated(
        of=of and of.value,
        slow_ms=slow_ms,
        route=route,
        slices=slices,
        test_set=test_set,
        every_hours=every_hours,
        budget=budget or None,
        sample=sample,
        size=size,
    )
    declared = _plan(plan, options, measure or [])

    def here() -> dict[str, Any]:
        from evalhub.features.monitoring.adding import add_monitor
        from evalhub.features.monitoring.owners import owner_by_name

        row = project_by_option(project)
        monitor = add_monitor(
            project=row,
            by=person_by_option(by),
            plan=declared,
            false_alarms_a_year=false_alarms,
            owner=owner_by_name(row, owner),
        )
        return _followed(row, monitor.pk)

    body = {"plan": declared.as_json(), "false_alarms_a_year": false_alarms, "owner": owner}
    return Operation(project, here, post("/monitors", body), _monitor)


@app.command("list")
@operation
def list_(project: Of) -> Operation:
    """List a project's monitors, the newest first."""

    def here() -> list[dict[str, Any]]:
        from evalhub.features.monitoring.shapes import MonitorOut

        rows = _rows(project_by_option(project)).order_by("-pk")[:SHOWN]
        return [MonitorOut.from_model(row).as_json() for row in rows]

    there = get_rows(f"/monitors?page_size={SHOWN}")
    return Operation(project, here, there, lambda rows: Printed(rows, lines=list_lines(rows)))


@app.command("show")
@operation
def show(monitor: Number, project: Of) -> Operation:
    """Print a monitor: its streams, what it lacks, its alarms."""

    def here() -> dict[str, Any]:
        row = project_by_option(project)
        return _followed(row, _one(row, monitor).pk)

    return Operation(
        project,
        here,
        lambda connection: dict(connection.get(f"/monitors/{monitor}").body),
        _monitor,
    )


@app.command("look")
@operation
def look(monitor: Number, project: Of) -> Operation:
    """Look now: exit code 1 at an open alarm, 69 where it can't say anything."""

    def here() -> dict[str, Any]:
        from evalhub.features.monitoring.answers.waiting import ask_and_conclude
        from evalhub.features.monitoring.looking import look

        row = project_by_option(project)
        chosen = _one(row, monitor)
        if chosen.kind == MonitorKind.ANSWERS:
            ask_and_conclude(chosen.watch)
        look(chosen)
        return _followed(row, monitor)

    return Operation(project, here, lambda connection: _look_there(connection, monitor), _looked)


@app.command("end")
@operation
def end(monitor: Number, project: Of, by: By = None) -> Operation:
    """End a monitor. What it found stays, and its share of false alarms is free again."""

    def here() -> dict[str, Any]:
        from evalhub.features.monitoring.ending import end_monitor

        row = project_by_option(project)
        end_monitor(monitor=_one(row, monitor), by=person_by_option(by))
        return _followed(row, monitor)

    return Operation(project, here, post(f"/monitors/{monitor}/end", {}), _monitor)


@app.command("settings")
@operation
def settings(
    project: Of,
    false_alarms: Annotated[
        float | None,
        typer.Option(
            help="Most false alarms a year, of all monitors together.", show_default="as it is"
        ),
    ] = None,
    by: By = None,
) -> Operation:
    """Print or set how many false alarms a year the monitors may raise together."""

    def here() -> dict[str, Any]:
        from evalhub.features.monitoring.false_alarms import set_false_alarms
        from evalhub.features.monitoring.shapes import MonitoringOut

        row = project_by_option(project)
        if false_alarms is not None:
            set_false_alarms(project=row, by=person_by_option(by), a_year=false_alarms)
        return MonitoringOut.of(row).as_json()

    there: Callable[[Any], Any] = lambda connection: dict(connection.get("/monitoring").body)  # noqa: E731
    if false_alarms is not None:
        there = post("/monitoring", {"false_alarms_a_year": false_alarms})
    return Operation(project, here, there, lambda row: Printed(row, lines=settings_lines(row)))


def _plan(path: Path | None, options: Mapping[str, Any], measures: Sequence[str]) -> Any:
    """The plan of a file and options, which replace what it says.

    Raises evalhub.io.rows.DataError, with the line, or DeclarationError.
    """
    from evalhub.declare.declaration import read_declaration, validate
    from evalhub.declare.monitor import MonitorPlan
    from evalhub.features.monitoring.measures import measures_of
    from evalhub.io.document import Document

    stated: dict[str, Any] = {}
    if path is not None:
        stated = read_declaration(MonitorPlan, Document(path), start=START).as_json()  # type: ignore[arg-type]
    of = options.get("of") or stated.get("of")
    if of is None:
        raise typer.BadParameter("is needed, or a --plan", param_hint="--of")
    if measures:
        stated["measures"] = list(measures_of(of, measures))
    return validate(MonitorPlan, stated | dict(options))  # type: ignore[arg-type]


def _look_there(connection: "Connection", monitor: int) -> dict[str, Any]:
    """Asks the site for a look, and waits for it. Raises AwayError after PATIENCE_S."""
    import time

    from evalhub.client.connection import AwayError

    path = f"/monitors/{monitor}"
    before = connection.get(path).body["looked"]
    post(f"{path}/looks", {})(connection)
    for _ in range(PATIENCE_S):
        row = dict(connection.get(path).body)
        if row["ended"] or (row["looked"] != before and not row["is_asking"]):
            return row
        time.sleep(1)
    raise AwayError(f"the site hasn't looked at monitor {monitor} within {PATIENCE_S} s")


def _stated(**values: Any) -> dict[str, Any]:
    """The values of options that were given."""
    return {name: value for name, value in values.items() if value is not None}


def _rows(project: "Project") -> "MonitorQuerySet":
    from evalhub.features.monitoring.models import Monitor

    return Monitor.objects.filter(project=project).select_related("project", "owner")


def _one(project: "Project", number: int) -> "Monitor":
    row = _rows(project).filter(pk=number).first()
    if row is None:
        message = f"{project} has no monitor {number} (evalhub monitor list)"
        raise typer.BadParameter(message, param_hint="MONITOR")
    return row


def _followed(project: "Project", number: int) -> dict[str, Any]:
    from evalhub.features.monitoring.shapes import FollowedMonitorOut

    return FollowedMonitorOut.from_model(_one(project, number)).as_json()


def _monitor(row: Mapping[str, Any]) -> Printed:
    return Printed(row, lines=monitor_lines(row))


def _looked(row: Mapping[str, Any]) -> Printed:
    """With the exit code: 1 at an open alarm that isn't snoozed, 69 where something is absent."""
    from evalhub.frames.command.exits import UNREACHABLE

    is_alarm = any(alarm["state"] == "open" for alarm in row["alarms"])
    absent = UNREACHABLE if row["notices"] or row["ended"] else 0
    return Printed(row, lines=monitor_lines(row), code=1 if is_alarm else absent)


for _name, _command in ALARM_COMMANDS.items():
    app.command(_name)(operation(_command))
