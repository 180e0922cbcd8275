"""`evalhub preference`: which of two arms people prefer, from a file alone."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.options import Alpha
from evalhub.frames.command.verbs import Printed, file_command
from evalhub.stats.levels import ALPHA

if TYPE_CHECKING:
    from evalhub.declare.analysis import PreferenceDocument
    from evalhub.stats.sides import PositionBias

STATES = {
    "one-item": "There is one item: the score says nothing of others.",
    "all-alike": "Every choice is the same.",
    "one-rater": "There is one rater: the interval says nothing of what others would choose.",
}
SIDES = {
    "sides-alike": "The candidate always stood on one side: its sides don't vary, so nothing tells "
    "position from preference.",
    "sides-uneven": "The candidate stood on one side more often than a fair coin would have it, so "
    "the share chosen left goes with preference too.",
}


@file_command
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
    alpha: Alpha = ALPHA,
) -> Printed:
    """Estimate which of two arms people prefer, and the effect of side and length."""
    from evalhub.analysis.labels import read_judgments
    from evalhub.analysis.preference import preference_document

    lengths = [name for name in (candidate_length, baseline_length) if name]
    if len(lengths) == 1:
        raise typer.BadParameter("--candidate-length and --baseline-length go together")
    judgments, skipped = read_judgments(
        file, unit=unit, rater=rater, choice=choice, side=side, numbers=lengths
    )
    document = preference_document(judgments, without_choice=skipped, alpha=alpha)
    return Printed(document, show=partial(_print, document))


def _print(document: "PreferenceDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures, interval, number

    console = printing.terminal()
    console.print(
        f"{count_text(document.judgments, 'judgment')} of {count_text(document.items, 'item')} "
        f"by {count_text(document.raters, 'rater')}"
    )
    if document.without_choice:
        console.print(f"Left out: {count_text(document.without_choice, 'row')} without a choice.")
    if document.state in STATES:
        console.print(STATES[document.state], style="yellow")
    counts = [
        ("candidate", document.wins),
        ("baseline", document.losses),
        ("tie", document.ties),
        ("both bad", document.both_bad),
    ]
    shares = [("win score", number(document.score), interval(document.lower, document.upper))]
    if bias := document.position_bias:
        shares.append(("left chosen", number(bias.share_left), interval(bias.lower, bias.upper)))
    if length := document.length_bias:
        chosen = length.longer
        shares.append(("longer chosen", number(chosen.share), interval(chosen.lower, chosen.upper)))
        shares.append(
            (
                "win score at equal lengths",
                number(length.controlled),
                interval(length.lower, length.upper),
            )
        )
    if repeats := document.self_consistency:
        shares.append(
            (
                "same again, sides swapped",
                number(repeats.share),
                interval(repeats.lower, repeats.upper),
            )
        )
    level = f"{100 * document.level:g}% interval"
    console.print()
    console.print(figures(("", "share", level), shares))
    console.print()
    console.print(figures(("preferred", "judgments"), [(n, f"{count:,}") for n, count in counts]))
    console.print()
    console.print(f"A tie, or both bad, is half a win. Interval: {document.method}.", style="dim")
    if bias:
        console.print(
            f"Position: {bias.left:,} left, {bias.right:,} right on "
            f"{count_text(bias.items, 'item')}{_side_test(bias)}",
            style="dim",
        )


def _side_test(bias: "PositionBias") -> str:
    if bias.p_value is not None:
        return f", p = {bias.p_value:.2g} (by item)."
    return f". {SIDES[bias.state]}"
