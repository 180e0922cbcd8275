"""`evalhub push`, `status` and `pull`: a study at a site, from where its file is."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import (
    Adapter,
    Allow,
    Answers,
    BuildOf,
    Candidate,
    FieldPaths,
    IdPath,
    Json,
    OutputPath,
    RowsPath,
    ScorePaths,
    StudyPath,
    TrainingRecordFile,
    answer_fields,
)
from evalhub.frames.command.server import There, TokenFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalhub.client.connection import Connection


def push(
    study: StudyPath,
    server: There = None,
    token_file: TokenFile = None,
    candidate: Candidate = None,
    adapter: Adapter = None,
    answers: Answers = None,
    build: BuildOf = None,
    rows: RowsPath = None,
    id_: IdPath = None,
    output: OutputPath = None,
    score: ScorePaths = None,
    field: FieldPaths = None,
    training_record: TrainingRecordFile = None,
    json_: Json = False,
    allow: Allow = None,
) -> int:
    """Send a study and the files that the site lacks, and start the study there."""
    from evalhub.cli.remote import push_there, study_for_site
    from evalhub.cli.study import hosts_of
    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect
    from evalhub.studies.file.change import StudyChange
    from evalhub.studies.file.origin import OperatorFile
    from evalhub.studies.file.spec import read_study

    console = printing.terminal(errors=True)
    origin = OperatorFile(hosts_of(allow or []))
    fields = answer_fields(answers, rows, id_, output, score, field)
    change = StudyChange(candidate, adapter, answers, training_record, build=build, fields=fields)
    spec = read_study(study, origin, change)
    connection = connect(server, token_file, spec.project, console)
    with study_for_site(study, origin, change, spec) as ready:
        pushed = push_there(connection, ready, console)
    _say(pushed, connection, as_json=json_)
    return 0


def status(
    study: StudyPath,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Show a study's progress at a site, and its decision."""
    connection, document = _find_study(study, server, token_file)
    _say(document, connection, as_json=json_)
    return 0


def pull(
    study: StudyPath,
    out: Annotated[Path, typer.Option(help="Where to write the decision record: FILE.json")],
    server: There = None,
    token_file: TokenFile = None,
    candidate: Candidate = None,
) -> int:
    """Fetch the newest decision record on a study's candidate, and end with its exit code."""
    from evalhub.cli.remote import decision_of_site
    from evalhub.client.studies import newest_decision
    from evalhub.frames.command import printing
    from evalhub.frames.command.exits import UNREACHABLE
    from evalhub.frames.command.outputs import check_output, whole

    check_output(out, option="--out", inputs=[study])
    connection, document = _find_study(study, server, token_file)
    arm = candidate or next(
        entry["name"] for entry in document["arms"] if entry["role"] == "candidate"
    )
    decided = newest_decision(connection, document, arm)
    if decided is None:
        typer.echo(f"evalhub: nothing is decided on {arm} yet", err=True)
        return UNREACHABLE
    decision = decision_of_site(decided)
    text = json.dumps(decision.record.as_json(), ensure_ascii=False, indent=2, allow_nan=False)
    with whole(out, option="--out") as file:
        file.write_text(f"{text}\n", encoding="utf-8")
    printing.print_changes(decision.changed_since)
    printing.print_record(decision.record)
    return decision.exit_code


def _find_study(
    file: Path, server: str | None, token_file: Path | None
) -> "tuple[Connection, Mapping[str, Any]]":
    """The site's study for this file. Raises typer.BadParameter if it doesn't exist."""
    from evalhub.client.studies import slug_there, study_there
    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect
    from evalhub.studies.file.origin import OperatorFile
    from evalhub.studies.file.spec import read_study

    spec = read_study(file, OperatorFile())
    connection = connect(server, token_file, spec.project, printing.terminal(errors=True))
    slug = spec.slug or slug_there(connection, spec.name)
    document = None if slug is None else study_there(connection, slug)
    if document is None:
        raise typer.BadParameter(
            f"the site has no study {spec.name!r} in the project {spec.project}: `evalhub push` "
            "sends it",
            param_hint="STUDY",
        )
    return connection, document


def _say(study: "Mapping[str, Any]", connection: "Connection", *, as_json: bool) -> None:
    from evalhub.frames.command import printing

    if as_json:
        printing.print_json(study)
        return
    typer.echo(f"{study['name']}: {study['state']}")
    if study["waits_for"]:
        typer.echo(f"  waits for {study['waits_for']}")
    for row in study["runs"]:
        again = ", again" if row["repeat"] else ""
        error = f" ({row['error']})" if row["error"] else ""
        typer.echo(
            f"  {row['arm']} on {row['test_set']}{again}: {row['state']}, "
            f"{row['done']:,} of {row['items']:,}{error}"
        )
    for row in study["decisions"]:
        stale = "" if row["current"] else ", and its evidence has changed since"
        typer.echo(f"  {row['arm']}: {row['verdict']}{stale}")
    typer.echo(f"  {connection.server.address}{study['url']}")
