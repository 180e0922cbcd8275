"""`evalhub data`: reports of training files, here or at a site."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from evalhub.features.data.check_command import check
from evalhub.features.data.report_lines import report_lines, row_line
from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, get_rows, operation, post
from evalhub.frames.command.verbs import Printed, user_by_option

if TYPE_CHECKING:
    from evalhub.client.connection import Connection
    from evalhub.registry.models import StoredDataReport
    from evalhub.registry.models.data_reports import StoredDataReportQuerySet

app = typer.Typer(no_args_is_help=True, help="Training data: is this file worth training on?")
app.command("check")(check)

SHOWN = 50
By = Annotated[
    str | None, typer.Option(help="User who signs; at a site, the token's user.", metavar="USER")
]
Which = Annotated[
    str,
    typer.Argument(
        help="The report: its number as `list` prints it, or how its SHA-256 or its file's begins.",
        metavar="REPORT",
    ),
]


class SignedAs(StrEnum):
    accepted = "accepted"
    rejected = "rejected"


@app.command("list")
@operation
def list_(project: Of) -> Operation:
    """List the newest 50 reports of a project's training files, the newest first."""

    def here() -> list[dict[str, Any]]:
        from evalhub.features.data.shapes import DataReportOut

        rows = _rows(project).without_report().newest_first()[:SHOWN]
        return [DataReportOut.from_model(row).as_json() for row in rows]

    def printed(rows: list[dict[str, Any]]) -> Printed:
        none = ["No training file was checked yet: `evalhub data check FILE --project P`."]
        return Printed(rows, lines=[row_line(row) for row in rows] or none)

    return Operation(project, here, get_rows(f"/data-reports?page_size={SHOWN}"), printed)


@app.command("show")
@operation
def show(report: Which, project: Of) -> Operation:
    """Show a kept report with all its findings, and who signed it."""

    def here() -> dict[str, Any]:
        from evalhub.features.data.shapes import WholeDataReportOut

        return WholeDataReportOut.from_model(_report(project, report)).as_json()

    def there(connection: "Connection") -> dict[str, Any]:
        return dict(connection.get(f"/data-reports/{_number_there(connection, report)}").body)

    return Operation(project, here, there, _printed)


@app.command("sign")
@operation
def sign(
    report: Which,
    project: Of,
    as_: Annotated[SignedAs, typer.Option("--as", help="Whether the file may be trained on.")],
    reason: Annotated[str, typer.Option(help="Why; stored with it.")],
    by: By = None,
) -> Operation:
    """Accept a training file by its report, or reject it. The newest signature is what holds."""

    def here() -> dict[str, Any]:
        from evalhub.features.data.shapes import DataSignOffOut
        from evalhub.ledger.data_signoff import sign_report

        row, person = _report(project, report), user_by_option(by)
        signed = sign_report(report=row, by=person, verdict=as_.value, reason=reason)
        return DataSignOffOut.from_model(signed).as_json()

    def there(connection: "Connection") -> dict[str, Any]:
        number = _number_there(connection, report)
        body = {"verdict": as_.value, "reason": reason}
        return post(f"/data-reports/{number}/sign-offs", body)(connection)

    def printed(row: Mapping[str, Any]) -> Printed:
        line = f"signed as {row['verdict']}, SHA-256 {row['digest']}"
        return Printed(row, lines=[line, f"  {row['reason']}"])

    return Operation(project, here, there, printed)


def _printed(row: Mapping[str, Any]) -> Printed:
    from evalhub.declare.data_report import DataReport
    from evalhub.declare.declaration import validate

    lines = [*report_lines(validate(DataReport, row["report"])), "", row_line(row)]
    if row["signed"]:
        lines.append(f"      {row['signed']['reason']}")
    return Printed(row, lines=lines)


def _rows(project: str) -> "StoredDataReportQuerySet":
    from evalhub.accounts.people import project_by_slug
    from evalhub.registry.models import StoredDataReport

    rows = StoredDataReport.objects.filter(project=project_by_slug(project))
    return rows.select_related("project").prefetch_related("sign_offs")


def _report(project: str, which: str) -> "StoredDataReport":
    """The report of this number or digest. Raises typer.BadParameter."""
    row = _rows(project).matching(which).newest_first().first()
    if row is None:
        raise _missing(project, which)
    return row


def _number_there(connection: "Connection", which: str) -> int:
    """The number of the site's newest report that matches. Raises typer.BadParameter."""
    rows = connection.get(f"/data-reports?report={quote(which, safe='')}&page_size=1").body
    if not rows["results"]:
        raise _missing(connection.project, which)
    return int(rows["results"][0]["id"])


def _missing(project: str, which: str) -> typer.BadParameter:
    return typer.BadParameter(
        f"{project} has no report {which!r}: `evalhub data list` lists them", param_hint="REPORT"
    )
