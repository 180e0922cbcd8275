"""`evalhub compare`: two files of answers, no server."""

from dataclasses import dataclass, fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.cli.file_ledger import LedgerAt
from evalhub.declare.defaults import MARGIN, MOST_UNANSWERED
from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.options import (
    AcceptPolicyChange,
    Alpha,
    FieldPaths,
    RowsPath,
    ScorePaths,
    reason_of,
    row_fields,
)
from evalhub.frames.command.verbs import Printed, file_command
from evalhub.stats.levels import ALPHA

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord
    from evalhub.studies.files.compare import FileComparison
    from evalhub.studies.files.terms import Terms


class ComparedRole(StrEnum):
    primary = "primary"
    guard = "guard"


class FailureUses(StrEnum):
    invalid = "invalid"
    worst = "worst"


class JumpUses(StrEnum):
    hold = "hold"
    report = "report"
    off = "off"


class ModelChangeUses(StrEnum):
    report = "report"
    invalid = "invalid"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Options for another tool's logs; only with --from."""

    primary: Annotated[
        list[str] | None,
        typer.Option(help="With --from: a task that must gain; the others are guards."),
    ] = None
    base_arm: Annotated[
        str | None, typer.Option(help="With --from: the log's arm that is the baseline.")
    ] = None
    candidate_arm: Annotated[
        str | None, typer.Option(help="With --from: the log's arm that is the candidate.")
    ] = None
    other_prompts: Annotated[
        bool,
        typer.Option(
            "--other-prompts",
            help="With --from: compare arms although their prompts differ.",
        ),
    ] = False
    study: Annotated[
        Path | None,
        typer.Option(help="With --from: also write the same question as a study: FOLDER."),
    ] = None
    rows: RowsPath = None
    score: ScorePaths = None
    field: FieldPaths = None

    def check_unused(self) -> None:
        """Raises typer.BadParameter if one of them is used without --from."""
        for option in fields(self):
            if getattr(self, option.name):
                raise typer.BadParameter(
                    "goes with --from KIND", param_hint=_option_name(option.name)
                )


@dataclass(frozen=True, slots=True)
class MetricOptions:
    """How answers are scored by a metric of Evalhub's own."""

    extract: Annotated[
        str | None,
        typer.Option(help="Pattern; the first group of its last match is scored."),
    ] = None
    option: Annotated[
        list[str] | None, typer.Option(help="A metric's own option: tolerance=0.01. Repeatable.")
    ] = None

    def check_unused(self) -> None:
        """Raises typer.BadParameter if one is used while the log's own scores are compared."""
        _refuse("scores of a log", extract=self.extract, option=self.option)

    def scoring(self) -> dict[str, Any]:
        return {
            "extract": self.extract,
            "options": tuple(_option(each) for each in self.option or ()),
        }


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """Names of the fields of items and answers."""

    id_field: Annotated[
        str, typer.Option("--id", help="Field with the item's id, or a path to it.")
    ] = "id"
    output: Annotated[str, typer.Option(help="Field with the answer, or a path to it.")] = "output"
    reference: Annotated[str, typer.Option(help="Field of the test set with the right answer.")] = (
        "reference"
    )
    cluster: Annotated[
        str | None,
        typer.Option(help="Field of the test set: items of one cluster belong together."),
    ] = None
    tag: Annotated[
        str | None, typer.Option(help="Field of the test set to break the result down by.")
    ] = None
    weight: Annotated[
        str | None, typer.Option(help="Field of the test set with how much an item counts.")
    ] = None


@dataclass(frozen=True, slots=True)
class TermOptions:
    """The requirements, and how sure the verdict must be."""

    role: Annotated[
        ComparedRole, typer.Option(help="primary: must gain; guard: must not lose.")
    ] = ComparedRole.primary
    margin: Annotated[
        float | None,
        typer.Option(help=f"Loss that a guard may show ({MARGIN:g}).", min=0.0),
    ] = None
    min_gain: Annotated[float | None, typer.Option(help="Gain that a primary must pass (0).")] = (
        None
    )
    failures: Annotated[
        FailureUses,
        typer.Option(
            help="An `error` in place of an answer: invalid evidence, or the metric's worst score."
        ),
    ] = FailureUses.invalid
    jumps: Annotated[
        JumpUses,
        typer.Option(
            help="What follows from a gain beyond belief, as of a broken extraction pattern: it "
            "holds a ship, is reported only, or isn't looked for."
        ),
    ] = JumpUses.report
    model_changes: Annotated[
        ModelChangeUses,
        typer.Option(
            help="What follows if one arm's answers name several models (`served_model`): a report "
            "among the reasons, or invalid evidence."
        ),
    ] = ModelChangeUses.report
    most_unanswered: Annotated[
        float,
        typer.Option(
            help="Largest share of an arm's answers that may be empty or failed; beyond it the "
            "evidence is invalid.",
            min=0.0,
            max=1.0,
        ),
    ] = MOST_UNANSWERED
    alpha: Alpha = ALPHA

    def terms(self, *, has_guards: bool) -> "Terms":
        """The part of a policy that these options state.

        Args:
            has_guards: whatever the role says, there are guards beside the primary.

        Raises:
            typer.BadParameter: an option that the role has no use for.
        """
        from evalhub.declare.roles import not_for
        from evalhub.studies.files.terms import Terms

        for name in ("min_gain",) if has_guards else ("min_gain", "margin"):
            why = not_for(self.role.value, name)
            if why is not None and getattr(self, name) is not None:
                [other] = set(ComparedRole) - {self.role}
                message = f"{why.partition(':')[0]}: say --role {other.value}"
                raise typer.BadParameter(message, param_hint=_option_name(name))
        if self.margin == 0:
            raise typer.BadParameter(
                "must be above 0: no number of items shows that nothing at all is lost",
                param_hint="--margin",
            )
        return Terms(
            role=self.role.value,
            margin=MARGIN if self.margin is None else self.margin,
            min_gain=self.min_gain or 0.0,
            alpha=self.alpha,
            failures=self.failures.value,
            jumps=self.jumps.value,
            model_changes=self.model_changes.value,
            most_unanswered=self.most_unanswered,
        )


@dataclass(frozen=True, slots=True)
class _Question:
    """What is compared by which metric, and what must hold."""

    base: Path
    candidate: Path | None
    test_set: Path | None
    metrics: tuple[str, ...]
    scored: MetricOptions
    named: FieldOptions
    terms: "Terms"


@file_command
@with_option_groups
def compare(
    base: Annotated[
        Path,
        typer.Argument(help="The baseline's answers: JSONL, CSV, Parquet; a log with --from."),
    ],
    candidate: Annotated[
        Path | None,
        typer.Argument(help="The candidate's answers; none if one log holds both."),
    ] = None,
    *,
    from_: Annotated[
        str | None, typer.Option("--from", help="The tool that wrote the logs: lm-eval, inspect, …")
    ] = None,
    test_set: Annotated[
        Path | None, typer.Option(help="The test set with the items. Needed without --from.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="exact_match, numeric_match, …; with --from one of the log's, or TASK=METRIC."
        ),
    ] = None,
    logs: LogOptions,
    scored: MetricOptions,
    named: FieldOptions,
    terms: TermOptions,
    accept_policy_change: AcceptPolicyChange = None,
    ledger_at: LedgerAt,
    report: Annotated[Path | None, typer.Option(help="Also write a report: FILE.html")] = None,
) -> Printed:
    """Compare two arms' answers to the same items, and say whether the candidate may ship."""
    from evalhub.decision.caveats import with_more_caveats
    from evalhub.decision.sections.policy_since import policy_caveats
    from evalhub.frames.command.outputs import check_output

    reason = reason_of(accept_policy_change)
    ledger_at.check()
    holds = terms.terms(has_guards=bool(logs.primary))
    inputs = [each for each in (base, candidate, test_set) if each is not None]
    check_output(report, option="--report", inputs=inputs)
    question = _Question(base, candidate, test_set, tuple(metric or ()), scored, named, holds)
    if from_ is None:
        logs.check_unused()
        comparison = _of_files(question, ledger_at)
    else:
        comparison = _of_logs(from_, question, logs, ledger_at)
    caveats = policy_caveats(None, alpha=holds.alpha, accepted=reason)
    record = with_more_caveats(comparison.record, caveats)
    if report is not None:
        from evalhub.cli.comparison_report import write_report

        write_report(report, record, comparison)
    show = partial(_print, record, breakdown=named.tag is not None)
    return Printed(record, show=show, code=record.verdict.exit_code)


def _print(record: "DecisionRecord", *, breakdown: bool) -> None:
    from evalhub.frames.command import printing

    printing.print_record(record)
    if breakdown:
        printing.print_breakdown(record)


def _of_files(question: _Question, ledger_at: LedgerAt) -> "FileComparison":
    from evalhub.studies.files.compare import CompareRequest, compare_files

    if question.candidate is None:
        raise typer.BadParameter("is needed: the candidate's answers", param_hint="CANDIDATE")
    if question.test_set is None:
        raise typer.BadParameter("is needed", param_hint="--test-set")
    if not question.metrics:
        raise typer.BadParameter("is needed", param_hint="--metric")
    fields = question.named
    request = CompareRequest(
        metric=question.metrics[-1],
        **question.scored.scoring(),
        id_field=fields.id_field,
        output_field=fields.output,
        reference=fields.reference,
        cluster=fields.cluster,
        tag=fields.tag,
        weight=fields.weight,
        terms=question.terms,
    )
    files = question.base, question.candidate, question.test_set
    return compare_files(*files, request, ledger_at.ledger())


def _of_logs(
    kind: str, question: _Question, logs: LogOptions, ledger_at: LedgerAt
) -> "FileComparison":
    from evalhub.importers.kinds import FieldsError, check_fields, log_kinds
    from evalhub.studies.files.compare_logs import LogQuestion, compare_logs
    from evalhub.studies.files.rescored_logs import compare_rescored, is_ours

    base, candidate, fields = question.base, question.candidate, question.named
    if fields.reference != "reference":
        message = "doesn't go with --from: say --field reference=PATH"
        raise typer.BadParameter(message, param_hint="--reference")
    if fields.weight is not None:
        raise typer.BadParameter(f"doesn't go with --from {kind}", param_hint="--weight")
    paths = row_fields(logs.rows, fields.id_field, fields.output, logs.score, logs.field)
    scoring = question.scored.scoring()
    if kind not in log_kinds():
        raise typer.BadParameter(
            f"{kind!r} isn't one of {', '.join(log_kinds())}", param_hint="--from"
        )
    log_question = LogQuestion(
        kind=kind,
        arms=(logs.base_arm, logs.candidate_arm),
        metrics=question.metrics,
        primaries=tuple(logs.primary or ()),
        other_prompts=logs.other_prompts,
        cluster=fields.cluster,
        tag=fields.tag,
        fields=paths.mapping,
        terms=question.terms,
    )
    try:
        check_fields(kind, log_question.fields)
    except FieldsError as error:
        hint = "--rows, --id, --output, --score, --field"
        raise typer.BadParameter(str(error), param_hint=hint) from error
    if is_ours(log_question.metrics):
        _refuse("a metric of Evalhub's own", study=logs.study)
        ledger = ledger_at.ledger()
        return compare_rescored(
            base, candidate, question.test_set, log_question, **scoring, ledger=ledger
        )
    question.scored.check_unused()
    _refuse("scores of a log", test_set=question.test_set)
    comparison = compare_logs(base, candidate, log_question, ledger=ledger_at.ledger())
    if logs.study is not None:
        from evalhub.studies.files.study_of_logs import write_study

        written = write_study(base, candidate, log_question, logs.study, project="default")
        typer.echo(f"evalhub: the same question as a study: evalhub study run {written}", err=True)
    return comparison


def _refuse(what: str, **values: Any) -> None:
    """Raises typer.BadParameter for options that don't go with `what`."""
    if name := next((name for name, value in values.items() if value), None):
        raise typer.BadParameter(f"doesn't go with {what}", param_hint=_option_name(name))


def _option_name(field: str) -> str:
    """The option of a field, such as --base-arm for base_arm."""
    return f"--{field.replace('_', '-')}"


def _option(text: str) -> tuple[str, Any]:
    import json

    name, sign, value = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} isn't of the form name=value", param_hint="--option")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
