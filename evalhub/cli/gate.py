"""`evalhub gate`: the step of a training pipeline that lets a candidate through, or doesn't."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalhub.cli.reports import ToldDecision
    from evalhub.studies.advance import StudyStatus
    from evalhub.studies.spec import StudySpec

_WAIT = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
USUAL_WAIT = "2h"


def gate(
    study: Annotated[Path, typer.Argument(help="The study: STUDY.yaml")],
    candidate: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The arm in question, where another than the file's."),
    ] = None,
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The name by which the candidate's server of models knows the new adapter.",
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            help="The candidate's answers, made elsewhere; {test_set} stands for the test "
            "set's name."
        ),
    ] = None,
    training_record: Annotated[
        Path | None, typer.Option(help="How the candidate was trained: YAML or JSON.")
    ] = None,
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
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST",
            help="A host, or host:port, that the study's keys may be sent to. Repeatable.",
        ),
    ] = None,
) -> int:
    """Push what changed, wait for the verdict, and end with its exit code: ship (0), hold (1), need
    more data (2), invalid (3). Running it again goes on where it stopped."""
    from evalhub.cli.reports import Reports
    from evalhub.cli.study import hosts_of
    from evalhub.studies.change import StudyChange
    from evalhub.studies.origin import OperatorFile
    from evalhub.studies.spec import read_study

    wait_s = seconds(wait)
    reports = Reports(junit, markdown, out, github)
    reports.check([each for each in (study, answers, training_record) if each])
    name = str(study)
    try:
        change = StudyChange(candidate, adapter, answers, training_record)
        spec = read_study(study, OperatorFile(hosts_of(allow or [])), change)
        name = spec.name
        status = _here(spec, wait_s)
    except Exception as error:
        reports.undecided(name, str(error), study)
        raise
    judged = _judged(status)
    if judged is None:
        reports.undecided(name, "all its test sets are for development, and are read freely", study)
    else:
        reports.write(judged, study)
    from evalhub.cli.study import show

    return show(status, json_)


def seconds(wait: str) -> float:
    """ "1h30m" in seconds. Raises typer.BadParameter."""
    found = _WAIT.fullmatch(wait.strip())
    if found is None:
        raise typer.BadParameter(f"{wait!r} isn't like 90s, 30m, 2h or 1h30m", param_hint="--wait")
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return 3600.0 * hours + 60 * minutes + rest


def _here(spec: "StudySpec", wait_s: float) -> "StudyStatus":
    """The study in this home, carried by this process."""
    from evalhub.cli import printing
    from evalhub.cli.setup import set_up_database
    from evalhub.cli.study import carry

    set_up_database()
    console = printing.terminal(errors=True)
    status = carry(spec, console, wait_s)
    if status.waits_for:
        console.print(f"The study waits for {status.waits_for}.")
    return status


def _judged(status: "StudyStatus") -> "ToldDecision | None":
    """The decision on the candidate in question with what changed; None where nothing is judged."""
    from evalhub.cli.reports import ToldDecision
    from evalhub.gate.changed_items import worst_flips
    from evalhub.gate.staleness import changes_since

    if not status.decisions:
        return None
    decision = status.decisions[0]
    return ToldDecision(
        decision.document,
        worst_flips(decision.study, decision.document),
        [each.sentence for each in changes_since(decision)],
    )
