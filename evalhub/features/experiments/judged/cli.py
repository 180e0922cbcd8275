"""`evalhub experiment sample` and `evalhub experiment judged`: answers out, scores in."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.figures import count_text
from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, operation, post
from evalhub.frames.command.verbs import Printed

if TYPE_CHECKING:
    from evalhub.features.experiments.judged.declared import JudgedScore
    from evalhub.features.experiments.models import Experiment

Number = Annotated[
    int, typer.Argument(help="The experiment's number, as its page shows it.", metavar="EXPERIMENT")
]


@operation
def sample(
    experiment: Number,
    project: Of,
    out: Annotated[Path, typer.Option(help="The file to write: an answer a line.")],
    n: Annotated[int, typer.Option(help="Answers of both arms together.")] = 200,
) -> Operation:
    """Draw a blind sample of both arms' answers, to be judged."""
    from evalhub.frames.command.outputs import check_output

    check_output(out, option="--out", inputs=())
    if out.exists():
        raise typer.BadParameter(f"{out} is there: name a new file", param_hint="--out")

    def here() -> dict[str, Any]:
        from evalhub.features.experiments.judged.drawing import draw_answers
        from evalhub.features.experiments.judged.shapes import BlindSampleOut

        drawn = draw_answers(experiment=_one(project, experiment), count=n, by=None)
        return BlindSampleOut.of(drawn).as_json()

    there = post(f"/experiments/{experiment}/answers", {"n": n})
    return Operation(project, here, there, lambda row: _written(row, out))


@operation
def judged(
    experiment: Number,
    scores: Annotated[
        Path, typer.Argument(help="A JSON object a line: id, value, by.", metavar="SCORES")
    ],
    project: Of,
) -> Operation:
    """Hand in judges' scores of a blind sample: they become signals named judged."""
    from evalhub.declare.declaration import validate
    from evalhub.features.experiments.judged.declared import JudgedScoresRequest

    rows = [row.as_json() for row in _read_scores(scores)]
    body = validate(JudgedScoresRequest, {"scores": rows})

    def here() -> dict[str, Any]:
        from evalhub.features.experiments.judged.scores import take_scores
        from evalhub.features.experiments.judged.shapes import TakenScoresOut

        row = _one(project, experiment)
        taken = take_scores(experiment=row, scores=body.scores, by=None)
        return TakenScoresOut.from_model(taken).as_json()

    there = post(f"/experiments/{experiment}/scores", body.as_json())
    return Operation(project, here, there, lambda row: Printed(row, lines=_taken_lines(row)))


def _read_scores(path: Path) -> Iterator["JudgedScore"]:
    """Raises evalhub.io.rows.DataError, with the line."""
    from evalhub.declare.declaration import DeclarationError, validate
    from evalhub.features.experiments.judged.declared import JudgedScore
    from evalhub.io.rows import DataError, read_rows

    for row in read_rows(path):
        try:
            yield validate(JudgedScore, dict(row.values))
        except DeclarationError as error:
            raise DataError(
                error.message, file=str(path), line=row.line, field=error.field or None
            ) from error


def _one(project: str, number: int) -> "Experiment":
    from evalhub.accounts.people import project_by_slug
    from evalhub.features.experiments.models import Experiment

    row = Experiment.objects.filter(project=project_by_slug(project), pk=number).first()
    if row is None:
        message = f"{project} has no experiment {number} (evalhub experiment list)"
        raise typer.BadParameter(message, param_hint="EXPERIMENT")
    return row


def _written(row: dict[str, Any], out: Path) -> Printed:
    from evalhub.frames.command.outputs import whole

    with whole(out, option="--out") as file, file.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{json.dumps(each, ensure_ascii=False)}\n" for each in row["answers"])
    count = count_text(len(row["answers"]), "answer")
    printed = [f"Written: {out}, with {count}, equally many of both arms."]
    if row["until"]:
        printed.append(f"Judge them until {row['until']}: a later score counts nowhere.")
    return Printed(
        {"file": str(out), "answers": len(row["answers"]), "until": row["until"]}, lines=printed
    )


def _taken_lines(row: dict[str, Any]) -> list[str]:
    scores = count_text(row["taken"], "score")
    lines = [f"Taken in: {scores}; {row['there_already']:,} were there already."]
    if row["late"]:
        lines.append(f"! Too late to count: {row['late']:,}. A longer feedback_hours waits longer.")
    if row["erased"]:
        lines.append(f"! Their requests aren't stored any more: {row['erased']:,}.")
    return lines
