"""`evalhub export` writes a project's evidence in formats that other tools read; `evalhub mlflow`
lists what an MLflow server was told of champions and challengers."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import Json
from evalhub.frames.command.server import There, TokenFile

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
    to: Annotated[
        str | None, typer.Option(help="Of mlflow: the server's URL.", metavar="URL")
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Write answers, decisions, judgments, training pairs, a study with its data (a zip), or a
    decision in another tool's form."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.outputs import check_output
    from evalhub.frames.command.server import connect
    from evalhub.frames.command.setup import set_up_database

    if (out is None) != (what is What.mlflow):
        need = "says where: --out" if out is None else "goes to a server: --to URL, and no --out"
        raise typer.BadParameter(f"{what} {need}", param_hint="--out")
    if (to is None) != (what is not What.mlflow):
        raise typer.BadParameter("is the server's URL, of mlflow alone", param_hint="--to")
    if what is not What.every_eval_ever:
        check_output(out, option="--out", inputs=())
    if server and what is What.mlflow:
        message = "mlflow needs the home's own machine: a site sends to no address"
        raise typer.BadParameter(message, param_hint="--server")
    if server:
        connection = connect(server, token_file, project, printing.terminal(errors=True))
        query = {"study": study, "decision": decision, "review": review}
        return _print_result(
            what, _export_from_site(what, connection, query, out or Path(), form), json_
        )
    set_up_database()
    space = _project(project)
    if what in (What.judgments, What.dpo):
        result = _review(what, _campaign(space, review), out or Path(), form)
    elif what is What.decisions:
        result = _decisions(space, out or Path(), form)
    elif what is What.study:
        result = _whole_study(_study(space, study), out or Path())
    elif what is What.answers:
        result = _answers(_study(space, study), out or Path(), form)
    else:
        result = _of_decision(what, _decision(space, study, decision), out, to)
    return _print_result(what, result, json_)


def _print_result(what: What, result: dict[str, Any], as_json: bool) -> int:
    from evalhub.frames.command import printing

    if as_json:
        printing.print_json({"what": what.value, **result})
    else:
        typer.echo("\n".join(f"{name}: {_as_text(each)}" for name, each in result.items()))
    return 0


def _export_from_site(
    what: What,
    connection: "Connection",
    query: "dict[str, str | int | None]",
    out: Path,
    form: FileForm | None,
) -> dict[str, Any]:
    """The same export from a site's project, by REST."""
    from evalhub.client.exports import export_folder_there, export_there
    from evalhub.frames.command.outputs import whole

    if what is What.every_eval_ever:
        files = export_folder_there(connection, what.value, out, **query)
        return {"files": [str(each) for each in files]}
    rows = what in (What.answers, What.decisions, What.judgments)
    wanted = _form(form, out).value if rows else None
    with whole(out, option="--out") as path, path.open("w+b") as file:
        export_there(connection, what.value, file, format=wanted, **query)
    return {"file": str(out)}


def _as_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"


def _answers(study: "Study", out: Path, form: FileForm | None) -> dict[str, Any]:
    from evalhub.features.exporters.answers import export_answers
    from evalhub.frames.command.outputs import whole

    with whole(out, option="--out") as file:
        rows = export_answers(study=study, by=None, to=file, form=_form(form, out).value)
    return {"file": str(out), "rows": rows}


def _whole_study(study: "Study", out: Path) -> dict[str, Any]:
    from evalhub.features.exporters.study import export_study
    from evalhub.frames.command.outputs import whole

    with whole(out, option="--out") as file:
        document = export_study(study=study, by=None, to=file)
    return {"file": str(out), "left_out": [str(each) for each in document.left_out]}


def _decisions(project: "Project", out: Path, form: FileForm | None) -> dict[str, Any]:
    from evalhub.features.exporters.decisions import export_decisions
    from evalhub.frames.command.outputs import whole

    with whole(out, option="--out") as file:
        rows = export_decisions(project=project, by=None, to=file, form=_form(form, out).value)
    return {"file": str(out), "rows": rows}


def _review(what: What, campaign: "Campaign", out: Path, form: FileForm | None) -> dict[str, Any]:
    from evalhub.features.exporters.judgments import export_dpo, export_judgments
    from evalhub.frames.command.outputs import whole

    with whole(out, option="--out") as file:
        if what is What.dpo:
            return {"file": str(out), "rows": export_dpo(campaign=campaign, by=None, to=file)}
        rows = export_judgments(campaign=campaign, by=None, to=file, form=_form(form, out).value)
    return {"file": str(out), "rows": rows}


def _of_decision(
    what: What, decision: "Decision", out: Path | None, to: str | None
) -> dict[str, Any]:
    from dataclasses import asdict

    from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
    from evalhub.features.exporters.mlflow import export_mlflow
    from evalhub.features.exporters.mlflow_server import MlflowServer
    from evalhub.features.exporters.model_card import export_model_index
    from evalhub.features.exporters.report import export_report
    from evalhub.frames.command.outputs import whole

    if what is What.mlflow:
        server = MlflowServer.of_environment(to or "")
        return asdict(export_mlflow(decision=decision, by=None, server=server))
    target = out or Path()
    if what is What.every_eval_ever:
        files = export_every_eval_ever(decision=decision, by=None, to=target)
        return {"files": [str(each) for each in files]}
    export_text = export_report if what is What.report else export_model_index
    text = export_text(decision=decision, by=None)
    with whole(target, option="--out") as file:
        file.write_text(text, encoding="utf-8")
    return {"file": str(target), "decision": decision.pk}


def _form(form: FileForm | None, out: Path) -> FileForm:
    if form is not None:
        return form
    return FileForm.parquet if out.suffix.lower() == ".parquet" else FileForm.jsonl


def _project(slug: str) -> "Project":
    from evalhub.accounts.models import Project

    project = Project.objects.filter(slug=slug).first()
    if project is None:
        raise typer.BadParameter(f"there is no project {slug!r}", param_hint="--project")
    return project


def _study(project: "Project", slug: str | None) -> "Study":
    from evalhub.registry.models import Study

    if slug is None:
        raise typer.BadParameter("is needed: the study's slug", param_hint="--study")
    row = Study.objects.select_related("project").filter(project=project, slug=slug).first()
    if row is None:
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

OneProject = Annotated[
    str | None,
    typer.Option("--project", help="Only this project.", metavar="P", show_default="all"),
]


@mlflow_app.command()
def status(project: OneProject = None, json_: Json = False) -> int:
    """Show each alias with its version, and which changes the server has and which wait."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    return _print_aliases(project, json_)


@mlflow_app.command()
def sync(project: OneProject = None, json_: Json = False) -> int:
    """Send every alias to the server now, also unchanged ones."""
    from evalhub.frames.command.exits import UNREACHABLE
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from django.conf import settings

    from evalhub.accounts.outgoing import HELD, hold_began
    from evalhub.features.exporters.mlflow_aliases import look, tell_mlflow
    from evalhub.features.exporters.models import AliasState

    if not settings.MLFLOW_URL:
        raise typer.BadParameter(
            "isn't set: it is the server's URL, such as http://127.0.0.1:5000",
            param_hint="EVALHUB_MLFLOW_URL",
        )
    if since := hold_began():
        typer.echo(HELD.format(since=since), err=True)
        return UNREACHABLE
    look(anew=True)
    tell_mlflow()
    _print_aliases(project, json_)
    return UNREACHABLE if _aliases(project).filter(state=AliasState.WAITING).exists() else 0


def _aliases(project: str | None) -> Any:
    from evalhub.accounts.people import project_by_slug
    from evalhub.features.exporters.models import MlflowAlias

    rows = MlflowAlias.objects.select_related("project", "version__model", "decision")
    return rows if project is None else rows.filter(project=project_by_slug(project))


def _print_aliases(project: str | None, json_: bool) -> int:
    from evalhub.frames.command import printing

    rows = list(_aliases(project))
    if json_:
        printing.print_json([_alias_row(each) for each in rows])
        return 0
    if not rows:
        typer.echo("No alias yet: a promotion makes a champion, a ship a challenger.", err=True)
    for alias in rows:
        whose = str(alias.version) if alias.version else "nobody"
        typer.echo(f"{alias.project.slug}  {alias.alias}: {whose}, {alias.sentence}")
    return 0


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
