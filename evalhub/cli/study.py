"""`evalhub study run`: a study file carried to its verdict."""

from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.options import (
    AcceptNewItems,
    AcceptPolicyChange,
    Json,
    StudyPath,
    reason_of,
)
from evalhub.frames.command.study_file import RunOptions

if TYPE_CHECKING:
    from rich.console import Console

    from evalhub.ledger.models import Decision
    from evalhub.registry.models import Study
    from evalhub.studies.file.spec import StudySpec
    from evalhub.studies.run.advance import StudyStatus

Named = Annotated[str, typer.Argument(help="The study: PROJECT/STUDY.", metavar="STUDY")]
EXAMPLES = 2
"""Items that are shown of a skill that was lost."""

app = typer.Typer(no_args_is_help=True, help="Studies: one question, in one file.")


@app.callback()
def study() -> None:
    """Studies: one question, in one file."""


@app.command()
@with_option_groups
def run(
    file: StudyPath,
    json_: Json = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print requests, cost and power; ask and store nothing.",
        ),
    ] = False,
    *,
    options: RunOptions,
    accept_policy_change: AcceptPolicyChange = None,
    accept_new_items: AcceptNewItems = None,
) -> int:
    """Run a study to its verdict. Running it again goes on where it stopped."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    reason = reason_of(accept_policy_change)
    why_new = reason_of(accept_new_items, "--accept-new-items")
    spec = options.read(file)
    if dry_run:
        _plan(spec, json_)
        return 0
    set_up_database(waiting=True)
    console = printing.terminal(errors=True)
    status = accept_caveats(carry(spec, console), reason, why_new)
    code = show(status, json_)
    if status.waits_for:
        console.print(f"The study waits for {status.waits_for}.")
    return code


@app.command()
def cancel(study: Named) -> int:
    """Stop all runs of a study, and the judges of their answers. Answers stay; `study retry`
    resumes the runs."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.decision.wording import count_text
    from evalhub.studies.run.all_runs import cancel_runs

    count = cancel_runs(study_by_name(study), by=None)
    typer.echo(f"{count_text(count, 'run')} stopped. Their answers are kept.")
    return 0


@app.command()
def retry(study: Named) -> int:
    """Resume a study's failed and cancelled runs: a worker asks for missing and failed answers
    again, and for missing verdicts of judges."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.decision.wording import count_text
    from evalhub.studies.run.all_runs import resume_runs

    count = resume_runs(study_by_name(study), by=None)
    typer.echo(f"{count_text(count, 'run')} taken up again.")
    return 0


def study_by_name(study: str) -> "Study":
    """The study. Raises typer.BadParameter if there is none, or several of that name."""
    from django.db.models import Q

    from evalhub.registry.live_studies import check_not_live
    from evalhub.registry.models import Study

    project, _, slug = study.rpartition("/")
    rows = Study.objects.filter(Q(slug=slug) | Q(name=slug)).select_related("project")
    matching = list(rows.filter(project__slug=project) if project else rows)
    if not matching:
        check_not_live(slug, project=project or None)
    if len(matching) != 1:
        raise typer.BadParameter(f"there is no study {study!r}; name it as PROJECT/STUDY")
    return matching[0]


def _plan(spec: "StudySpec", as_json: bool) -> None:
    """Prints the study's plan."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import database_to_look_at

    with database_to_look_at():
        from evalhub.ledger.ledger_origin import why_not_here
        from evalhub.studies.run.plan import plan_of_file

        plan = plan_of_file(spec)
        if refusal := why_not_here(spec.policy.ledger_at):
            typer.echo(f"It wouldn't decide here: {refusal}.", err=True)
    if as_json:
        printing.print_json(plan.as_json())
    else:
        printing.print_plan(plan)


def carry(spec: "StudySpec", console: "Console", wait_s: float | None = None) -> "StudyStatus":
    """Registers and conducts a study, with progress bars on `console`, for `wait_s` at most.

    Without Redis the worker is this process itself.

    Raises:
        evalhub.decision.ledger_origin.LedgerElsewhereError: the policy lets a server alone decide.
    """
    from contextlib import nullcontext

    from django.conf import settings

    from evalhub.frames.command.progress import ImportBars, RunBars
    from evalhub.ledger.ledger_origin import check_ledger_place
    from evalhub.studies.run.conduct import conduct, patiently
    from evalhub.studies.run.register import register_study
    from evalhub.studies.run.requests import short_budgets
    from evalhub.workers.embedded import embedded_worker

    if any(each.role != "development" for each in spec.test_sets.values()):
        check_ledger_place(spec.policy.ledger_at)  # before anything is asked and paid for

    def register() -> "Study":
        with ImportBars(console, spec) as imports:
            return register_study(spec, progress=imports)

    registered = patiently(register)
    for budget in short_budgets(registered):
        console.print(f"? {budget.sentence}", style="yellow")
    with (
        nullcontext() if settings.REDIS_URL else embedded_worker(),
        RunBars(console) as bars,
    ):
        return conduct(study=registered, progress=bars, on_judge=bars.show_judge, wait_s=wait_s)


def accept_caveats(status: "StudyStatus", reason: str, why_new: str = "") -> "StudyStatus":
    """The status after accepting policy changes, if there is a `reason`, and near-copies, if there
    is a `why_new`."""
    from dataclasses import replace

    from evalhub.decision.sections.copies import NEAR_COPIES
    from evalhub.decision.sections.policy_since import POLICY_CODES
    from evalhub.ledger.accepting import accept, to_accept
    from evalhub.ledger.models import Decision

    reasons = {POLICY_CODES: reason, (NEAR_COPIES,): why_new}
    decisions = []
    for decision in status.decisions if any(reasons.values()) else ():
        newest = Decision.objects.filter(study=decision.study, arm=decision.arm).newest_first()[0]
        for codes, why in reasons.items():
            if why and to_accept(newest, codes):
                newest = accept(decision=newest, by=None, reason=why, codes=codes)
        decisions.append(newest)
    return replace(status, decisions=tuple(decisions)) if decisions else status


def show(status: "StudyStatus", as_json: bool) -> int:
    """Prints the decisions and the development sets' results. Returns the exit code of the
    candidate in question; without a decision, that of "need more data".

    Raises:
        evalhub.ledger.chain.kept.ChangedDecisionError: one isn't as it was made.
    """
    from evalhub.declare.decision import Readings
    from evalhub.declare.verdicts import Verdict
    from evalhub.frames.command import printing
    from evalhub.ledger.chain.kept import check_kept
    from evalhub.ledger.staleness import changes_since

    for decided in status.decisions:
        check_kept(decided)
    records = [each.document for each in status.decisions]
    since = dict.fromkeys(
        change.sentence for decision in status.decisions for change in changes_since(decision)
    )
    alone = Readings.model_validate({"readings": status.readings})
    if as_json:
        first, *others = [each.as_json() for each in records] or [alone.as_json()]
        beside = (
            {
                "others": others,
                "changed_since": list(since),
                "readings": alone.as_json()["readings"],
            }
            if records
            else {}
        )
        printing.print_json(first | beside)
    else:
        printing.print_changes(since)
        for decision in reversed(status.decisions):
            printing.print_record(decision.document)
            _print_skills(decision)
            _print_number(decision)
        printing.print_readings(alone.readings, "" if records else alone.headline)
    return records[0].verdict.exit_code if records else Verdict.MORE.exit_code


def _print_number(decision: "Decision") -> None:
    """Prints the decision's number, and the next step for a ship, or for one that is held by a
    policy change or near-copies."""
    from evalhub.decision.sections.copies import NEAR_COPIES
    from evalhub.decision.sections.policy_since import POLICY_CODES
    from evalhub.declare.verdicts import Verdict
    from evalhub.ledger.accepting import to_accept

    then = ""
    if decision.document.verdict is Verdict.SHIP:
        then = (
            f"; evalhub promote {decision.pk} --by USER --reason TEXT makes {decision.arm} "
            "the champion"
        )
    elif to_accept(decision, POLICY_CODES):
        then = "; --accept-policy-change REASON accepts its policy here, and an owner at a site"
    elif to_accept(decision, (NEAR_COPIES,)):
        then = "; --accept-new-items REASON says here that they are new, and an owner at a site"
    typer.echo(f"decision {decision.pk} on {decision.arm}{then}", err=True)


def _print_skills(decision: "Decision") -> None:
    """Prints general capability by skill, with some of the lost items."""
    from evalhub.frames.command import printing
    from evalhub.ledger.changed_items import worst_losses
    from evalhub.report.skills import skills_of

    record, study = decision.document, decision.study
    names = set(study.test_sets.capability().values_list("name", flat=True))
    if skills := skills_of(record, names):
        lost = [each.criterion.test_set for each in skills.losses]
        printing.print_skills(record, skills, worst_losses(study, record, lost, EXAMPLES))
