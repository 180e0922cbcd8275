"""`evalhub preference`: which of two arms people prefer, from a file alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalhub.cli.labels import ChoiceRow
    from evalhub.stats.sides import LengthControl, SelfConsistency

STATES = {
    "one-item": "There is one item: the score says nothing of others.",
    "all-alike": "Every choice is the same.",
    "one-rater": "There is one rater: the interval says nothing of what others would choose.",
}


def preference(
    file: Annotated[Path, typer.Argument(help="Judgments, one a row: JSONL, CSV or Parquet.")],
    unit: Annotated[str, typer.Option(help="Field with the item that was judged.")],
    rater: Annotated[str, typer.Option(help="Field with the rater.")],
    choice: Annotated[
        str,
        typer.Option(help="Field with candidate, baseline, tie or both-bad; left or right too."),
    ],
    side: Annotated[
        str | None, typer.Option(help="Field with where the candidate stood: left or right.")
    ] = None,
    candidate_length: Annotated[
        str | None, typer.Option(help="Field with the length of the candidate's answer.")
    ] = None,
    baseline_length: Annotated[
        str | None, typer.Option(help="Field with the length of the baseline's answer.")
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="One-sided level; 0.025 gives a 95% interval.", min=1e-9, max=0.25)
    ] = 0.025,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say which of two arms people prefer, and whether side or length decided it."""
    from evalhub.cli import printing
    from evalhub.cli.labels import read_judgments

    lengths = [name for name in (candidate_length, baseline_length) if name]
    if len(lengths) == 1:
        raise typer.BadParameter("--candidate-length and --baseline-length go together")
    judgments, skipped = read_judgments(
        file, unit=unit, rater=rater, choice=choice, side=side, numbers=lengths
    )
    found = measured(judgments, skipped, alpha)
    if json_:
        printing.print_json(found)
    else:
        _print(found)


def measured(judgments: "Sequence[ChoiceRow]", skipped: int, alpha: float) -> dict[str, Any]:
    """The document `evalhub.preference/1`; `skipped` rows had no choice."""
    from dataclasses import asdict

    from evalhub.stats.preference import win_score
    from evalhub.stats.sides import position_bias

    choices = [each.choice for each in judgments]
    sides = [each.side for each in judgments if each.side]
    score = win_score(
        choices,
        items=[each.unit for each in judgments],
        raters=[each.rater for each in judgments],
        alpha=alpha,
    )
    repeats = _self_consistency(judgments, alpha)
    length = _length_control(judgments, alpha)
    return {
        "schema": "evalhub.preference/1",
        "state": _state(score.items, score.raters, len(set(choices))),
        **asdict(score),
        "without_choice": skipped,
        "position_bias": asdict(position_bias(choices, sides, alpha=alpha)) if sides else None,
        "length_bias": asdict(length) if length else None,
        "self_consistency": asdict(repeats) if repeats else None,
    }


def _state(items: int, raters: int, choices: int) -> str:
    if items == 1:
        return "one-item"
    if choices == 1:
        return "all-alike"
    return "one-rater" if raters == 1 else "ok"


def _length_control(judgments: "Sequence[ChoiceRow]", alpha: float) -> "LengthControl | None":
    """The win score at equal lengths, where the lengths are given."""
    from evalhub.stats.sides import length_control

    if not judgments[0].numbers:
        return None
    sides = [each.side for each in judgments if each.side]
    return length_control(
        [each.choice for each in judgments],
        [each.numbers[0] for each in judgments],
        [each.numbers[1] for each in judgments],
        candidate_sides=sides or None,
        items=[each.unit for each in judgments],
        alpha=alpha,
    )


def _self_consistency(judgments: "Sequence[ChoiceRow]", alpha: float) -> "SelfConsistency | None":
    """From the units that a rater judged with the candidate on either side."""
    from evalhub.stats.sides import self_consistency

    given: dict[tuple[str, str], list[str]] = {}
    for each in judgments:
        given.setdefault((each.unit, each.rater), []).append(each.choice)
    twice = [choices for choices in given.values() if len(choices) == 2]
    if not twice:
        return None
    return self_consistency([a for a, _ in twice], [b for _, b in twice], alpha=alpha)


def _print(found: dict[str, Any]) -> None:
    from evalhub.cli import printing
    from evalhub.cli.figures import counted, figures, interval, number

    console = printing.terminal()
    console.print(
        f"{counted(found['judgments'], 'judgment')} of {counted(found['items'], 'item')} "
        f"by {counted(found['raters'], 'rater')}"
    )
    if found["without_choice"]:
        console.print(f"Left out: {counted(found['without_choice'], 'row')} without a choice.")
    if found["state"] in STATES:
        console.print(STATES[found["state"]], style="yellow")
    counts = [
        ("candidate", found["wins"]),
        ("baseline", found["losses"]),
        ("tie", found["ties"]),
        ("both bad", found["both_bad"]),
    ]
    shares = [("win score", number(found["score"]), interval(found["lower"], found["upper"]))]
    if bias := found["position_bias"]:
        shares.append(
            ("left chosen", number(bias["share_left"]), interval(bias["lower"], bias["upper"]))
        )
    if length := found["length_bias"]:
        shares.append(
            (
                "win score at equal lengths",
                number(length["controlled"]),
                interval(length["lower"], length["upper"]),
            )
        )
    if repeats := found["self_consistency"]:
        shares.append(
            (
                "same again, sides swapped",
                number(repeats["share"]),
                interval(repeats["lower"], repeats["upper"]),
            )
        )
    level = f"{100 * found['level']:g}% interval"
    console.print()
    console.print(figures(("", "share", level), shares))
    console.print()
    console.print(figures(("preferred", "judgments"), [(n, f"{count:,}") for n, count in counts]))
    console.print()
    console.print(f"A tie, or both bad, is half a win. Interval: {found['method']}.", style="dim")
    if bias:
        console.print(
            f"Position: {bias['left']:,} left, {bias['right']:,} right, p = {bias['p_value']:.2g}.",
            style="dim",
        )
