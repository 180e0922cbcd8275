"""Uploaded files of a project: named by their digest, also in errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from evalhub.declare.declaration import DeclarationError
from evalhub.io.rows import DataError

type Files = Mapping[str, Path]
"""What was uploaded to the project, by sha256:DIGEST."""


def find_upload(files: Files, name: str, field: str) -> Path:
    """The upload of this name. Raises DeclarationError, of `field`, if there is none."""
    try:
        return files[name]
    except KeyError:
        raise DeclarationError("nothing with this digest was uploaded", field) from None


@contextmanager
def errors_by_digest(files: Files, document: Path | None = None) -> Iterator[None]:
    """Errors in this block name an upload by its digest, and the body's field, without a local
    path."""
    try:
        yield
    except DataError as error:
        if document is not None and error.file == str(document):
            raise DeclarationError(error.message, error.field or "") from error
        name = Path(error.file).name
        digest = f"sha256:{name.partition('.')[0]}"
        raise DataError(
            error.message,
            file=digest if digest in files else name,
            line=error.line,
            field=error.field,
        ) from error
