"""SHA-256 of large files, read once while a file stays as it is: weights are gigabytes.

What was read is kept in the home's folder `digests`, for the next process too: one small file each,
written beside and moved into its place, so that readers and other writers see all of it or nothing.
A file that was changed is another by its size, its times or its inode. One that was changed within
the last seconds may change once more within the same tick of its clock, and isn't kept.
"""

import hashlib
import json
import logging
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from runners.engines.errors import EngineError

SETTLED_S = 2.0
"""Seconds after its last change from which a digest is kept."""

logger = logging.getLogger(__name__)

type _State = tuple[int, ...]
"""Device, inode, size, and the times of its content and of its inode in nanoseconds."""

_digests: dict[tuple[str, _State], str] = {}
_reading = threading.Lock()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content. Raises EngineError where it can't be read."""
    try:
        name = str(path.resolve())
        with _reading:  # who needs the same file waits for it rather than reading it too
            state = _state(path)
            digest = _digests.get((name, state)) or _stored_digest(name, state)
            if digest is None:
                digest, state = _read(path)
                _keep(name, state, digest)
            _digests[name, state] = digest
        return digest
    except OSError as error:
        raise EngineError(f"{path} can't be read: {error.strerror or error}") from error


def _read(path: Path) -> tuple[str, _State]:
    """The digest and the state that it is of: read again where the file changed meanwhile."""
    while True:
        before = _state(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if _state(path) == before:
            return digest, before


def _state(path: Path) -> _State:
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _folder() -> Path | None:
    """Where digests are kept; None without a home."""
    from django.conf import settings  # declarations are read without Django
    from django.core.exceptions import ImproperlyConfigured

    try:
        home = Path(settings.HOME)
    except ImproperlyConfigured:  # a library's call, outside the program
        return None
    return home / "digests" if home.is_dir() else None


def _file_of(folder: Path, name: str) -> Path:
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"


def _stored_digest(name: str, state: _State) -> str | None:
    folder = _folder()
    if folder is None:
        return None
    try:
        entry: Any = json.loads(_file_of(folder, name).read_text(encoding="utf-8"))
        if entry["path"] == name and tuple(entry["state"]) == state:
            return str(entry["sha256"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s isn't a kept digest, and is written anew: %s", folder, error)
    return None


def _keep(name: str, state: _State, digest: str) -> None:
    folder = _folder()
    changed_ns = max(state[-2:])
    if folder is None or time.time_ns() - changed_ns < SETTLED_S * 1e9:
        return
    text = json.dumps({"path": name, "state": state, "sha256": digest})
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=folder)  # its owner's alone
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, _file_of(folder, name))
    except OSError as error:
        logger.warning("the digest of %s can't be kept: %s", name, error)
