"""`evalhub judge run` asks a study's judge; `evalhub judge-check` checks one against people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.declare.defaults import JUDGE_FLOOR
from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.options import Alpha, Json, StudyPath
from evalhub.frames.command.study_file import RunOptions
from evalhub.stats.levels import ALPHA

if TYPE_CHECKING:
    from evalhub.declare.analysis import JudgeCheckDocument
    from evalhub.declare.judges import JudgeRunDocument

CHECK_EXITS = {"usable": 0, "not-usable": 1, "not-told": 2, "invalid": 3}
CHECK_SENTENCES = {
    "usable": "The judge is usable.",
    "not-usable": "The judge is not usable.",
    "not-told": "Whether the judge is usable isn't told.",
    "invalid": "Invalid evidence.",
}


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
    from runners.spending import used_price

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
        _print_run(document)
    return 0 if document.complete else UNREACHABLE


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
    cluster: Annotated[
        str | None, typer.Option(help="JUDGE: field with what an item belongs to.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="JUDGE: field with how much an item counts.")
    ] = None,
    floor: Annotated[
        float,
        typer.Option(
            help="Agreement beyond chance that the judge must be shown to reach.", min=-1, max=1
        ),
    ] = JUDGE_FLOOR,
    random_sample: Annotated[
        bool,
        typer.Option(
            "--random-sample", help="People labelled a random sample of what the judge judged."
        ),
    ] = False,
    alpha: Alpha = ALPHA,
    json_: Json = False,
) -> int:
    """Check an LLM judge against people. Exit code 0 where it is usable, 1 where it isn't, 2 where
    the labels don't tell, 3 where they are no evidence."""
    from evalhub.analysis.labels import read_judgments
    from evalhub.frames.command import printing
    from evalhub.judges.check import check_judged_once, judge_check_document

    lengths = [name for name in (candidate_length, baseline_length) if name]
    if len(lengths) == 1:
        raise typer.BadParameter("--candidate-length and --baseline-length go together")
    judgments, _ = read_judgments(human, unit=unit, choice=choice, rater=rater, side=human_side)
    judged, _ = read_judgments(
        judge,
        unit=unit,
        choice=choice,
        side=side,
        numbers=[*lengths, *([weight] if weight else [])],
        cluster=cluster,
    )
    check_judged_once(judged, judge, unit)
    document = judge_check_document(
        judgments,
        judged,
        random_sample=random_sample,
        alpha=alpha,
        floor=floor,
        weighted=weight is not None,
        clustered=cluster is not None,
    )
    if json_:
        printing.print_json(document.as_json())
    else:
        _print_check(document)
    return CHECK_EXITS[document.verdict]


def _print_run(document: "JudgeRunDocument") -> None:
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


def _people_longer(document: "JudgeCheckDocument") -> list[tuple[str, str, str]]:
    from evalhub.frames.command.figures import interval, number

    if (chosen := document.people_longer) is None:
        return []
    limits = interval(chosen.lower, chosen.upper)
    return [("longer answer chosen by people", number(chosen.share), limits)]


def _print_check(document: "JudgeCheckDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures, interval, number

    console = printing.terminal()
    console.print(
        f"{count_text(document.judged, 'item')} judged, {document.labelled:,} labelled by people, "
        f"{document.shared:,} by both"
    )
    console.print(CHECK_SENTENCES[document.verdict], style="bold")
    console.print(document.why, style=None if document.verdict == "usable" else "yellow")
    alpha, gwet = document.krippendorff_alpha, document.gwet_ac1
    rows = [
        ("raw agreement with people", number(document.raw_agreement), ""),
        (
            "Krippendorff's alpha",
            number(alpha.value),
            interval(alpha.lower, alpha.upper),
        ),
        ("Gwet's AC1", number(gwet.value), interval(gwet.lower, gwet.upper)),
        ("Cohen's kappa", number(document.cohen_kappa), ""),
        ("win score by people", number(document.people_win_score), ""),
        ("win score by the judge, same items", number(document.judge_win_score), ""),
    ]
    if bias := document.position_bias:
        rows.append(
            (
                "left chosen by the judge",
                number(bias.share_left),
                interval(bias.lower, bias.upper),
            )
        )
    if length := document.length_bias:
        chosen = length.longer
        rows += [
            (
                "longer answer chosen by the judge",
                number(chosen.share),
                interval(chosen.lower, chosen.upper),
            ),
            *_people_longer(document),
            ("win score by the judge, all items", number(length.raw), ""),
            (
                "the same at equal lengths",
                number(length.controlled),
                interval(length.lower, length.upper),
            ),
        ]
    if powered := document.win_score:
        rows.append(
            (
                "win score, all items, corrected",
                number(powered.value),
                interval(powered.lower, powered.upper),
            )
        )
    console.print()
    console.print(figures(("", "value", "interval"), rows))
    for caution in document.cautions:
        console.print()
        console.print(caution, style="yellow")
    if powered:
        console.print()
        console.print(
            f"{powered.method}: as narrow as {powered.equivalent_labels:,.0f} labels of "
            f"people alone; the judge counts {powered.weight:.2f}. They differ on "
            f"{powered.disagreements:,} labelled items.",
            style="dim",
        )
