"""Whether an error means that a disk is full: of a file, of SQLite or of PostgreSQL."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""No space left, a quota used up, a file larger than this process may write."""
SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_SHMSIZE = 13, 778, 4874
"""SQLite's codes (sqlite.org/rescode.html). A quota or a limit of a file's size, and a file beside
the database that can't grow, are input and output errors to it."""
POSTGRESQL_DISK_FULL = "53100"


def is_full_disk(error: BaseException) -> bool:
    """Whether it, or what it was raised for, says so."""
    return any(_says_so(cause) for cause in _chain(error))


def full_path(error: BaseException) -> str:
    """The path that couldn't be written, where an error of the chain names it; else ""."""
    names = (cause.filename for cause in _chain(error) if isinstance(cause, OSError))
    return next((str(name) for name in names if isinstance(name, str | bytes) and name), "")


@contextmanager
def whole_or_gone(*paths: Path) -> Iterator[None]:
    """New files that the block writes: where that fails they are taken away, and the error names
    the first. Raises OSError."""
    try:
        yield
    except OSError as error:
        for path in paths:
            path.unlink(missing_ok=True)
        error.filename = error.filename or str(paths[0])
        raise


@contextmanager
def folder_whole_or_gone(folder: Path) -> Iterator[None]:
    """A folder, new or empty, that the block fills: where that fails it is as it was before.
    Raises whatever the block does."""
    is_new = not folder.exists()
    try:
        yield
    except BaseException:
        for path in list(folder.iterdir()) if folder.exists() else []:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if is_new and folder.exists():
            folder.rmdir()
        raise


def _says_so(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in FULL_ERRNOS:
        return True
    sqlite = getattr(error, "sqlite_errorcode", 0)
    if sqlite & 0xFF == SQLITE_FULL or sqlite in (SQLITE_IOERR_WRITE, SQLITE_IOERR_SHMSIZE):
        return True
    return getattr(error, "sqlstate", None) == POSTGRESQL_DISK_FULL


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
