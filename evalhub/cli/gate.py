"""`evalhub gate`: a pipeline step that lets a candidate pass or stops it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.options import (
    AcceptNewItems,
    AcceptPolicyChange,
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
    reason_of,
)
from evalhub.frames.command.server import There, TokenFile

if TYPE_CHECKING:
    from evalhub.cli.reports import SiteDecision
    from evalhub.studies.file.spec import StudySpec
    from evalhub.studies.run.advance import StudyStatus

_WAIT = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
USUAL_WAIT = "2h"


def gate(
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
    wait: Annotated[
        str, typer.Option(help="How long to wait for the verdict: 90s, 30m, 2h, 1h30m.")
    ] = USUAL_WAIT,
    junit: Annotated[Path | None, typer.Option(help="Also write a JUnit file.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write Markdown, for a comment on a pull request.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write the decision record: FILE.json")
    ] = None,
    github: Annotated[
        bool,
        typer.Option("--github", help="Annotations, summary and outputs of a GitHub Actions step."),
    ] = False,
    json_: Json = False,
    allow: Allow = None,
    accept_policy_change: AcceptPolicyChange = None,
    accept_new_items: AcceptNewItems = None,
) -> int:
    """Send what changed to a site, wait for the verdict, and end with its exit code: ship (0), hold
    (1), need more data (2), invalid (3). Without a site the study runs here. Running it again
    continues where it stopped."""
    from evalhub.cli.remote import decision_of_site, decision_there, push_there, study_for_site
    from evalhub.cli.reports import Reports
    from evalhub.cli.study import hosts_of
    from evalhub.frames.command import printing
    from evalhub.frames.command.server import check_server, connect
    from evalhub.studies.file.change import StudyChange
    from evalhub.studies.file.origin import OperatorFile
    from evalhub.studies.file.spec import read_study

    wait_s, reason = seconds(wait), reason_of(accept_policy_change)
    why_new = reason_of(accept_new_items, "--accept-new-items")
    check_server(server)
    if server and (reason or why_new):
        raise typer.BadParameter(
            "is for a home of one's own: at a site an owner accepts it, on the decision's page",
            param_hint="--accept-policy-change" if reason else "--accept-new-items",
        )
    reports = Reports(junit, markdown, out, github)
    reports.check([each for each in (study, answers, training_record, token_file) if each])
    name = str(study)
    reports.begin(name)
    try:
        fields = answer_fields(answers, rows, id_, output, score, field)
        change = StudyChange(
            candidate, adapter, answers, training_record, build=build, fields=fields
        )
        origin = OperatorFile(hosts_of(allow or []))
        spec = read_study(study, origin, change)
        name, status = spec.name, None
        if server:
            console = printing.terminal(errors=True)
            connection = connect(server, token_file, spec.project, console)
            with study_for_site(study, origin, change, spec) as ready:
                pushed = push_there(connection, ready, console)
            decided = decision_there(connection, pushed, spec.candidate, wait_s, console)
            decision = None if decided is None else decision_of_site(decided)
        else:
            status = _conduct_here(spec, wait_s, reason, why_new)
            decision = _newest_decision(status)
    except Exception as error:
        reports.write_undecided(name, str(error), study)
        raise
    if decision is None:
        reports.write_undecided(
            name, "all its test sets are for development, and are read freely", study
        )
    else:
        reports.write(decision, study, spec.capability)
    if status is not None:
        from evalhub.cli.study import show

        return show(status, json_)
    return _show(decision, as_json=json_)


def seconds(wait: str) -> float:
    """The seconds of a text such as "1h30m". Raises typer.BadParameter."""
    match = _WAIT.fullmatch(wait.strip())
    if match is None:
        raise typer.BadParameter(f"{wait!r} isn't like 90s, 30m, 2h or 1h30m", param_hint="--wait")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return 3600.0 * hours + 60 * minutes + rest


def _conduct_here(spec: "StudySpec", wait_s: float, reason: str, why_new: str) -> "StudyStatus":
    """Runs the study in this home, in this process."""
    from evalhub.cli.study import accept_caveats, carry
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database(waiting=True)
    console = printing.terminal(errors=True)
    status = accept_caveats(carry(spec, console, wait_s), reason, why_new)
    if status.waits_for:
        console.print(f"The study waits for {status.waits_for}.")
    return status


def _newest_decision(status: "StudyStatus") -> "SiteDecision | None":
    """The newest decision on the candidate in question, with later changes; None if nothing is
    judged."""
    from evalhub.cli.reports import SiteDecision
    from evalhub.ledger.chain.kept import check_kept
    from evalhub.ledger.changed_items import worst_flips
    from evalhub.ledger.staleness import changes_since

    if not status.decisions:
        return None
    decision = status.decisions[0]
    check_kept(decision)
    return SiteDecision(
        decision.document,
        worst_flips(decision.study, decision.document),
        [each.sentence for each in changes_since(decision)],
    )


def _show(decision: "SiteDecision | None", *, as_json: bool) -> int:
    """Prints a site's decision and returns its exit code; without one, that of "need more data"."""
    from evalhub.declare.verdicts import Verdict
    from evalhub.frames.command import printing

    if decision is None:
        typer.echo("No verdict: its test sets are for development, and are read at the site.")
        return Verdict.MORE.exit_code
    if as_json:
        printing.print_json(
            decision.record.as_json() | {"changed_since": list(decision.changed_since)}
        )
    else:
        printing.print_changes(decision.changed_since)
        printing.print_record(decision.record)
    if decision.hold_reason:
        typer.echo(f"Held back all the same: {decision.hold_reason}.", err=True)
    if decision.link:
        typer.echo(decision.link, err=True)
    return decision.exit_code
