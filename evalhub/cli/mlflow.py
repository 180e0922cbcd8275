"""`evalhub mlflow`: what an MLflow server was told of champions and challengers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from evalhub.features.exporters.models import MlflowAlias

app = typer.Typer(
    no_args_is_help=True, help="Champion and challenger, as an MLflow server was told of them."
)

Of = Annotated[
    str | None,
    typer.Option("--project", help="Only this one.", metavar="P", show_default="all"),
]


@app.command()
def status(project: Of = None, json_: Json = False) -> int:
    """Say whose each alias is, and what the server was told and waits for."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    return _say(project, json_)


@app.command()
def sync(project: Of = None, json_: Json = False) -> int:
    """Tell the server of every alias now, also of what it was told already."""
    from evalhub.frames.command.exits import UNREACHABLE
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from django.conf import settings

    from evalhub.accounts.outgoing import HELD, held_since
    from evalhub.features.exporters.mlflow_aliases import look, tell_mlflow
    from evalhub.features.exporters.models import AliasState

    if not settings.MLFLOW_URL:
        raise typer.BadParameter(
            "isn't set: it is the server's URL, such as http://127.0.0.1:5000",
            param_hint="EVALHUB_MLFLOW_URL",
        )
    if since := held_since():
        typer.echo(HELD.format(since=since), err=True)
        return UNREACHABLE
    look(anew=True)
    tell_mlflow()
    _say(project, json_)
    return UNREACHABLE if _rows(project).filter(state=AliasState.WAITING).exists() else 0


def _rows(project: str | None) -> Any:
    from evalhub.accounts.people import named_project
    from evalhub.features.exporters.models import MlflowAlias

    rows = MlflowAlias.objects.select_related("project", "version__model", "decision")
    return rows if project is None else rows.filter(project=named_project(project))


def _say(project: str | None, json_: bool) -> int:
    from evalhub.frames.command import printing

    rows = list(_rows(project))
    if json_:
        printing.print_json([_row(each) for each in rows])
        return 0
    if not rows:
        typer.echo("No alias yet: a blessing makes a champion, a ship a challenger.", err=True)
    for each in rows:
        whose = str(each.version) if each.version else "nobody"
        typer.echo(f"{each.project.slug}  {each.alias}: {whose}, {each.said}")
    return 0


def _row(each: "MlflowAlias") -> dict[str, Any]:
    return {
        "project": each.project.slug,
        "alias": each.alias,
        "version": each.version and str(each.version),
        "digest": each.version and each.version.digest,
        "decision": each.decision and each.decision.digest,
        "state": each.state,
        "attempts": each.attempts,
        "due": each.due_at.isoformat(timespec="seconds"),
        "error": each.error,
        "told": each.told and each.told.isoformat(timespec="seconds"),
        "mlflow_model": each.told_name,
        "mlflow_version": each.told_version,
    }
