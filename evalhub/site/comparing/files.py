"""Files of a comparison: stored by digest from one submission of the form to the next."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from evalhub.accounts.models import User
from evalhub.io.limits import WEB
from evalhub.io.rows import DataError
from evalhub.registry.uploads import UploadError, Uploads
from evalhub.studies.files.file_preview import FilePreview, glance

SLOTS = {
    "items": "Test set",
    "baseline": "The baseline’s answers",
    "candidate": "The candidate’s answers",
}
BASE_WORDS = ("base", "before", "old", "current", "prod", "untuned")
TUNED_WORDS = ("cand", "lora", "tuned", "new", "after", "sft", "dpo", "ft")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """An upload in its place; `name` is what its sender called it."""

    slot: str
    digest: str
    name: str
    path: Path
    glance: FilePreview

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size


def keep(file: "UploadedFile[Any]", uploads: Uploads, *, by: User) -> tuple[str, FilePreview]:
    """Stores an upload and reads its first rows. An unreadable file isn't stored.

    Raises DataError, naming the file as its sender did, and NotAllowedError.
    """
    name = Path(file.name or "file").name
    if (file.size or 0) > (most := WEB.bytes or 0):
        raise DataError(f"has {file.size:,} bytes, and at most {most:,} are taken here", file=name)
    sha256 = hashlib.sha256()
    for chunk in file.chunks():
        sha256.update(chunk)
    file.seek(0)
    digest = f"sha256:{sha256.hexdigest()}"
    was_stored = digest in uploads
    try:
        uploads.append(name=digest, stream=file, offset=0, complete=True, by=by)
        return digest, glance(uploads[digest])
    except DataError as error:
        if not was_stored:
            uploads.drop(digest)
        raise DataError(error.message, file=name, line=error.line, field=error.field) from error
    except UploadError as error:
        raise DataError(str(error), file=name) from error


def choose_slot(name: str, seen: FilePreview, occupied: set[str]) -> str:
    """Chooses one of the SLOTS for a file that was dropped without one: by its content, then by its
    name, then in the order of the slots. "" if all are occupied."""
    free = [each for each in SLOTS if each not in occupied]
    if seen.asks and "items" in free:
        return "items"
    small = name.lower()
    arms = [each for each in free if each != "items"]
    if "baseline" in arms and any(word in small for word in BASE_WORDS):
        return "baseline"
    if "candidate" in arms and any(word in small for word in TUNED_WORDS):
        return "candidate"
    return next(iter(arms), "")
