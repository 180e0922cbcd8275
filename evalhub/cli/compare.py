"""`evalhub compare`: two files of answers, no server."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.cli.file_ledger import LedgerAt, ProjectThere
from evalhub.declare.defaults import MARGIN, MOST_UNANSWERED
from evalhub.frames.command.options import (
    AcceptPolicyChange,
    Alpha,
    FieldPaths,
    Json,
    RowsPath,
    ScorePaths,
    reason_of,
    row_fields,
)
from evalhub.frames.command.server import There, TokenFile
from evalhub.stats.levels import ALPHA

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord
    from evalhub.studies.files.compare import FileComparison


class ComparedRole(StrEnum):
    primary = "primary"
    guard = "guard"


class FailureUses(StrEnum):
    invalid = "invalid"
    worst = "worst"


class ModelChangeUses(StrEnum):
    report = "report"
    invalid = "invalid"


def compare(
    base: Annotated[
        Path,
        typer.Argument(help="Answers of what runs now: JSONL, CSV, Parquet; a log with --from."),
    ],
    candidate: Annotated[
        Path | None,
        typer.Argument(help="Answers of what may replace it; none where one log holds both."),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="What wrote both logs: lm-eval, inspect, …")
    ] = None,
    test_set: Annotated[
        Path | None, typer.Option(help="The items that both answered. Needed without --from.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="exact_match, numeric_match, …; with --from one of the log's, or TASK=METRIC."
        ),
    ] = None,
    primary: Annotated[
        list[str] | None,
        typer.Option(help="With --from: a task that must gain; the others are guards."),
    ] = None,
    base_arm: Annotated[
        str | None, typer.Option(help="With --from: which of a log's arms runs now.")
    ] = None,
    candidate_arm: Annotated[
        str | None, typer.Option(help="With --from: which of a log's arms may replace it.")
    ] = None,
    other_prompts: Annotated[
        bool,
        typer.Option(
            "--other-prompts",
            help="With --from: the arms were asked in other words, and that is compared too.",
        ),
    ] = False,
    study: Annotated[
        Path | None,
        typer.Option(help="With --from: also write the same question as a study: FOLDER."),
    ] = None,
    extract: Annotated[
        str | None,
        typer.Option(help="Pattern; the first group of its last match is scored."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="A metric's own option: tolerance=0.01. Repeatable.")
    ] = None,
    id_field: Annotated[
        str, typer.Option("--id", help="Field with the item's id, or a path to it.")
    ] = "id",
    output: Annotated[str, typer.Option(help="Field with the answer, or a path to it.")] = "output",
    rows: RowsPath = None,
    score: ScorePaths = None,
    field: FieldPaths = None,
    reference: Annotated[
        str, typer.Option(help="Field of the test set with the right answer.")
    ] = "reference",
    cluster: Annotated[
        str | None,
        typer.Option(help="Field of the test set: items of one cluster belong together."),
    ] = None,
    tag: Annotated[
        str | None, typer.Option(help="Field of the test set to break the result down by.")
    ] = None,
    role: Annotated[
        ComparedRole, typer.Option(help="primary: must gain; guard: must not lose.")
    ] = ComparedRole.primary,
    margin: Annotated[
        float | None,
        typer.Option(help=f"Loss that a guard may show ({MARGIN:g}).", min=0.0),
    ] = None,
    min_gain: Annotated[
        float | None, typer.Option(help="Gain that a primary must pass (0).")
    ] = None,
    failures: Annotated[
        FailureUses,
        typer.Option(
            help="An `error` in place of an answer: invalid evidence, or the metric's worst score."
        ),
    ] = FailureUses.invalid,
    model_changes: Annotated[
        ModelChangeUses,
        typer.Option(
            help="Answers of one arm that name several models (`served_model`): said among the "
            "reasons, or invalid evidence."
        ),
    ] = ModelChangeUses.report,
    most_unanswered: Annotated[
        float,
        typer.Option(
            help="Share of an arm's answers that may be empty or have failed; with more of them it "
            "is no evidence.",
            min=0.0,
            max=1.0,
        ),
    ] = MOST_UNANSWERED,
    alpha: Alpha = ALPHA,
    accept_policy_change: AcceptPolicyChange = None,
    server: There = None,
    token_file: TokenFile = None,
    project: ProjectThere = None,
    json_: Json = False,
    report: Annotated[
        Path | None, typer.Option(help="Also write a page that stands on its own: FILE.html")
    ] = None,
) -> int:
    """Compare two arms' answers to the same items, and say whether the candidate may ship."""
    from evalhub.decision.caveats import with_more_caveats
    from evalhub.decision.sections.policy_since import policy_caveats
    from evalhub.frames.command import printing
    from evalhub.frames.command.outputs import check_output

    reason, ledger_at = reason_of(accept_policy_change), LedgerAt(server, token_file, project)
    ledger_at.check()
    guard = role is ComparedRole.guard
    if guard and min_gain is not None:
        raise typer.BadParameter(
            "is for primaries: a guard is asked no gain", param_hint="--min-gain"
        )
    if not guard and margin is not None and not primary:
        raise typer.BadParameter("is for guards: say --role guard", param_hint="--margin")
    if margin == 0:
        raise typer.BadParameter(
            "must be above 0: no number of items shows that nothing at all is lost",
            param_hint="--margin",
        )
    inputs = [each for each in (base, candidate, test_set) if each is not None]
    check_output(report, option="--report", inputs=inputs)
    asked = {
        "role": role.value,
        "margin": MARGIN if margin is None else margin,
        "min_gain": min_gain or 0.0,
        "alpha": alpha,
        "failures": failures.value,
        "model_changes": model_changes.value,
        "most_unanswered": most_unanswered,
        "cluster": cluster,
        "tag": tag,
    }
    by_ours = {"extract": extract, "options": tuple(_option(each) for each in option or ())}
    fields = {"id_field": id_field, "output_field": output, "reference": reference}
    if from_ is None:
        _only("--from", primary, base_arm, candidate_arm, other_prompts, study, rows, score, field)
        files = base, candidate, test_set
        found = _of_files(files, metric, asked | by_ours | fields, ledger_at)
    else:
        if reference != "reference":
            said = "doesn't go with --from: say --field reference=PATH"
            raise typer.BadParameter(said, param_hint="--reference")
        mapping = row_fields(rows, id_field, output, score, field).mapping
        arms = {
            "arms": (base_arm, candidate_arm),
            "other_prompts": other_prompts,
            "fields": mapping,
        }
        named = {"metrics": tuple(metric or ()), "primaries": tuple(primary or ())}
        files, question = (base, candidate, test_set), asked | arms | named
        found = _of_logs(from_, files, question, by_ours, study, ledger_at)
    record = with_more_caveats(found.record, policy_caveats(None, alpha=alpha, accepted=reason))
    if report is not None:
        _write_report(report, record, found.items)
    if json_:
        printing.print_json(record.as_json())
    else:
        printing.print_record(record)
        if tag is not None:
            printing.print_breakdown(record)
    return record.verdict.exit_code


def _of_files(
    files: tuple[Path, Path | None, Path | None],
    metric: list[str] | None,
    asked: dict[str, Any],
    ledger_at: LedgerAt,
) -> "FileComparison":
    from evalhub.studies.files.compare import CompareRequest, compare_files

    base, candidate, test_set = files
    if candidate is None:
        raise typer.BadParameter("is needed: the candidate's answers", param_hint="CANDIDATE")
    if test_set is None:
        raise typer.BadParameter("is needed", param_hint="--test-set")
    if not metric:
        raise typer.BadParameter("is needed", param_hint="--metric")
    question = CompareRequest(metric=metric[-1], **asked)
    return compare_files(base, candidate, test_set, question, ledger_at.ledger())


def _of_logs(
    kind: str,
    files: tuple[Path, Path | None, Path | None],
    asked: dict[str, Any],
    by_ours: dict[str, Any],
    study: Path | None,
    ledger_at: LedgerAt,
) -> "FileComparison":
    from evalhub.importers.kinds import KINDS, FieldsError, check_fields
    from evalhub.studies.files.compare_logs import LogQuestion, compare_logs
    from evalhub.studies.files.rescored_logs import compare_rescored, is_ours

    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} isn't one of {', '.join(KINDS)}", param_hint="--from")
    question = LogQuestion(kind=kind, **asked)
    try:
        check_fields(kind, question.fields)
    except FieldsError as error:
        hint = "--rows, --id, --output, --score, --field"
        raise typer.BadParameter(str(error), param_hint=hint) from error
    base, candidate, test_set = files
    if is_ours(question.metrics):
        _without("a metric of Evalhub's own", study=study)
        ledger = ledger_at.ledger()
        return compare_rescored(base, candidate, test_set, question, **by_ours, ledger=ledger)
    _without("scores of a log", extract=by_ours["extract"], option=by_ours["options"])
    _without("scores of a log", test_set=test_set)
    found = compare_logs(base, candidate, question, ledger=ledger_at.ledger())
    if study is not None:
        from evalhub.studies.files.study_of_logs import write_study

        written = write_study(base, candidate, question, study, project="default")
        typer.echo(f"evalhub: the same question as a study: evalhub study run {written}", err=True)
    return found


def _only(needed: str, *given: Any) -> None:
    """Refuses options that only go with `needed`."""
    arms = ("--primary", "--base-arm", "--candidate-arm", "--other-prompts", "--study")
    names = (*arms, "--rows", "--score", "--field")
    if wrong := next((name for name, each in zip(names, given, strict=True) if each), None):
        raise typer.BadParameter(f"goes with {needed} KIND", param_hint=wrong)


def _without(what: str, **given: Any) -> None:
    """Refuses options that don't go with `what`."""
    if wrong := next((name for name, each in given.items() if each), None):
        raise typer.BadParameter(
            f"doesn't go with {what}", param_hint=f"--{wrong.replace('_', '-')}"
        )


def _option(text: str) -> tuple[str, Any]:
    import json

    name, sign, value = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} isn't of the form name=value", param_hint="--option")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _write_report(path: Path, record: "DecisionRecord", items: list[dict[str, Any]]) -> None:
    from evalhub.frames.command.outputs import whole
    from evalhub.frames.command.setup import set_up_templates

    set_up_templates()
    from evalhub.report.one_file import render_report

    text = render_report(record, items)
    with whole(path, option="--report") as file:
        file.write_text(text, encoding="utf-8")
