"""Options that several commands share, and checks of all numbers."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.declare.defaults import MOST_ALPHA
from evalhub.io.numbers import finite_number
from evalhub.stats.levels import ALPHA

if TYPE_CHECKING:
    from evalhub.declare.row_fields import RowFields

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
Of = Annotated[str, typer.Option("--project", help="The project's name.", metavar="P")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", help="Erase without confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would go, and change nothing.")]
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
    typer.Option(metavar="NAME", help="The arm to judge, if not the file's candidate."),
]
RowsPath = Annotated[
    str | None,
    typer.Option(
        "--rows",
        metavar="PATH",
        help="Where a document has its rows: results, runs.samples, [type=match].",
    ),
]
IdPath = Annotated[
    str | None, typer.Option("--id", metavar="PATH", help="Path to the item's id in a row.")
]
OutputPath = Annotated[
    str | None, typer.Option("--output", metavar="PATH", help="Path to the answer in a row.")
]
ScorePaths = Annotated[
    list[str] | None,
    typer.Option(
        "--score",
        metavar="[NAME=]PATH",
        help="Where a row has a score, and its name (score). Repeatable.",
    ),
]
FieldPaths = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="NAME=PATH",
        help="Where a row has another field: input, reference, task, arm, sample, error, …. "
        "Repeatable.",
    ),
]
AcceptPolicyChange = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Accept, as the owner of this home, a policy that holds a ship: one that was eased "
        "after a look at its items, or an alpha above 0.05. Kept with the decision.",
    ),
]
AcceptNewItems = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Say, as the owner of this home, that items are new though they are near-copies of "
        "items looked at, which holds a ship. Kept with the decision.",
    ),
]


def reason_of(accepted: str | None, option: str = "--accept-policy-change") -> str:
    """The option's reason; "" if it isn't used. Raises typer.BadParameter."""
    if accepted is not None and not accepted.strip():
        raise typer.BadParameter("says why: give a reason", param_hint=option)
    return (accepted or "").strip()


def row_fields(
    rows: str | None,
    id_: str | None,
    output: str | None,
    scores: list[str] | None,
    other: list[str] | None,
) -> "RowFields":
    """The RowFields of --rows, --id, --output, --score and --field. Raises typer.BadParameter."""
    from evalhub.declare.declaration import DeclarationError, validate
    from evalhub.declare.row_fields import RowFields

    stated = {"rows": rows, "id": id_, "output": output}
    document: dict[str, Any] = {name: each for name, each in stated.items() if each is not None}
    for option, key, texts in (("--score", "scores", scores), ("--field", "other", other)):
        paths = dict[str, str]()
        for text in texts or ():
            name, path = _split_name(text)
            if name is None and key == "other":
                raise typer.BadParameter(f"{text!r} isn't of the form NAME=PATH", param_hint=option)
            if (name := name or "score") in paths:
                raise typer.BadParameter(f"names {name} twice", param_hint=option)
            paths[name] = path
        document |= {key: paths} if paths else {}
    try:
        return validate(RowFields, document)
    except DeclarationError as error:
        option = error.field.partition(".")[0]
        hint = {"scores": "--score", "other": "--field"}.get(option, f"--{option}")
        raise typer.BadParameter(error.message, param_hint=hint) from error


def _split_name(text: str) -> tuple[str | None, str]:
    """Splits NAME=PATH; a path alone has no name, and a = within brackets belongs to the path."""
    before = text.partition("[")[0]
    name, sign, _ = before.partition("=")
    return (name, text[len(name) + 1 :]) if sign else (None, text)


def with_usable_numbers[R](command: Callable[..., R]) -> Callable[..., R]:
    """The command, refusing numbers that can't be computed with: nan, inf, 1e308."""

    @wraps(command)
    def run(**options: Any) -> R:
        for name, value in options.items():
            for item in value if isinstance(value, list) else [value]:
                try:
                    finite_number(item if isinstance(item, float) else 0)
                except ValueError as error:
                    hint = f"--{name.replace('_', '-')}"
                    raise typer.BadParameter(str(error), param_hint=hint) from error
        return command(**options)

    return run
