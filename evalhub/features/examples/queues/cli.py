"""`evalhub examples`: queues in which people accept, edit or reject examples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.examples.command_options import By, Number
from evalhub.frames.command.figures import count_text
from evalhub.frames.command.verbs import Printed, user_by_option, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import Project, User
    from reviews.models import ExampleQueue

app = typer.Typer(
    no_args_is_help=True,
    help="Examples that people accept, edit or reject before anything is trained on them.",
)


@verb(app)
def create(
    project: "Project",
    name: Annotated[str, typer.Argument(help="The queue's name.", metavar="NAME")],
    references: Annotated[
        bool, typer.Option("--references", help="Right answers of a test set, no training rows.")
    ] = False,
    instructions: Annotated[
        str, typer.Option(help="What people are to do; it names no model.", metavar="TEXT")
    ] = "",
    people: Annotated[
        int, typer.Option(help="People an example, blind to each other.", min=1, max=2)
    ] = 1,
    label: Annotated[
        list[str] | None,
        typer.Option(help="An answer that is allowed. Repeatable.", show_default="any text"),
    ] = None,
    gold_share: Annotated[
        float, typer.Option(help="Share of turns whose right answer is known.", min=0, max=0.5)
    ] = 0.0,
    by: By = None,
) -> Printed:
    """Create a queue, open and empty."""
    from reviews.examples.queues import create_queue

    queue = create_queue(
        project=project,
        by=_person(by),
        name=name,
        purpose="references" if references else "training",
        instructions=instructions,
        annotators_per_example=people,
        labels=label or [],
        gold_share=gold_share,
    )
    line = f"Queue {queue.pk}: add examples by `evalhub examples add {queue.pk} FILE`."
    return Printed(_with_counts(queue), shape=_shape, lines=[line])


@verb(app)
def add(
    project: "Project",
    queue: Number,
    file: Annotated[
        Path, typer.Argument(help="JSONL, CSV, a JSON array or Parquet.", metavar="FILE")
    ],
    by: By = None,
) -> Printed:
    """Add the examples of a file: all of them, or none."""
    from evalhub.features.examples.queues.files import drafts_of_file
    from evalhub.features.examples.queues.shapes import AddedExamplesOut
    from reviews.examples.queues import add_examples

    row = _queue(project, queue)
    drafts = drafts_of_file(file, labels=tuple(row.labels))
    added = add_examples(queue=row, drafts=drafts, by=_person(by))
    lines = [f"{count_text(added.added, 'example')} added."]
    if added.duplicates:
        lines.append(f"{count_text(added.duplicates, 'duplicate')} left out.")
    return Printed(added, shape=AddedExamplesOut.from_model, lines=lines)


@verb(app, "list")
def list_queues(project: "Project") -> Printed:
    """List the project's queues, the newest first."""
    from reviews.models import ExampleQueue

    rows = ExampleQueue.objects.filter(project=project).with_counts().newest_first()
    queues = list(rows[:200])
    lines = [_line(row) for row in queues] or ["There is no queue: `evalhub examples create`."]
    return Printed(queues, shape=_shape, lines=lines)


@verb(app)
def show(project: "Project", queue: Number) -> Printed:
    """Show a queue: how far it is, agreement, pace and gold."""
    from evalhub.features.examples.queues.shapes import WholeQueueOut
    from reviews.examples.results import queue_results

    row = _with_counts(_queue(project, queue))
    whole = WholeQueueOut.of(row, queue_results(row)).as_json()
    return Printed(whole, lines=[_line(row), *_result_lines(whole)])


@verb(app)
def close(project: "Project", queue: Number, by: By = None) -> Printed:
    """Close a queue: nothing more is dealt, added or answered."""
    from reviews.examples.queues import close_queue

    row = _queue(project, queue)
    close_queue(queue=row, by=_person(by))
    return Printed(_with_counts(row), shape=_shape, lines=[f"Queue {row.pk} is closed."])


def _person(by: str | None) -> "User | None":
    return None if by is None else user_by_option(by)


def _queue(project: "Project", number: int) -> "ExampleQueue":
    from reviews.models import ExampleQueue

    queue: ExampleQueue | None = ExampleQueue.objects.filter(project=project, pk=number).first()
    if queue is None:
        raise typer.BadParameter(f"{project} has no queue {number}", param_hint="QUEUE")
    return queue


def _with_counts(queue: "ExampleQueue") -> "ExampleQueue":
    from reviews.models import ExampleQueue

    row: ExampleQueue = ExampleQueue.objects.with_counts().newest_first().get(pk=queue.pk)
    return row


def _shape(queue: "ExampleQueue") -> Any:
    from evalhub.features.examples.queues.shapes import QueueOut

    return QueueOut.from_model(queue)


def _line(queue: "ExampleQueue") -> str:
    disputed = f", {count_text(queue.disputed, 'disagreement')}" if queue.disputed else ""
    return (
        f"{queue.pk}  {queue.name}  {queue.get_purpose_display()}  {queue.state}  "
        f"{queue.decided} of {count_text(queue.size, 'example')} decided, "
        f"{queue.accepted} accepted{disputed}"
    )


def _result_lines(whole: dict[str, Any]) -> list[str]:
    """Agreement, and a line a person."""
    lines = []
    for what, agreed in (("what was done", "agreement"), ("the label", "label_agreement")):
        if row := whole[agreed]:
            alpha = row["krippendorff_alpha"]
            lines.append(
                f"Agreement on {what}: {_share(row['same'])} of {row['examples']} examples; "
                f"Krippendorff's alpha {_number(alpha['value'])} "
                f"[{_number(alpha['lower'])}, {_number(alpha['upper'])}]"
            )
    for person in whole["people"]:
        gold = f", gold {_share(person['gold_right'])}" if person["gold"] else ""
        lines.append(
            f"{person['name']}: {count_text(person['answers'], 'answer')}, "
            f"{person['seconds']:.0f} s, {person['too_fast']} too fast, "
            f"edited {_share(person['edited'])}{gold}"
        )
    return lines


def _share(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "–"
    return f"{row['value']:.0%} [{row['lower']:.0%}, {row['upper']:.0%}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
