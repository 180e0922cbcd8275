"""`evalhub compare`: two files of answers, no database, no server."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.cli.options import Alpha
from evalhub.schemas.defaults import MARGIN
from evalhub.stats.levels import ALPHA

if TYPE_CHECKING:
    from evalhub.schemas.decision import DecisionRecord


class ComparedRole(StrEnum):
    primary = "primary"
    guard = "guard"


class FailureUses(StrEnum):
    invalid = "invalid"
    worst = "worst"


def compare(
    base: Annotated[
        Path, typer.Argument(help="Answers of what runs now: JSONL, CSV, Parquet, JSON.")
    ],
    candidate: Annotated[Path, typer.Argument(help="Answers of what may replace it.")],
    test_set: Annotated[Path, typer.Option(help="The items that both answered.")],
    metric: Annotated[str, typer.Option(help="exact_match, numeric_match, json_fields, …")],
    extract: Annotated[
        str | None,
        typer.Option(help="Pattern; the first group of its last match is scored."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="A metric's own option: tolerance=0.01. Repeatable.")
    ] = None,
    id_field: Annotated[str, typer.Option("--id", help="Field with the item's id.")] = "id",
    output: Annotated[str, typer.Option(help="Field with the answer.")] = "output",
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
    alpha: Alpha = ALPHA,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Also write a page that stands on its own: FILE.html")
    ] = None,
) -> int:
    """Compare two arms' answers to the same items, and say whether the candidate may ship."""
    from evalhub.cli import printing
    from evalhub.cli.outputs import check_output
    from evalhub.studies.compare import CompareRequest, compare_files

    guard = role is ComparedRole.guard
    if guard and min_gain is not None:
        raise typer.BadParameter(
            "is for primaries: a guard is asked no gain", param_hint="--min-gain"
        )
    if not guard and margin is not None:
        raise typer.BadParameter("is for guards: say --role guard", param_hint="--margin")
    check_output(report, option="--report", inputs=[base, candidate, test_set])
    question = CompareRequest(
        metric=metric,
        extract=extract,
        options=tuple(_option(each) for each in option or ()),
        id_field=id_field,
        output_field=output,
        reference=reference,
        cluster=cluster,
        tag=tag,
        role=role.value,
        margin=MARGIN if margin is None else margin,
        min_gain=min_gain or 0.0,
        alpha=alpha,
        failures=failures.value,
    )
    found = compare_files(base, candidate, test_set, question)
    if report is not None:
        _write_report(report, found.record, found.items)
    if json_:
        printing.print_json(found.record.as_json())
    else:
        printing.print_record(found.record)
        if tag is not None:
            printing.print_breakdown(found.record)
    return found.record.verdict.exit_code


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
    from evalhub.cli.outputs import whole
    from evalhub.cli.setup import set_up_templates

    set_up_templates()
    from evalhub.report.one_file import render_report

    text = render_report(record, items)
    with whole(path, option="--report") as file:
        file.write_text(text, encoding="utf-8")
