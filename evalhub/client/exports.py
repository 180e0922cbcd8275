"""A site's evidence as files."""

import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from evalhub.client.connection import Connection
from evalhub.client.studies import UndecidedError, study_there


def export_there(
    connection: Connection, what: str, to: BinaryIO, **filters: str | int | None
) -> None:
    """Writes an export of the project into an empty file: `study`, `decision`, `review`, `format`.

    A decision that is named by its study alone is the newest on the candidate in question.

    Raises UndecidedError where the study has none; RefusedError and AwayError as the connection.
    """
    if what != "answers" and filters.get("study") and filters.get("decision") is None:
        filters["decision"] = _newest(connection, str(filters.pop("study")))
    query = {name: value for name, value in filters.items() if value is not None}
    connection.download(f"/exports/{what}?{urlencode(query)}", to)


def export_folder_there(
    connection: Connection, what: str, to: Path, **filters: str | int | None
) -> list[Path]:
    """The same for an export of several files, which are written below the folder `to`."""
    with tempfile.TemporaryFile() as packed:
        export_there(connection, what, packed, **filters)
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(to)
            return [to / name for name in archive.namelist() if not name.endswith("/")]


def _newest(connection: Connection, slug: str) -> int:
    study = study_there(connection, slug)
    if study is None or not study["decisions"]:
        raise UndecidedError(f"nothing is decided in a study {slug!r} at the site")
    return int(study["decisions"][0]["id"])
