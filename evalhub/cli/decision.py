"""`evalhub decision verify`: a decision record, recomputed from itself alone."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.exits import BAD_DATA

if TYPE_CHECKING:
    from evalhub.gate.verify import Difference, Verification

app = typer.Typer(no_args_is_help=True, help="Decisions: verdicts and what they rest on.")


@app.callback()
def decision() -> None:
    """Decisions: verdicts and what they rest on."""


def _sha256(value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise typer.BadParameter(f"{value!r} isn't a SHA-256: 64 hexadecimal digits")
    return value


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A decision record: JSON, as --json prints it.")],
    digest: Annotated[
        str | None,
        typer.Option(help="SHA-256 that the record must have.", callback=_sha256),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Recompute a decision's verdict from its record alone. Exit code 65 where it differs."""
    from evalhub.cli import printing
    from evalhub.gate.verify import verify
    from evalhub.registry.files import DataError, JsonError, parse_json

    try:
        found = verify(parse_json(file.read_text(encoding="utf-8-sig")), digest=digest)
    except OSError as error:
        raise DataError(f"can't be read: {error.strerror}", file=str(file)) from error
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8; save the file as UTF-8", file=str(file)) from error
    except JsonError as error:
        raise DataError(error.message, file=str(file), field=error.field or None) from error
    if json_:
        printing.print_json(found.as_json())
    elif found.verified:
        typer.echo("\n".join(_verified(each) for each in (found, *found.others)))
    else:
        lines = "".join(f"\n  {_line(each)}" for each in found.differences)
        typer.echo(f"evalhub: {file}: not verified, {found.verdict} follows{lines}", err=True)
    return 0 if found.verified else BAD_DATA


def _verified(found: "Verification") -> str:
    return f"verified: {found.verdict}\n  {found.headline}\n  SHA-256 {found.digest}"


def _line(difference: "Difference") -> str:
    said = json.dumps(difference.recorded, ensure_ascii=False)
    right = json.dumps(difference.expected, ensure_ascii=False)
    return f"{difference.field} is {said}: {difference.rule} ({right})"
