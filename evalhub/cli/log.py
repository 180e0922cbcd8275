"""`evalhub log`: the audit log, the newest entry first."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.verbs import Printed, command

if TYPE_CHECKING:
    from evalhub.accounts.models import LogEntry, Project


@command
def log(
    project: "Project | None" = None,
    user: Annotated[str, typer.Option(help="Only by or about this user.")] = "",
    limit: Annotated[int, typer.Option(help="Most entries to print.", min=1)] = 100,
) -> Printed:
    """Print the audit log, the newest entry first: who did what, and when."""
    from evalhub.accounts.models import LogEntry

    entries = LogEntry.objects.select_related("by", "about", "project")
    if project is not None:
        entries = entries.filter(project=project)
    if user:
        entries = entries.by_or_about(user)
    rows = [_row(entry) for entry in entries[:limit]]
    return Printed(rows, lines=[_line(row) for row in rows])


def _line(row: dict[str, Any]) -> str:
    about = f": {row['about']}" if row["about"] else ""
    where = f" [{row['project']}]" if row["project"] else ""
    who = row["by"] or "the site"
    return f"{row['created']}  {who}  {row['said']}{about} {row['what']}{where}"


def _row(entry: "LogEntry") -> dict[str, Any]:
    return {
        "id": entry.pk,
        "created": entry.created.isoformat(timespec="seconds"),
        "by": entry.by and entry.by.get_username(),
        "action": entry.action,
        "said": entry.said,
        "about": entry.about and entry.about.get_username(),
        "project": entry.project and entry.project.slug,
        "what": entry.what,
        "detail": entry.detail,
    }
