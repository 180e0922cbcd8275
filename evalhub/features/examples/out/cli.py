"""`evalhub examples export`, `publish` and `files`: what accepted examples become."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.features.examples.command_options import By
from evalhub.frames.command.figures import count_text
from evalhub.frames.command.verbs import Printed, user_by_option

if TYPE_CHECKING:
    from evalhub.accounts.models import Project, User
    from evalhub.registry.models import TrainingFileVersion
    from reviews.models import ExampleQueue

Queues = Annotated[
    list[int],
    typer.Argument(help="The queues' numbers, as `list` prints them.", metavar="QUEUE…"),
]
SHOWN = 3


class Format(StrEnum):
    chat = "chat"
    prompt_completion = "prompt-completion"
    dpo = "dpo"


def export(
    project: "Project",
    queues: Queues,
    out: Annotated[
        Path, typer.Option(help="The file to write, FILE.jsonl; its card is FILE.md beside it.")
    ],
    form: Annotated[
        Format, typer.Option("--format", help="dpo: the edit is preferred to the proposal.")
    ] = Format.chat,
    name: Annotated[
        str, typer.Option(help="The training file's name.", show_default="the first queue's")
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse, naming them, where examples are judged on.")
    ] = False,
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Rows name their example, source and licence.")
    ] = False,
    by: By = None,
) -> Printed:
    """Write accepted examples to a training file, without what is judged on, and its data card."""
    from django.db import transaction

    from evalhub.features.examples.out.card import data_card
    from evalhub.features.examples.out.exporting import export_examples
    from evalhub.features.examples.out.shapes import ExportedFileOut
    from evalhub.frames.command.outputs import check_output, whole

    if out.suffix != ".jsonl":
        raise typer.BadParameter(f"{out} must end in .jsonl", param_hint="--out")
    card = out.with_suffix(".md")
    for path in (out, card):
        check_output(path, option="--out", inputs=())
    # Where a file can't be written nothing is kept of it.
    with transaction.atomic(), whole(out, option="--out") as to, whole(card, option="--out") as md:
        exported = export_examples(
            project=project,
            queues=_queues(project, queues),
            form=form.value,
            by=_person(by),
            name=name,
            strict=strict,
            provenance=provenance,
        )
        to.write_bytes(exported.content)
        md.write_text(data_card(exported.file), encoding="utf-8")
    file = exported.file
    lines = [
        f"{out}: {count_text(file.rows, 'row')}, {file}, SHA-256 {file.sha256}",
        *(f"Left out, {reason}: {count:,}" for reason, count in exported.left_out.items()),
        *(f"  {item}" for item in exported.items[:SHOWN]),
    ]
    return Printed(exported, shape=ExportedFileOut.of, lines=lines)


def publish(
    project: "Project",
    queues: Queues,
    test_set: Annotated[
        str, typer.Option(help="The test set; it is made where it isn't there.", metavar="NAME")
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse, naming them, where examples are trained on.")
    ] = False,
    by: By = None,
) -> Printed:
    """Make accepted examples the next version of a test set, without what went out to training."""
    from evalhub.features.examples.out.publishing import publish_examples
    from evalhub.features.examples.out.shapes import PublishedExamplesOut

    published = publish_examples(
        project=project,
        queues=_queues(project, queues),
        test_set=test_set,
        by=_person(by),
        strict=strict,
    )
    version = published.version
    lines = [
        f"{version}: {count_text(version.item_count, 'item')}, "
        f"{published.examples:,} of them by examples",
        *(f"Left out, {reason}: {count:,}" for reason, count in published.left_out.items()),
        *(f"  {row}" for row in published.rows[:SHOWN]),
    ]
    return Printed(published, shape=PublishedExamplesOut.of, lines=lines)


def files(project: "Project") -> Printed:
    """List training files that went out, the newest first."""
    from evalhub.features.examples.out.shapes import TrainingFileOut
    from evalhub.registry.models import TrainingFileVersion

    rows = list(TrainingFileVersion.objects.filter(project=project).newest_first()[:200])
    lines = [_line(row) for row in rows] or ["No training file went out yet."]
    return Printed(rows, shape=TrainingFileOut.from_model, lines=lines)


def _line(file: "TrainingFileVersion") -> str:
    rows = count_text(file.rows, "row")
    return f"{file.created:%Y-%m-%d}  {file}  {file.format}  {rows}  {file.sha256}"


def _queues(project: "Project", numbers: list[int]) -> "list[ExampleQueue]":
    from reviews.models import ExampleQueue

    rows = ExampleQueue.objects.filter(project=project).in_bulk(numbers)
    for number in numbers:
        if number not in rows:
            raise typer.BadParameter(f"{project} has no queue {number}", param_hint="QUEUE")
    return [rows[number] for number in dict.fromkeys(numbers)]


def _person(by: str | None) -> "User | None":
    return None if by is None else user_by_option(by)
