"""Options that several commands have, and what holds for the numbers of all."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from evalhub.files.numbers import finite_number
from evalhub.schemas.defaults import MOST_ALPHA
from evalhub.stats.levels import ALPHA

Alpha = Annotated[
    float,
    typer.Option(
        help=f"One-sided level; {ALPHA} goes with a {1 - 2 * ALPHA:.0%} interval.",
        min=1e-9,
        max=MOST_ALPHA,
    ),
]
Port = Annotated[int, typer.Option(help="Port of the site; 0: any free one.", min=0, max=65535)]
PORT = 8000
Processes = Annotated[
    int, typer.Option(help="Processes: as many as cores, at most.", min=1, max=64)
]
Of = Annotated[str, typer.Option("--project", help="The project that it is of.", metavar="P")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST",
        help="A host, or host:port, that the study's keys may be sent to. Repeatable.",
    ),
]
StudyPath = Annotated[Path, typer.Argument(help="The study: STUDY.yaml", metavar="STUDY")]
Candidate = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The arm in question, where another than the file's."),
]
Adapter = Annotated[
    str | None,
    typer.Option(
        metavar="ADAPTER",
        help="The candidate's new adapter: the name by which its server of models knows it; for "
        "the backend hf its folder, or ID@COMMIT of the model hub.",
    ),
]
Answers = Annotated[
    Path | None,
    typer.Option(
        help="The candidate's answers, made elsewhere; {test_set} stands for the test set's name."
    ),
]
BuildOf = Annotated[
    str | None,
    typer.Option(
        help="What gave those answers, such as the SHA-256 of its weights: another build is "
        "another version.",
    ),
]
TrainingRecordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="How the candidate was trained: YAML or JSON, or the folder that TRL, transformers, "
        "Axolotl or LLaMA-Factory wrote.",
    ),
]


def with_usable_numbers[R](command: Callable[..., R]) -> Callable[..., R]:
    """The command, which refuses a number that can't be computed with: nan, inf, 1e308."""

    @wraps(command)
    def run(**options: Any) -> R:
        for name, given in options.items():
            for each in given if isinstance(given, list) else [given]:
                try:
                    finite_number(each if isinstance(each, float) else 0)
                except ValueError as error:
                    hint = f"--{name.replace('_', '-')}"
                    raise typer.BadParameter(str(error), param_hint=hint) from error
        return command(**options)

    return run
