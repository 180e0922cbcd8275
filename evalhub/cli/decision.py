"""`evalhub decision`: recompute a record from itself alone, and sign a decision off."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.cli.signatures import UNSIGNED, keygen, signature_of, write_signed
from evalhub.frames.command.exits import BAD_DATA
from evalhub.frames.command.home import at_home
from evalhub.frames.command.verbs import Printed, command, file_command, user_by_option

if TYPE_CHECKING:
    from evalhub.decision.inconsistent import Discrepancy
    from evalhub.decision.verify import RowCheck, Verification
    from evalhub.declare.declaration import DeclarationError
    from evalhub.io.json_values import JsonError
    from evalhub.io.rows import DataError

app = typer.Typer(no_args_is_help=True, help="Decisions: verdicts and what they rest on.")


@app.callback()
def decision() -> None:
    """Decisions: verdicts and what they rest on."""


def _sha256(value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise typer.BadParameter(f"{value!r} isn't a SHA-256: 64 hexadecimal digits")
    return value


@app.command()
@file_command
def verify(
    file: Annotated[Path, typer.Argument(help="A decision record: JSON, as --json prints it.")],
    digest: Annotated[
        str | None,
        typer.Option(help="SHA-256 that the record must have.", callback=_sha256),
    ] = None,
    content: Annotated[
        str | None,
        typer.Option(help="SHA-256 that its content must have.", callback=_sha256),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(help="A home whose rows are compared with the record's."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="A public key in PEM; its private key must have signed the record."),
    ] = None,
) -> Printed:
    """Recompute a decision's verdict from its record alone. Exit code 65 if it differs."""
    from dataclasses import replace

    document, verification = read_decision(file, digest=digest, content=content)
    if key is not None:
        verification = replace(verification, signature=signature_of(document, key))
    if home is not None:
        verification = replace(verification, rows=_rows(document, home))
    unsigned = verification.signature not in (None, "signed")
    lines, notes = [], []
    if unsigned:
        notes.append(f"evalhub: {file}: {UNSIGNED[str(verification.signature)]}")
    elif not verification.differences:
        lines += [_success_text(each) for each in (verification, *verification.others)]
    lines += [_row(row) for row in verification.rows or []]
    if verification.differences:
        differing = "".join(f"\n  {_line(each)}" for each in verification.differences)
        notes.append(
            f"evalhub: {file}: not verified, the numbers give {verification.verdict}{differing}"
            f"{_by_other_code(verification)}"
        )
    code = 0 if verification.verified else BAD_DATA
    return Printed(verification, lines=lines, note="\n".join(notes), code=code)


app.command()(keygen)


@app.command()
def attest(
    file: Annotated[Path, typer.Argument(help="A decision record: JSON, as --json prints it.")],
    key: Annotated[Path, typer.Option(help="The private key, as `decision keygen` wrote it.")],
    out: Annotated[Path, typer.Option(help="File for the signed document: FILE.json")],
) -> int:
    """Sign a decision's document with a private key. The record must verify."""
    document, verification = read_decision(file)
    if not verification.verified:
        lines = "".join(f"\n  {_line(each)}" for each in verification.differences)
        typer.echo(f"evalhub: {file}: not signed, since it doesn't verify{lines}", err=True)
        return BAD_DATA
    write_signed(document, key=key, out=out, inputs=[file, key])
    return 0


@app.command()
@at_home
@command
def sign(
    decision: Annotated[int, typer.Argument(help="The decision's number, as its page shows it.")],
    by: Annotated[str, typer.Option(help="The signer's user name.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    override: Annotated[
        str | None,
        typer.Option(help="Another verdict: ship, hold, need-more-data or invalid."),
    ] = None,
) -> Printed:
    """Sign a decision off, or override it: a new record beside it, with a reason."""
    from evalhub.ledger.models import Decision
    from evalhub.ledger.signoff import sign_off
    from evalhub.ledger.staleness import changes_since

    row = Decision.objects.select_related("study__project").filter(pk=decision).first()
    if row is None:
        raise typer.BadParameter(f"there is no decision {decision}", param_hint="DECISION")
    person = user_by_option(by)
    for change in changes_since(row):
        typer.echo(f"? Changed since it was decided: {change.sentence}.", err=True)
    signed = sign_off(decision=row, by=person, reason=reason, verdict=override)
    lines = [
        f"{signed.get_action_display()}: {row} → {signed.verdict}, by {person}",
        f"  {signed.reason}",
        f"  SHA-256 {signed.digest}",
    ]
    return Printed(signed.record, lines=lines)


def read_decision(
    file: Path, *, digest: str | None = None, content: str | None = None
) -> "tuple[dict[str, Any], Verification]":
    """A decision's document, and the result of judging it again.

    Raises:
        evalhub.io.rows.DataError: it can't be read, or is no decision.
    """
    from evalhub.decision.verify import verify
    from evalhub.declare.declaration import DeclarationError
    from evalhub.io.json_values import JsonError, parse_json
    from evalhub.io.rows import DataError

    try:
        document = parse_json(file.read_text(encoding="utf-8-sig"))
        return document, verify(document, digest=digest, content=content)
    except FileNotFoundError as error:
        raise DataError("no such file", file=str(file)) from error
    except OSError as error:
        raise DataError(f"can't be read: {error.strerror}", file=str(file)) from error
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8; save the file as UTF-8", file=str(file)) from error
    except (JsonError, DeclarationError) as error:
        raise _locate(error, file) from error


def _rows(document: dict[str, Any], home: Path) -> "list[RowCheck]":
    """Compares this home's rows with those of the record, and of a study's other arms, each
    once."""
    from evalhub.frames.command.home import use_home
    from evalhub.frames.command.setup import set_up_database

    if not home.is_dir():
        raise typer.BadParameter(f"there is no home {home}", param_hint="--home")
    use_home(home)
    set_up_database()
    from evalhub.decision.document import PrintedDecision
    from evalhub.declare.declaration import validate
    from evalhub.ledger.verification import rows_at_home

    record = validate(PrintedDecision, document)
    return [row for each in (record, *record.others) for row in rows_at_home(each)]


def _row(row: "RowCheck") -> str:
    marks = {"matches": "✓", "redacted": "✓", "differs": "✗", "not there": "–", "other code": "–"}
    mark = marks[row.state]
    where = f" on {row.test_set}" if row.test_set else ""
    return f"  {mark} {row.candidate}: {row.what}{where}: {row.state}"


def _locate(error: "JsonError | DeclarationError", file: Path) -> "DataError":
    """The same error with its file, and with its line if the JSON is malformed."""
    from evalhub.io.rows import DataError

    if isinstance(cause := error.__cause__, json.JSONDecodeError):
        message = f"malformed JSON at column {cause.colno}: {cause.msg}"
        return DataError(message, file=str(file), line=cause.lineno)
    return DataError(error.message, file=str(file), field=error.field or None)


def _success_text(verification: "Verification") -> str:
    text = (
        f"verified: {verification.verdict}\n  {verification.headline}\n"
        f"  SHA-256 {verification.digest}\n"
        f"  SHA-256 of its content {verification.content}"
    )
    return text + _by_other_code(verification)


def _by_other_code(verification: "Verification") -> str:
    """What it means that Evalhub's code has changed since; "" if it hasn't."""
    if verification.same_code:
        return ""
    text = f"\n  Evalhub {verification.version} decided it, by other sources than these: "
    if not verification.differences:
        return text + "by both the same follows from its numbers"
    if verification.as_kept is False:
        return text + "nor is it the record with this SHA-256"
    if verification.as_kept:
        return text + "the record is the one with this SHA-256, so the rule has changed since"
    return (
        text + "if its SHA-256 is the one that you kept, the rule has changed, and not the record"
    )


def _line(difference: "Discrepancy") -> str:
    from evalhub.decision.inconsistent import FOLLOWS, MISSING

    actual, right = (
        json.dumps(value, ensure_ascii=False)
        for value in (difference.recorded, difference.expected)
    )
    if difference.rule == MISSING:
        return f"{difference.field} is missing: {difference.rule}"
    if difference.rule == FOLLOWS or difference.expected is not None:
        return f"{difference.field} is {actual} and should be {right}: {difference.rule}"
    return f"{difference.field} is {actual}: {difference.rule}"
