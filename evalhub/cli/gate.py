"""`evalhub gate`: a pipeline step that lets a candidate pass or stops it."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.study import accept_caveats, carry
from evalhub.cli.study import show as show_study
from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.options import (
    AcceptNewItems,
    AcceptPolicyChange,
    Json,
    StudyPath,
    reason_of,
)
from evalhub.frames.command.server import There, TokenFile
from evalhub.frames.command.study_file import CandidateOptions

if TYPE_CHECKING:
    from evalhub.cli.reports import SiteDecision
    from evalhub.studies.file.spec import StudySpec
    from evalhub.studies.run.advance import StudyStatus

_WAIT = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
USUAL_WAIT = "2h"


@with_option_groups
def gate(
    study: StudyPath,
    server: There = None,
    token_file: TokenFile = None,
    *,
    options: CandidateOptions,
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
    accept_policy_change: AcceptPolicyChange = None,
    accept_new_items: AcceptNewItems = None,
) -> int:
    """Send what changed to a site, wait for the verdict, and end with its exit code: ship (0), hold
    (1), need more data (2), invalid (3). Without a site the study runs here. Running it again
    continues where it stopped."""
    from evalhub.cli.reports import Reports
    from evalhub.frames.command.server import check_server

    wait_s, reason = seconds(wait), reason_of(accept_policy_change)
    why_new = reason_of(accept_new_items, "--accept-new-items")
    check_server(server)
    if server and (reason or why_new):
        raise typer.BadParameter(
            "is for a home of one's own: at a site an owner accepts it, on the decision's page",
            param_hint="--accept-policy-change" if reason else "--accept-new-items",
        )
    reports = Reports(junit, markdown, out, github)
    reports.check([study, *options.inputs, *([token_file] if token_file else [])])
    name = str(study)
    reports.begin(name)
    try:
        spec = options.read(study)
        name = spec.name
        if server:
            decision = _decision_there(study, options, spec, server, token_file, wait_s)
            show = partial(_show, decision)
        else:
            status = _conduct_here(spec, wait_s, reason, why_new)
            decision, show = _newest_decision(status), partial(show_study, status)
    except Exception as error:
        reports.write_undecided(name, str(error), study)
        raise
    if decision is None:
        reports.write_undecided(
            name, "all its test sets are for development, and are read freely", study
        )
    else:
        reports.write(decision, study, spec.capability)
    return show(as_json=json_)


def seconds(wait: str) -> float:
    """The seconds of a text such as "1h30m". Raises typer.BadParameter."""
    match = _WAIT.fullmatch(wait.strip())
    if match is None:
        raise typer.BadParameter(f"{wait!r} isn't like 90s, 30m, 2h or 1h30m", param_hint="--wait")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return 3600.0 * hours + 60 * minutes + rest


def _decision_there(
    study: Path,
    options: CandidateOptions,
    spec: "StudySpec",
    server: str,
    token_file: Path | None,
    wait_s: float,
) -> "SiteDecision | None":
    """Pushes the study to the site, and waits for the decision on its candidate there."""
    from evalhub.cli.remote import decision_there, push_there
    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect

    console = printing.terminal(errors=True)
    connection = connect(server, token_file, spec.project, console)
    pushed = push_there(connection, study, options, spec, console)
    return decision_there(connection, pushed, spec.candidate, wait_s, console)


def _conduct_here(spec: "StudySpec", wait_s: float, reason: str, why_new: str) -> "StudyStatus":
    """Runs the study in this home, in this process."""
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
