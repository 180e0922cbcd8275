"""`evalhub push`, `status` and `pull`: a study at a site, from where its file is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.options import Candidate, StudyPath
from evalhub.frames.command.server import There, TokenFile
from evalhub.frames.command.study_file import CandidateOptions
from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalhub.client.connection import Connection


@file_command
@with_option_groups
def push(
    study: StudyPath,
    server: There = None,
    token_file: TokenFile = None,
    *,
    options: CandidateOptions,
) -> Printed:
    """Send a study and the files that the site lacks, and start the study there."""
    from evalhub.cli.remote import push_there
    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect

    console = printing.terminal(errors=True)
    spec = options.read(study)
    connection = connect(server, token_file, spec.project, console)
    return _printed(push_there(connection, study, options, spec, console), connection)


@file_command
def status(
    study: StudyPath,
    server: There = None,
    token_file: TokenFile = None,
) -> Printed:
    """Show a study's progress at a site, and its decision."""
    connection, document = _find_study(study, server, token_file)
    return _printed(document, connection)


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
    from evalhub.frames.command.outputs import check_output, write_json

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
    write_json(out, decision.record.as_json(), option="--out")
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


def _printed(study: "Mapping[str, Any]", connection: "Connection") -> Printed:
    lines = [f"{study['name']}: {study['state']}"]
    if study["waits_for"]:
        lines.append(f"  waits for {study['waits_for']}")
    for row in study["runs"]:
        again = ", again" if row["repeat"] else ""
        error = f" ({row['error']})" if row["error"] else ""
        lines.append(
            f"  {row['arm']} on {row['test_set']}{again}: {row['state']}, "
            f"{row['done']:,} of {row['items']:,}{error}"
        )
    for row in study["decisions"]:
        stale = "" if row["current"] else ", and its evidence has changed since"
        lines.append(f"  {row['arm']}: {row['verdict']}{stale}")
    lines.append(f"  {connection.server.address}{study['url']}")
    return Printed(study, lines=lines)
