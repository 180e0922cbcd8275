"""Files and folders for their owner alone, whatever the umask."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OTHERS = 0o077


def make_private_folder(path: Path) -> None:
    """Makes the folder, and those above it as the umask has it. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700)


def make_private_file(path: Path) -> None:
    """Makes the file, empty; one that is there is left as it is, its rights too.

    SQLite's own files beside a database (`-wal`, `-shm`, `-journal`) take the database's rights.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def open_to_others(folder: Path) -> Iterator[Path]:
    """The folder and what is in it, where somebody else than the owner has any right."""
    for path in (folder, *sorted(folder.rglob("*"))):
        with suppress(FileNotFoundError):  # gone meanwhile
            if path.lstat().st_mode & OTHERS and not path.is_symlink():
                yield path
