"""`evalhub import`: another tool's log, kept in a project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import (
    FieldPaths,
    IdPath,
    OutputPath,
    RowsPath,
    ScorePaths,
    row_fields,
)
from evalhub.frames.command.verbs import Printed, command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalhub.studies.files.import_logs import ImportedTask


@command
def import_log(
    kind: Annotated[str, typer.Argument(help="The tool that wrote the log: lm-eval, inspect, …")],
    path: Annotated[Path, typer.Argument(help="The log: a file, or the folder of a run.")],
    project: Annotated[str, typer.Option(help="The project's name; created if missing.")],
    test_set: Annotated[
        str | None, typer.Option(help="The test set's name; by default the log's task.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model's name; by default the log's.")
    ] = None,
    model_kind: Annotated[
        str, typer.Option(help="base, prompted, few-shot, retrieval, lora, qlora, full, distilled.")
    ] = "base",
    arm: Annotated[
        str | None, typer.Option(help="The arm to import, from a log of several.")
    ] = None,
    rows: RowsPath = None,
    id_: IdPath = None,
    output: OutputPath = None,
    score: ScorePaths = None,
    field: FieldPaths = None,
) -> Printed:
    """Import another tool's log: test sets, versions, answers and its scores."""
    fields = row_fields(rows, id_, output, score, field).mapping
    from evalhub.cli.space import space
    from evalhub.studies.files.import_logs import ImportRequest, import_log
    from evalhub.studies.web.pairs_upload import complete

    request = ImportRequest(
        arm=arm, test_set=test_set, model=model, model_kind=model_kind, fields=fields
    )
    with space(project) as into:
        tasks = import_log(project=into, by=None, kind=kind, path=path, request=request)
    for task in tasks:
        complete(task.run)
    lines = [line for task in tasks for line in _lines(task)]
    return Printed(
        {"imported": [_as_json(task) for task in tasks]},
        lines=[*lines, "Scores stay sealed until a decision reads them."],
    )


def _as_json(imported: "ImportedTask") -> dict[str, Any]:
    run = imported.run
    return {
        "arm": imported.arm,
        "task": imported.task,
        "model": run.version.model.slug,
        "version": run.version.number,
        "test_set": run.test_set_version.test_set.slug,
        "test_set_version": run.test_set_version.number,
        "items": run.test_set_version.item_count,
        "run": run.pk,
        "metrics": list(imported.metrics),
        "left_out": dict(imported.left_out),
        "disagreeing": list(imported.disagreeing),
    }


def _lines(task: "ImportedTask") -> "Iterator[str]":
    run = task.run
    scores = ", ".join(task.metrics) or "no scores"
    yield (
        f"{run.version} on {run.test_set_version}: {run.test_set_version.item_count:,} items, "
        f"{scores} (run {run.pk})"
    )
    for name, why in task.left_out.items():
        yield f"  left out: {name}: {why}"
    for name in task.disagreeing:
        yield f"  {name}: the log's own figure isn't the mean of the scores in it; find out why"
