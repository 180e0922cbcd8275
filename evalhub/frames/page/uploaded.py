"""Uploaded files of forms, as files with a path."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from evalhub.io.rows import DataError


@contextmanager
def uploaded_path(file: "UploadedFile[Any]") -> Iterator[Path]:
    """An uploaded file under its own name while the block runs; a DataError names it so."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(file.name or "items").name
        with path.open("wb") as written:
            for chunk in file.chunks():
                written.write(chunk)
        with errors_with_file_name(path):
            yield path


@contextmanager
def errors_with_file_name(path: Path) -> Iterator[None]:
    """DataErrors in this block name the file without its folder."""
    try:
        yield
    except DataError as error:
        name = path.name if error.file == str(path) else error.file
        raise DataError(error.message, file=name, line=error.line, field=error.field) from error
