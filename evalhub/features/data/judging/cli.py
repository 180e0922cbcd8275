"""`evalhub data judge` asks a judge whether a training file's answers are right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.verbs import Printed

if TYPE_CHECKING:
    from evalhub.accounts.models import Project

SAMPLED = 500


def judge(
    train: Annotated[Path, typer.Argument(help="The training file.")],
    project: "Project",
    by: Annotated[str, typer.Option(help="The version to ask: MODEL@NUMBER, MODEL: its newest.")],
    out: Annotated[Path, typer.Option(help="The file of verdicts, a JSON line a row.")],
    rows: Annotated[int, typer.Option(min=1, help="Rows at random to ask about.")] = SAMPLED,
    seed: Annotated[int, typer.Option(help="Of the random rows.")] = 0,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A host that the key may be sent to. Repeatable."),
    ] = None,
) -> Printed:
    """Ask a judge whether answers of a training file are right, for `data check --judged`. Running
    it again asks for what is missing. Ends with 69 where some rows got no answer."""
    from dataclasses import asdict

    from evalhub.declare.declaration import validate
    from evalhub.declare.keys import Reach
    from evalhub.features.data.judging.row_judge import judge_rows
    from evalhub.features.data.rows.reading import read_training_rows
    from evalhub.frames.command import printing
    from evalhub.frames.command.exits import UNREACHABLE
    from evalhub.frames.command.figures import count_text
    from evalhub.frames.command.progress import Bars
    from evalhub.registry.version_names import version_by_name
    from runners.judged_metrics import model

    version = version_by_name(project, by)
    reach = validate(Reach, {"operator": True, "hosts": allow or []}, at="--allow")
    with Bars(printing.terminal(errors=True)) as bars:
        judged = judge_rows(
            read_training_rows(train),
            model(version, reach),
            out,
            n=rows,
            seed=seed,
            progress=lambda count: bars.show("judge", f"{version} judges", count, rows),
        )
    lines = [f"{out}: {count_text(judged.judged, 'verdict')} of {judged.sampled:,} rows at random"]
    if judged.unanswered:
        lines.append(
            f"{count_text(judged.unanswered, 'row')} got no answer, first: {judged.error}. Run it "
            "again to ask for them."
        )
    code = UNREACHABLE if judged.unanswered else 0
    return Printed({"file": str(out), **asdict(judged)}, lines=lines, code=code)
