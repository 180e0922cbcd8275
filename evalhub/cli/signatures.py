"""Keys for `evalhub decision keygen`, `attest` and `verify --key`."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalhub.io.rows import DataError

UNSIGNED = {
    "changed": "it was changed since it was signed, or the signature is not of this document",
    "another-key": "it is signed, but not with this key",
    "unsigned": "nobody has signed it",
}


def keygen(
    file: Annotated[
        Path, typer.Argument(help="File for the private key; FILE.pub gets the public one.")
    ],
) -> None:
    """Create a key pair to sign decisions: FILE is private, FILE.pub is for those who verify."""
    from evalhub.decision.signature import key_digest, new_key, public_key
    from evalhub.io.full_disk import whole_or_gone

    private, public = new_key()
    beside = file.with_name(f"{file.name}.pub")
    for path in (file, beside):
        if path.exists():
            raise _wrong("is there already: a key never replaces a file", path)
    for path, mode, text in ((file, 0o600, private), (beside, 0o644, public)):
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        except OSError as error:
            raise _wrong(f"can't be written: {error.strerror}", path) from error
        with whole_or_gone(path, file), os.fdopen(descriptor, "wb") as target:
            target.write(text)
    typer.echo(f"{file} is yours alone; give away {beside}\n  {key_digest(public_key(public))}")


def signature_of(document: Mapping[str, Any], key: Path) -> str:
    """Checks the document's signature with the public key in this file."""
    from evalhub.decision.signature import KeyFileError, check_signature, public_key

    try:
        return check_signature(document, public_key(_read(key))).value
    except KeyFileError as error:
        raise _wrong(str(error), key) from error


def write_signed(
    document: Mapping[str, Any], *, key: Path, out: Path, inputs: Iterable[Path]
) -> None:
    """Writes the document with a signature by the private key in this file."""
    from evalhub.decision.signature import KeyFileError, key_digest, private_key, sign
    from evalhub.frames.command.outputs import check_output, write_json

    check_output(out, option="--out", inputs=inputs)
    try:
        signing_key = private_key(_read(key))
    except KeyFileError as error:
        raise _wrong(str(error), key) from error
    write_json(out, sign(document, signing_key), option="--out")
    typer.echo(f"signed by {key_digest(signing_key.public_key())}: {out}")


def _read(key: Path) -> bytes:
    try:
        with key.open("rb") as file:
            return file.read(64 * 1024)
    except OSError as error:
        raise _wrong(f"can't be read: {error.strerror}", key) from error


def _wrong(message: str, file: Path) -> "DataError":
    from evalhub.io.rows import DataError

    return DataError(message, file=str(file))
