"""`evalhub data curve`: what doubling the training examples buys, from studies or score files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.declare.defaults import PLANNED_GAIN
from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.declare.data_curve import DataCurve, DataCurves
    from evalhub.features.data.curve.files import ScoredArm
    from evalhub.registry.models import Study

SHOWN = 10
ProjectOfStudies = Annotated[
    str | None, typer.Option("--project", help="The studies' project.", metavar="P")
]


@file_command
def curve(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Short names of decided studies whose arms were trained on ¼, ½ and all.",
            metavar="STUDY",
        ),
    ] = None,
    project: ProjectOfStudies = None,
    examples: Annotated[
        list[str] | None,
        typer.Option(
            help="An arm's number of training examples, where its record doesn't say it; of "
            "several studies STUDY/ARM=N. Repeatable.",
            metavar="ARM=N",
        ),
    ] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option(
            help="In place of studies: a file of id and score, and how many examples that arm was "
            "trained on. Repeatable.",
            metavar="FILE:N",
        ),
    ] = None,
    worth: Annotated[
        float | None,
        typer.Option(
            help="Gain from which on a doubling is worth its cost.",
            min=1e-9,
            show_default=f"what the study plans to detect; of files {PLANNED_GAIN:g}",
        ),
    ] = None,
    lower_is_better: Annotated[
        bool, typer.Option("--lower-is-better", help="With --scores: less is better.")
    ] = False,
) -> Printed:
    """Say what doubling the training examples buys, with 95% intervals."""
    if scores:
        _refuse_beside_scores(studies=studies, project=project, examples=examples)
        from evalhub.features.data.curve.files import curve_of_files

        arms = [_scored_arm(text) for text in scores]
        document = curve_of_files(
            arms, worth=worth or PLANNED_GAIN, higher_is_better=not lower_is_better
        )
    else:
        document = _of_studies(studies, project, examples, worth)
    return Printed(document, show=partial(_print, document))


def _refuse_beside_scores(**options: object) -> None:
    for name, value in options.items():
        if value:
            hint = "STUDY" if name == "studies" else f"--{name}"
            raise typer.BadParameter("doesn't go with --scores", param_hint=hint)


def _scored_arm(text: str) -> "ScoredArm":
    from evalhub.features.data.curve.files import ScoredArm

    file, _, number = text.rpartition(":")
    return ScoredArm(Path(_name_of(file, text, "--scores", "FILE:N")), _number(number, "--scores"))


def _name_of(name: str, text: str, option: str, form: str) -> str:
    if not name:
        raise typer.BadParameter(f"{text!r} isn't of the form {form}", param_hint=option)
    return name


def _number(text: str, option: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 10**12:
        raise typer.BadParameter(
            f"{text!r} is no number of examples, a whole number from 1 on", param_hint=option
        )
    return int(text)


def _of_studies(
    slugs: list[str] | None,
    project: str | None,
    examples: list[str] | None,
    worth: float | None,
) -> "DataCurves":
    if not slugs:
        raise typer.BadParameter("name a study, or files by --scores", param_hint="STUDY")
    if project is None:
        raise typer.BadParameter("is needed with a study", param_hint="--project")
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.features.data.curve.learning_curve import curve_of_studies

    counts = {}
    for text in examples or ():
        name, _, number = text.rpartition("=")
        counts[_name_of(name, text, "--examples", "ARM=N")] = _number(number, "--examples")
    return curve_of_studies(
        [_study(project, slug) for slug in dict.fromkeys(slugs)], examples=counts, worth=worth
    )


def _study(project: str, slug: str) -> "Study":
    from evalhub.accounts.people import project_by_slug
    from evalhub.registry.live_studies import check_not_live

    row = project_by_slug(project)
    study: Study | None = row.studies.filter(slug=slug).first()
    if study is None:
        check_not_live(slug, project=project)
        newest = ", ".join(row.studies.order_by("-pk").values_list("slug", flat=True)[:SHOWN])
        message = f"there is no study {slug!r} in {project} (studies: {newest or 'none yet'})"
        raise typer.BadParameter(message, param_hint="STUDY")
    return study


def _print(document: "DataCurves") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures, number

    console = printing.terminal()
    print_ = partial(console.print, markup=False, soft_wrap=not console.is_terminal)
    for curve_ in document.curves:
        where = f" on {curve_.test_set}" if curve_.test_set else ""
        left_out = f", {curve_.left_out:,} left out" if curve_.left_out else ""
        print_(f"{curve_.metric}{where}, {count_text(curve_.items, 'item')}{left_out}")
        columns = ("arm", "examples", "mean", "gain", "95% interval")
        console.print(figures(columns, _rows(curve_)))
        slope = curve_.slope
        limits = f"{number(slope.lower)} to {number(slope.upper)}"
        print_(f"A doubling gains {number(slope.gain)} ({limits}) over all sizes.")
        print_(curve_.sentence)
    for reason in document.left_out:
        print_(f"Left out: {reason}", style="dim")
    for assumption in document.assumed:
        print_(f"Assumed: {assumption}.", style="dim")


def _rows(curve_: "DataCurve") -> list[tuple[str, str, str, str, str]]:
    from evalhub.frames.command.figures import number

    rows = []
    for size, step in zip(curve_.sizes, (None, *curve_.steps), strict=True):
        gain = "" if step is None else number(step.gain)
        limits = "" if step is None else f"{number(step.lower)} to {number(step.upper)}"
        arms = ", ".join(size.arms)
        rows.append((arms, f"{size.examples:,}", number(size.mean), gain, limits))
    return rows
