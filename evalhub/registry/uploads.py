"""Files that programs upload, named by digest and stored for a while: in the home, or in a folder
that a database's sites share.

A study that comes by REST names its files as sha256:DIGEST. What is uploaded in parts is appended
to a file of its own, and becomes the file of its digest once it is whole and what it says it is.
"""

import fcntl
import gzip
import hashlib
import os
import re
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import Protocol

from django.conf import settings

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.io.limits import COMMAND, WEB, Limits
from evalhub.io.private import make_private_folder
from evalhub.io.rows import DataError, read_rows

NAMED = re.compile("sha256:([0-9a-f]{64})")
CHUNK = 1 << 20
LARGEST = 2 * 1024**3
"""Bytes of one file."""
MOST = 20 * 1024**3
"""Bytes of all files of a project."""
KEPT_S = 14 * 24 * 3600
"""How long a file is kept after it was last written or asked for."""
PARTS_KEPT_S = 2 * 24 * 3600

UNPACKED = Limits(
    bytes=LARGEST,
    decoded=LARGEST,
    rows=None,
    line=COMMAND.line,
    cell=COMMAND.cell,
    values=WEB.values,
)
_SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz", ".parquet")


class UploadError(Exception):
    """An upload that can't be taken; the message says what would be right."""


class WrongOffsetError(UploadError):
    """More was sent for another place than the end of what is there, which is at `offset`."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"{offset} bytes are here: go on from there")


class OtherContentError(UploadError):
    """What was uploaded has another digest than it was to have. Nothing of it is kept."""


class TooLargeError(UploadError):
    """The upload is larger than allowed."""


def shared_folder() -> Path:
    """The folder below which uploads lie, and files of forms for jobs. It exists."""
    return Path(settings.UPLOADS or settings.HOME).expanduser().resolve()


def check_shared_folder() -> None:
    """Raises UploadError where nothing can be written there.

    One that is missing isn't made: it is a volume that wasn't mounted, and what is written beside
    it no other site would see.
    """
    folder = shared_folder()
    if not folder.is_dir():
        raise UploadError(f"{folder} is no folder: mount it, or make it")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise UploadError(f"{folder} can't be read and written by this user")


class ByteStream(Protocol):
    """Protocol: a source of bytes."""

    def read(self, size: int, /) -> bytes: ...


class Uploads(Mapping[str, Path]):
    """The uploaded files of a project, by sha256:DIGEST: a mapping, and its verbs."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = shared_folder() / "uploads" / str(project.pk)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._path(name) is not None

    def __getitem__(self, name: str) -> Path:
        """The file of this digest. Raises KeyError."""
        path = self._path(name)
        if path is None:
            raise KeyError(name)
        path.touch()
        return path

    def __iter__(self) -> Iterator[str]:
        return (f"sha256:{name[:64]}" for name in self._names() if not name.endswith(".part"))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def offset(self, name: str) -> int:
        """How many bytes of an unfinished upload are here; 0 where nothing is."""
        with suppress(FileNotFoundError):
            return self._part(name).stat().st_size
        return 0

    def append(
        self, *, name: str, stream: ByteStream, offset: int, complete: bool, by: User | None
    ) -> int:
        """Appends what the stream holds; where that completes the file, checks it. Its size then.

        What arrived stays, also where the stream breaks off, so that the next try goes on there.

        Args:
            name: sha256:DIGEST of the whole file.
            offset: where the stream begins; 0 begins anew.
            complete: whether the file ends where the stream does.

        Raises:
            NotAllowedError: `by` doesn't evaluate in the project.
            WrongOffsetError: it begins elsewhere than at the end of what is here.
            OtherContentError: the whole has another digest; nothing of it is kept.
            TooLargeError: more than is kept of one file, or of the project's.
            UploadError: the same file is being uploaded by somebody else.
        """
        check_evaluates(by, self._project)
        if name in self:
            return self[name].stat().st_size
        with self._lock(name) as part:
            size = part.seek(0, 2)
            if offset == 0:
                size = part.truncate(0)
            if offset != size:
                raise WrongOffsetError(size)
            room = min(LARGEST - size, MOST - self._bytes_used())
            while chunk := stream.read(CHUNK):
                room -= len(chunk)
                if room < 0:
                    raise TooLargeError(
                        f"a file has at most {LARGEST:,} bytes here, and a project's at most "
                        f"{MOST:,} together"
                    )
                part.write(chunk)
                part.flush()
            size = part.tell()
            if complete:
                self._finish(name, part)
        return size

    def drop(self, name: str) -> None:
        """Takes one file away, where it is there."""
        if path := self._path(name):
            path.unlink(missing_ok=True)

    def count_all(self) -> int:
        """How many files there are, unfinished ones too."""
        return len(self._names())

    def drop_all(self) -> int:
        """Deletes all uploads. Returns how many; studies upload again what they need."""
        names = self._names()
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        return len(names)

    def drop_old(self) -> None:
        """Deletes uploads that nobody has used for a long time, and unfinished ones."""
        now = time.time()
        for name in self._names():
            path = self._folder / name
            lasts = PARTS_KEPT_S if name.endswith(".part") else KEPT_S
            with suppress(FileNotFoundError):
                if now - path.stat().st_mtime > lasts:
                    path.unlink()

    def _finish(self, name: str, part: BufferedRandom) -> None:
        part.seek(0)
        digest = hashlib.file_digest(part, "sha256").hexdigest()
        written = self._part(name)
        if digest != _digest(name):
            written.unlink()
            raise OtherContentError(f"what was uploaded is sha256:{digest}, and not {name}")
        part.seek(0)
        whole = written.rename(self._folder / f"{digest}{_suffix(part)}")
        try:
            _check_unpacked(whole, name)
        except BaseException:
            whole.unlink()
            raise

    @contextmanager
    def _lock(self, name: str) -> Iterator[BufferedRandom]:
        for folder in (self._folder.parent, self._folder):
            with suppress(FileExistsError):
                make_private_folder(folder)
        with self._part(name).open("a+b") as part:
            try:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadError("somebody else is uploading this file just now") from None
            yield part

    def _path(self, name: str) -> Path | None:
        match = NAMED.fullmatch(name)
        if match is None:
            return None
        paths = (self._folder / f"{match[1]}{suffix}" for suffix in _SUFFIXES)
        return next((path for path in paths if path.is_file()), None)

    def _part(self, name: str) -> Path:
        return self._folder / f"{_digest(name)}.part"

    def _names(self) -> list[str]:
        try:
            return sorted(path.name for path in self._folder.iterdir())
        except FileNotFoundError:
            return []

    def _bytes_used(self) -> int:
        sizes = 0
        for name in self._names():
            with suppress(FileNotFoundError):
                sizes += (self._folder / name).stat().st_size
        return sizes


def drop_old_uploads() -> None:
    """Takes away, of every project, what has had its time."""
    for project in Project.objects.all():
        Uploads(project).drop_old()


def _digest(name: str) -> str:
    match = NAMED.fullmatch(name)
    if match is None:
        raise UploadError("a file is named sha256: and 64 digits of its SHA-256, in small letters")
    return match[1]


def _check_unpacked(path: Path, name: str) -> None:
    """That it holds no more than a file may have, once it is unpacked. Reads it in bounded memory.

    Raises TooLargeError, or DataError for what can't be unpacked.
    """
    if path.suffix == ".parquet":
        try:
            for _ in read_rows(path, UNPACKED):
                pass
        except DataError as error:
            raise DataError(error.message, file=name, line=error.line, field=error.field) from None
    elif path.suffix == ".gz":
        size = 0
        try:
            with gzip.open(path) as stream:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > LARGEST:
                        raise TooLargeError(f"unpacked it has more than {LARGEST:,} bytes")
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"damaged gzip data: {error}", file=name) from error


def _suffix(file: BufferedRandom) -> str:
    """The suffix of a file of rows, by its first bytes."""
    head = file.read(64)
    if head.startswith(b"PAR1"):
        return ".parquet"
    zipped = head.startswith(b"\x1f\x8b")
    if zipped:
        file.seek(0)
        with suppress(OSError, EOFError, zlib.error):
            head = gzip.GzipFile(fileobj=file, mode="rb").read(64)
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = {b"{": ".jsonl", b"[": ".json"}.get(plain[:1], ".csv")
    return kind + (".gz" if zipped else "")
