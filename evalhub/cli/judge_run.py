"""`evalhub judge run`: a study's judge asked about both arms' answers, in both orders."""

from typing import TYPE_CHECKING

import typer

from evalhub.cli.study_file import RunOptions
from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.options import Json, StudyPath

if TYPE_CHECKING:
    from evalhub.declare.judging import JudgeRunDocument

app = typer.Typer(no_args_is_help=True, help="Judges: models that compare answers.")


@app.callback()
def judge() -> None:
    """Judges: models that compare answers."""


@app.command()
@with_option_groups
def run(
    file: StudyPath,
    json_: Json = False,
    *,
    options: RunOptions,
) -> int:
    """Ask a study's judge which answer is better, in both orders, as `study run` does before it
    decides. Running it again asks for what is missing. Ends with 0, or with 69 where some verdicts
    got no answer."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.exits import UNREACHABLE
    from evalhub.frames.command.progress import Bars
    from evalhub.frames.command.setup import set_up_database

    spec = options.read(file)
    if spec.policy.pairwise is None:
        raise spec.document.error(
            ["pairwise"], "missing: say by whom, on which test set and by what rubric"
        )
    set_up_database()
    from evalhub.studies.run.judged_pairs import judge_study
    from evalhub.studies.run.register import register_study
    from runners.pricing import used_price

    study, pairwise = register_study(spec), spec.policy.pairwise
    judge = spec.judges[pairwise.by]
    used = used_price(judge.backend.live_backend, judge.price)
    console = printing.terminal(errors=True)
    with Bars(console) as bars:
        document = judge_study(
            study=study,
            by=None,
            price=None if used is None else used.price,
            progress=lambda finished, total: bars.show(
                "judge", f"{pairwise.by} judges", finished, total
            ),
        )
    if json_:
        printing.print_json(document.as_json())
    else:
        _print(document)
    return 0 if document.complete else UNREACHABLE


def _print(document: "JudgeRunDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures, interval, number

    console, seen = printing.terminal(), document.figures
    console.print(
        f"{document.judge} on {document.test_set}: {count_text(seen.pairs, 'pair')} of answers "
        f"that differ, {seen.read:,} with a verdict in both orders, "
        f"{document.asked:,} verdicts asked for now"
    )
    if document.unanswered:
        console.print(
            f"{count_text(document.unanswered, 'verdict')} got no answer, first: {document.error}. "
            "Run it again to ask for them.",
            style="yellow",
        )
    flips, first = seen.flip_rate, seen.first
    rows = [
        ("replies that were no verdict", f"{seen.unreadable:,}", ""),
        ("flipped with the order", number(flips.value), interval(flips.lower, flips.upper)),
        ("wavered between an arm and neither", f"{seen.wavered:,}", ""),
        ("chose what stood first", number(first.value), interval(first.lower, first.upper)),
    ]
    if document.prompt_tokens is not None and document.completion_tokens is not None:
        rows.append(("tokens", f"{document.prompt_tokens + document.completion_tokens:,}", ""))
    if document.money is not None:
        rows.append(("cost", f"{document.money:.4g}", ""))
    console.print(figures(["", "value", "95%"], rows))
    console.print(
        "A decision has read whom it preferred."
        if document.opened
        else "Whom it preferred is sealed until a decision reads it: `evalhub study run` decides."
    )
