"""A backup: one compressed file of every row, whichever database they stand in.

The first line is the header: the version, and the migrations by which the tables were made. Each
further line is a row, [model, [value, …]]; the last has their number and the SHA-256 of all before.
"""

import gzip
import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

import evalhub
from evalhub.database.rows import OUR_ROW, rows, stored_models

FORMAT = "evalhub-backup/1"
_SNAPSHOT = "snapshot"


class BackupError(Exception):
    """A backup that can't be written; the message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        path: where it is; None where it was written to, or read from, a stream.
        sha256: of the file's bytes, as `sha256sum` prints it.
        rows: how many of each model.
        ledger: once it is restored: the id of the ledger that it held; "" where it held none.
    """

    path: Path | None
    sha256: str
    rows: Counter[str]
    ledger: str = ""


def write_backup(path: Path) -> Backup:
    """Writes all that the database holds to a new file, whole or not at all.

    It is the state of one moment, however much is written meanwhile; writers don't wait for it.

    Raises:
        BackupError: there is such a file, or it can't be written there.
    """
    if path.exists():
        raise BackupError(f"{path} is there already: a backup never replaces a file")
    try:
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    except OSError as error:
        raise BackupError(f"{path} can't be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as raw:
            written = stream_backup(raw)
            raw.flush()
            os.fsync(raw.fileno())
        os.link(part, path)  # fails where somebody else has written there meanwhile
    except FileExistsError as error:
        raise BackupError(f"{path} is there already: a backup never replaces a file") from error
    except OSError as error:
        raise BackupError(f"{path} can't be written: {error.strerror}") from error
    finally:
        os.unlink(part)
    return replace(written, path=path)


def stream_backup(raw: IO[bytes]) -> Backup:
    """Writes all that the database holds to a stream; the last line says that it is whole."""
    output = _Hashed(raw)
    with _snapshot() as alias:
        count = _write(output, alias)
    return Backup(None, output.sha256.hexdigest(), count)


class _Hashed:
    """A stream that is written to another, and the SHA-256 of it."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw, self.sha256 = raw, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        return self._raw.write(data)

    def flush(self) -> None:
        self._raw.flush()


def backup_before_upgrade(folder: Path | None = None) -> Path:
    """A backup named after the moment in that folder, or in the home's folder `backups`.

    Raises BackupError.
    """
    folder = folder or Path(settings.HOME) / "backups"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(f"{folder} can't be made: {error.strerror}") from error
    path = folder / f"before-upgrade-{timezone.now():%Y%m%dT%H%M%S%f}.jsonl.gz"
    write_backup(path)
    return path


def _write(raw: _Hashed, alias: str) -> Counter[str]:
    recorded = MigrationRecorder(connections[alias]).applied_migrations()
    tables = [name for app, name in recorded if app == OUR_ROW]
    applied = sorted(key for key in recorded if key[0] != OUR_ROW)
    header = {
        "format": FORMAT,
        "version": evalhub.__version__,
        "written": timezone.now().isoformat(timespec="seconds"),
        "tables": tables[0] if tables else "",
        "migrations": applied,
    }
    sha256, count = hashlib.sha256(), Counter[str]()
    with gzip.GzipFile(
        fileobj=cast(IO[bytes], raw), mode="wb", filename="", compresslevel=6
    ) as file:

        def line(value: Any) -> None:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            sha256.update(text)
            file.write(text)

        line(header)
        for label, model in stored_models(connections[alias], applied).items():
            for row in rows(model, alias):
                line([label, row])
                count[label] += 1
        line({"rows": count.total(), "sha256": sha256.hexdigest()})
    return count


@contextmanager
def _snapshot() -> Iterator[str]:
    """A connection of its own on which nothing changes while it is open: its alias."""
    config = dict(connection.settings_dict)
    config["OPTIONS"] = dict(config["OPTIONS"])
    if connection.vendor == "sqlite":
        config["OPTIONS"]["transaction_mode"] = "DEFERRED"  # reads, and keeps no writer waiting
    else:
        from psycopg import IsolationLevel

        config["OPTIONS"]["isolation_level"] = IsolationLevel.REPEATABLE_READ
    connections.databases[_SNAPSHOT] = config
    try:
        with transaction.atomic(using=_SNAPSHOT):
            yield _SNAPSHOT
    finally:
        connections[_SNAPSHOT].close()
        del connections[_SNAPSHOT]
        del connections.databases[_SNAPSHOT]
