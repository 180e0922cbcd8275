"""`evalhub log`: the audit log, the newest entry first."""

from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from evalhub.accounts.models import LogEntry


def log(
    project: Annotated[str, typer.Option(help="Only this project; by default all.")] = "",
    user: Annotated[str, typer.Option(help="Only by or about this user.")] = "",
    limit: Annotated[int, typer.Option(help="Most entries to print.", min=1)] = 100,
    json_: Json = False,
) -> int:
    """Print the audit log, the newest entry first: who did what, and when."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.models import LogEntry, Project

    entries = LogEntry.objects.select_related("by", "about", "project")
    if project:
        if not Project.objects.filter(slug=project).exists():
            raise typer.BadParameter(f"there is no project {project!r}", param_hint="--project")
        entries = entries.filter(project__slug=project)
    if user:
        entries = entries.by_or_about(user)
    rows = [_row(entry) for entry in entries[:limit]]
    if json_:
        printing.print_json(rows)
        return 0
    for row in rows:
        about = f": {row['about']}" if row["about"] else ""
        where = f" [{row['project']}]" if row["project"] else ""
        who = row["by"] or "the site"
        typer.echo(f"{row['created']}  {who}  {row['said']}{about} {row['what']}{where}")
    return 0


def _row(entry: "LogEntry") -> dict[str, object]:
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
