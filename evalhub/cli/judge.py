"""`evalhub judge-check`: may an LLM judge stand in for people? From two files alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.options import Alpha
from evalhub.stats.levels import ALPHA

if TYPE_CHECKING:
    from evalhub.schemas.analysis import JudgeCheckDocument

# As the verdict "invalid evidence": a pipeline must not go on with this judge.
NOT_CALIBRATED = 3
REFUSED = {
    "too-few-human-labels": "Fewer than 50 items have labels of people and judge: too few to "
    "calibrate it on.",
    "not-a-random-sample": "Nothing says that people labelled a random sample of the judged "
    "items; if they did, give --random-sample.",
    "constant": "People said the same of every item: nothing to calibrate on.",
}
STATES = {
    **REFUSED,
    "nothing-only-judged": "People labelled every judged item: use their labels, the judge adds "
    "nothing.",
}


def judge_check(
    human: Annotated[Path, typer.Argument(help="What people chose, a row a judgment.")],
    judge: Annotated[Path, typer.Argument(help="What the judge chose, a row an item.")],
    unit: Annotated[str, typer.Option(help="Field of both with the item.")] = "id",
    choice: Annotated[
        str, typer.Option(help="Field of both with candidate, baseline, tie or both-bad.")
    ] = "choice",
    rater: Annotated[
        str | None, typer.Option(help="HUMAN: field with the person; else each row is another's.")
    ] = None,
    human_side: Annotated[
        str | None, typer.Option(help="HUMAN: field with the candidate's side, left or right.")
    ] = None,
    side: Annotated[
        str | None, typer.Option(help="JUDGE: field with the candidate's side, left or right.")
    ] = None,
    candidate_length: Annotated[
        str | None, typer.Option(help="JUDGE: field with the length of the candidate's answer.")
    ] = None,
    baseline_length: Annotated[
        str | None, typer.Option(help="JUDGE: field with the length of the baseline's answer.")
    ] = None,
    random_sample: Annotated[
        bool,
        typer.Option(
            "--random-sample", help="People labelled a random sample of what the judge judged."
        ),
    ] = False,
    alpha: Alpha = ALPHA,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Check an LLM judge against people. Exit code 3 where it isn't calibrated."""
    from evalhub.analysis.judge import check_judged_once, judge_check_document
    from evalhub.analysis.labels import read_judgments
    from evalhub.cli import printing

    lengths = [name for name in (candidate_length, baseline_length) if name]
    if len(lengths) == 1:
        raise typer.BadParameter("--candidate-length and --baseline-length go together")
    said, _ = read_judgments(human, unit=unit, choice=choice, rater=rater, side=human_side)
    judged, _ = read_judgments(judge, unit=unit, choice=choice, side=side, numbers=lengths)
    check_judged_once(judged, judge, unit)
    found = judge_check_document(said, judged, random_sample=random_sample, alpha=alpha)
    if json_:
        printing.print_json(found.as_json())
    else:
        _print(found)
    return NOT_CALIBRATED if found.state in REFUSED else 0


def _print(found: "JudgeCheckDocument") -> None:
    from evalhub.cli import printing
    from evalhub.cli.figures import counted, figures, interval, number

    console = printing.terminal()
    console.print(
        f"{counted(found.judged, 'item')} judged, {found.labelled:,} labelled by people, "
        f"{found.shared:,} by both"
    )
    if found.state in STATES:
        console.print(STATES[found.state], style="yellow")
    alpha, gwet = found.krippendorff_alpha, found.gwet_ac1
    rows = [
        ("raw agreement with people", number(found.raw_agreement), ""),
        (
            "Krippendorff's alpha",
            number(alpha.value),
            interval(alpha.lower, alpha.upper),
        ),
        ("Gwet's AC1", number(gwet.value), interval(gwet.lower, gwet.upper)),
        ("Cohen's kappa", number(found.cohen_kappa), ""),
        ("win score by people", number(found.people_win_score), ""),
        ("win score by the judge, same items", number(found.judge_win_score), ""),
    ]
    if bias := found.position_bias:
        rows.append(
            (
                "left chosen by the judge",
                number(bias.share_left),
                interval(bias.lower, bias.upper),
            )
        )
    if length := found.length_bias:
        rows += [
            ("win score by the judge, all items", number(length.raw), ""),
            (
                "the same at equal lengths",
                number(length.controlled),
                interval(length.lower, length.upper),
            ),
        ]
    if powered := found.win_score:
        rows.append(
            (
                "win score, all items, corrected",
                number(powered.value),
                interval(powered.lower, powered.upper),
            )
        )
    console.print()
    console.print(figures(("", "value", "interval"), rows))
    if powered:
        console.print()
        console.print(
            f"{powered.method}: as narrow as {powered.equivalent_labels:,.0f} labels of "
            f"people alone; the judge counts {powered.weight:.2f}.",
            style="dim",
        )
