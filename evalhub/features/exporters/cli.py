"""`evalhub export` writes a project's evidence in formats that other tools read; `evalhub mlflow`
lists what an MLflow server was told of champions and challengers."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.transports import Operation, operation
from evalhub.frames.command.verbs import Printed, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.client.connection import Connection
    from evalhub.features.exporters.models import MlflowAlias
    from evalhub.ledger.models import Decision
    from evalhub.registry.models import Study
    from reviews.models import Campaign


class What(StrEnum):
    answers = "answers"
    decisions = "decisions"
    judgments = "judgments"
    dpo = "dpo"
    report = "report"
    model_index = "model-index"
    every_eval_ever = "every-eval-ever"
    study = "study"
    mlflow = "mlflow"


class FileForm(StrEnum):
    jsonl = "jsonl"
    parquet = "parquet"


@operation
def export(
    what: Annotated[What, typer.Argument(help="What to write.", metavar="WHAT")],
    project: Annotated[str, typer.Option(help="The project's name.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write; of every-eval-ever the folder. Not of mlflow."),
    ] = None,
    study: Annotated[str | None, typer.Option(help="The study's slug.")] = None,
    decision: Annotated[
        int | None, typer.Option(help="The decision's number; else the study's newest.")
    ] = None,
    review: Annotated[int | None, typer.Option(help="The review's number.")] = None,
    form: Annotated[
        FileForm | None, typer.Option("--format", help="jsonl or parquet; else by the file's name.")
    ] = None,
    released_only: Annotated[
        bool,
        typer.Option("--released-only", help="Of dpo: leave out pairs on test items in use."),
    ] = False,
    to: Annotated[
        str | None, typer.Option(help="Of mlflow: the server's URL.", metavar="URL")
    ] = None,
) -> Operation:
    """Write answers, decisions, judgments, training pairs, a study with its data (a zip), or a
    decision in another tool's form."""
    from evalhub.frames.command.outputs import check_output, whole

    if (out is None) != (what is What.mlflow):
        need = "says where: --out" if out is None else "goes to a server: --to URL, and no --out"
        raise typer.BadParameter(f"{what} {need}", param_hint="--out")
    if (to is None) != (what is not What.mlflow):
        raise typer.BadParameter("is the server's URL, of mlflow alone", param_hint="--to")
    folder, target = what is What.every_eval_ever, out or Path()
    if not folder:
        check_output(out, option="--out", inputs=())

    def here() -> dict[str, Any]:
        from evalhub.accounts.people import project_by_slug
        from evalhub.features.exporters.exports import EXPORTS, ExportTarget

        of = project_by_slug(project)
        if what is What.mlflow:
            return _send_to_mlflow(_decision(of, study, decision), to or "")
        kind, written = EXPORTS[what.value], _form(form, target).value
        row = {
            "project": lambda: of,
            "study": lambda: _study(of, study),
            "decision": lambda: _decision(of, study, decision),
            "review": lambda: _campaign(of, review),
        }[kind.of]()
        if folder:
            return {**kind.write(row, ExportTarget(None, target, written))}
        with whole(target, option="--out") as file:
            to_file = ExportTarget(None, file, written, released_only=released_only)
            return {"file": str(target), **kind.write(row, to_file)}

    def there(connection: "Connection") -> dict[str, Any]:
        from evalhub.client.exports import export_folder_there, export_there

        if what is What.mlflow:
            message = "mlflow needs the home's own machine: a site sends to no address"
            raise typer.BadParameter(message, param_hint="--server")
        query = {"study": study, "decision": decision, "review": review}
        query |= {"released_only": "1"} if released_only else {}
        if folder:
            files = export_folder_there(connection, what.value, target, **query)
            return {"files": [str(each) for each in files]}
        rows = what in (What.answers, What.decisions, What.judgments)
        wanted = _form(form, target).value if rows else None
        with whole(target, option="--out") as path, path.open("w+b") as file:
            export_there(connection, what.value, file, format=wanted, **query)
        return {"file": str(target)}

    def printed(result: dict[str, Any]) -> Printed:
        lines = [f"{name}: {_as_text(each)}" for name, each in result.items()]
        return Printed({"what": what.value, **result}, lines=lines)

    return Operation(project, here, there, printed)


def _send_to_mlflow(decision: "Decision", url: str) -> dict[str, Any]:
    from dataclasses import asdict

    from evalhub.features.exporters.mlflow import export_mlflow
    from evalhub.features.exporters.mlflow_server import MlflowServer

    server = MlflowServer.of_environment(url)
    return asdict(export_mlflow(decision=decision, by=None, server=server))


def _as_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"


def _form(form: FileForm | None, out: Path) -> FileForm:
    if form is not None:
        return form
    return FileForm.parquet if out.suffix.lower() == ".parquet" else FileForm.jsonl


def _study(project: "Project", slug: str | None) -> "Study":
    from evalhub.registry.live_studies import check_not_live
    from evalhub.registry.models import Study

    if slug is None:
        raise typer.BadParameter("is needed: the study's slug", param_hint="--study")
    row = Study.objects.select_related("project").filter(project=project, slug=slug).first()
    if row is None:
        check_not_live(slug, project=project.slug)
        raise typer.BadParameter(f"there is no study {slug!r} in {project}", param_hint="--study")
    return row


def _decision(project: "Project", study: str | None, number: int | None) -> "Decision":
    """The decision with this number, or the newest on the study's candidate in question."""
    from evalhub.ledger.models import Decision
    from evalhub.registry.models.studies import ArmRole

    decisions = Decision.objects.select_related("study__project").filter(study__project=project)
    if number is not None:
        row = decisions.filter(pk=number).first()
        if row is None:
            message = f"there is no decision {number} in {project}"
            raise typer.BadParameter(message, param_hint="--decision")
        return row
    study_row = _study(project, study)
    candidate = study_row.arms.get(role=ArmRole.CANDIDATE).name
    row = decisions.filter(study=study_row, arm=candidate).newest_first().first()
    if row is None:
        raise typer.BadParameter(f"nothing is decided in {study_row.slug}", param_hint="--study")
    return row


def _campaign(project: "Project", number: int | None) -> "Campaign":
    from reviews.models import Campaign

    if number is None:
        raise typer.BadParameter("is needed: the review's number", param_hint="--review")
    campaign = Campaign.objects.defer("plan").filter(project=project, pk=number).first()
    if campaign is None:
        message = f"there is no review {number} in {project}"
        raise typer.BadParameter(message, param_hint="--review")
    return campaign


mlflow_app = typer.Typer(
    no_args_is_help=True, help="Aliases of champion and challenger at an MLflow server."
)


@verb(mlflow_app)
def status(project: "Project | None" = None) -> Printed:
    """Show each alias with its version, and which changes the server has and which wait."""
    aliases = _aliases(project)
    note = "" if aliases else "No alias yet: a promotion makes a champion, a ship a challenger."
    return Printed(aliases, _alias_row, [_alias_line(alias) for alias in aliases], note)


@verb(mlflow_app)
def sync(project: "Project | None" = None) -> Printed:
    """Send every alias to the server now, also unchanged ones."""
    from django.conf import settings

    from evalhub.accounts.outgoing import HELD, hold_began
    from evalhub.features.exporters.mlflow_aliases import look, tell_mlflow
    from evalhub.features.exporters.models import AliasState
    from evalhub.frames.command.exits import UNREACHABLE

    if not settings.MLFLOW_URL:
        raise typer.BadParameter(
            "isn't set: it is the server's URL, such as http://127.0.0.1:5000",
            param_hint="EVALHUB_MLFLOW_URL",
        )
    if since := hold_began():
        typer.echo(HELD.format(since=since), err=True)
        raise typer.Exit(UNREACHABLE)
    look(anew=True)
    tell_mlflow()
    printed = status(project)
    waiting = any(alias.state == AliasState.WAITING for alias in printed.rows)
    return replace(printed, code=UNREACHABLE if waiting else 0)


def _aliases(project: "Project | None") -> "list[MlflowAlias]":
    from evalhub.features.exporters.models import MlflowAlias

    rows = MlflowAlias.objects.select_related("project", "version__model", "decision")
    return list(rows if project is None else rows.filter(project=project))


def _alias_line(alias: "MlflowAlias") -> str:
    whose = str(alias.version) if alias.version else "nobody"
    return f"{alias.project.slug}  {alias.alias}: {whose}, {alias.sentence}"


def _alias_row(alias: "MlflowAlias") -> dict[str, Any]:
    return {
        "project": alias.project.slug,
        "alias": alias.alias,
        "version": alias.version and str(alias.version),
        "digest": alias.version and alias.version.digest,
        "decision": alias.decision and alias.decision.digest,
        "state": alias.state,
        "attempts": alias.attempts,
        "due": alias.due_at.isoformat(timespec="seconds"),
        "error": alias.error,
        "told": alias.told and alias.told.isoformat(timespec="seconds"),
        "mlflow_model": alias.told_name,
        "mlflow_version": alias.told_version,
    }
