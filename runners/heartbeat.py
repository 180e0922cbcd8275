"""A worker's sign of life: a file that it holds, for this machine, and a row, for all others.

The file is the worker's own: that the database or the queue is away doesn't make it old, and
`evalhub worker --check` reads nothing else. A worker that is killed lets go of it.
"""

import fcntl
import os
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from evalhub.io.private import make_private_folder
from runners.models import ALIVE, Worker
from runners.outages import DATABASE_AWAY
from runners.timer import every

BEAT_S = 5.0
"""How often a worker gives a sign of life."""


@dataclass(frozen=True, slots=True)
class WorkerHere:
    """A worker process of this machine and home.

    Attributes:
        pid: of its process.
        silent_s: seconds since its last sign of life.
    """

    pid: int
    silent_s: float

    @property
    def works(self) -> bool:
        """Whether the worker has beaten lately."""
        return self.silent_s < ALIVE.total_seconds()


@contextmanager
def heartbeat(*, kinds: Collection[str], threads: int, works: Callable[[], bool]) -> Iterator[None]:
    """Gives signs of life of this worker every BEAT_S seconds while the block runs, as long as
    `works` says that it does what it is for.

    At the end the file and the row are taken away.
    """
    sign = _Sign(list(kinds), threads, works)
    try:
        with every(BEAT_S, sign.touch_file), every(BEAT_S, sign.write_row):
            yield
    finally:
        sign.end()


def workers_here() -> list[WorkerHere]:
    """The worker processes of this machine and home that hold their files: those that live."""
    now = time.time()
    workers = []
    for path in sorted(_folder().glob(f"{socket.gethostname()}.*")):
        with suppress(FileNotFoundError), path.open() as file:  # gone meanwhile
            if not _is_free(file.fileno()):
                pid = int(path.suffix[1:])
                workers.append(WorkerHere(pid, now - os.fstat(file.fileno()).st_mtime))
    return workers


class _Sign:
    def __init__(self, kinds: list[str], threads: int, works: Callable[[], bool]) -> None:
        self._kinds, self._threads, self._works = kinds, threads, works
        self._row: int | None = None
        folder = _folder()
        with suppress(FileExistsError):
            make_private_folder(folder)
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._path = folder / f"{self._host}.{self._pid}"
        _remove_free(folder, self._host)
        self._file = _lock_file(self._path)

    def touch_file(self) -> None:
        if self._works():
            os.utime(self._file)

    def write_row(self) -> None:
        """Write the worker's row; a new one where it was deleted meanwhile (the machine slept)."""
        if not self._works():
            return
        if self._row and Worker.objects.filter(pk=self._row).update(seen=Now()):
            return
        Worker.objects.forgotten().delete()
        self._row = Worker.objects.create(
            host=self._host[:255], pid=self._pid, kinds=self._kinds, threads=self._threads
        ).pk

    def end(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._file)
        if self._row is not None:
            with suppress(*DATABASE_AWAY):  # it is forgotten by itself
                Worker.objects.filter(pk=self._row).delete()


def _lock_file(path: Path) -> int:
    """The file, made and locked. Another worker that begins may take it away in between."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.fstat(file).st_ino == path.stat().st_ino:
                return file
        os.close(file)


def _folder() -> Path:
    return Path(settings.HOME) / "workers"


def _is_free(file: int) -> bool:
    """Whether no process holds the file."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_free(folder: Path, host: str) -> None:
    """Takes away the files that killed workers of this machine have left."""
    for path in folder.glob(f"{host}.*"):
        with suppress(FileNotFoundError), path.open() as file:
            if _is_free(file.fileno()):
                path.unlink()
