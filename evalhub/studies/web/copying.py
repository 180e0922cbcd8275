"""Copy a study under another name: its file with its data as uploads, and what can't be copied.

A copy is what somebody on the web may hand in, and no more: a path, an address or a command of this
machine, which an operator's own file named, is none of it and has to be named otherwise first.
"""

import hashlib
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import Any

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.outside import outside_errors
from evalhub.registry.models import Study
from evalhub.registry.slugs import slug_of
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.document import LeftOut, StudyDocument, study_document
from evalhub.studies.file.spec import StudyFile
from evalhub.studies.run.policy_change import with_requirements
from evalhub.studies.web.bundle import with_digests
from evalhub.studies.web.from_web import register_from_web
from evalhub.studies.web.study_data import data_files, leave_out_sealed, study_text

NAME_LENGTH = 190


@dataclass(frozen=True, slots=True)
class StudyCopy:
    """A study as a study file that could be submitted again.

    Attributes:
        document: the file under its new name; `left_out` says what it can't say.
        files: by the names of the files that it names, without their folders, their uploads.
        barred: what it names and nobody may name from the web, a field and a sentence each.
    """

    document: StudyDocument
    files: Mapping[str, str]
    barred: Sequence[LeftOut]

    @property
    def text(self) -> str:
        return study_text(self.document)


class CopyError(ValueError):
    """A study that can't be copied as it is; `left_out` lists the fields, with a sentence each."""

    def __init__(self, left_out: Sequence[LeftOut]) -> None:
        self.left_out = left_out
        super().__init__("; ".join(f"{each.field}: {each.said.rstrip('.')}" for each in left_out))


def copy_of(study: Study, *, by: User | None, aliases: Collection[str]) -> StudyCopy:
    """The study as a user of the site would hand it in, its data stored as uploads.

    Args:
        aliases: the endpoints that an operator made.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    note_export(study.project, by=by, what=f"the data of {study}, to be compared anew")
    document, uploads = study_document(study), Uploads(study.project)
    leave_out_sealed(document)
    document.data = {key: each for key, each in document.data.items() if key != "slug"}
    document.data["name"] = _free_name(study)
    files = {
        PurePosixPath(name).name: keep_lines(lines, uploads, by)
        for name, lines in data_files(document)
    }
    return StudyCopy(document, files, _web_obstacles(document.data, files, uploads, aliases))


def copy_study(
    *,
    study: Study,
    by: User | None,
    aliases: Collection[str],
    name: str | None = None,
    policy: Mapping[str, Any] | None = None,
    demands: Mapping[str, Mapping[str, Any]] | None = None,
    without: Collection[str] = (),
) -> Study:
    """Registers and launches the study under another name, with changes if any are stated.

    Args:
        name: without it the study's own, with "(copy)".
        policy, demands: as `evalhub.studies.run.policy_change.change_policy` has them.
        without: fields that a study file can't say, and that the copy may lack.

    Raises:
        CopyError: it names what nobody may from the web, or lacks a field that isn't in `without`.
        DeclarationError, DataError, LaunchError, NotAllowedError: as `register_from_web`.
    """
    study_copy = copy_of(study, by=by, aliases=aliases)
    lacking = [each for each in study_copy.document.left_out if each.field not in without]
    if study_copy.barred or lacking:
        raise CopyError([*study_copy.barred, *lacking])
    data = with_requirements(study_copy.document.data, policy or {}, demands or {})
    if name is not None:
        data["name"] = name
    if existing := _existing_study(study, data["name"]):
        raise DeclarationError(f"“{existing.name}” is there already: choose another name", "name")
    return register_from_web(
        project=study.project,
        by=by,
        document=with_digests(data, study_copy.files),
        files=Uploads(study.project),
        aliases=aliases,
    )


def keep_lines(lines: Iterable[str], uploads: Uploads, by: User | None) -> str:
    """Stores the lines as an upload, one line in memory at a time. Returns the upload's name."""
    sha256 = hashlib.sha256()
    with tempfile.TemporaryFile() as file:
        for line in lines:
            file.write(content := line.encode())
            sha256.update(content)
        file.seek(0)
        name = f"sha256:{sha256.hexdigest()}"
        uploads.append(name=name, stream=file, offset=0, complete=True, by=by)
    return name


def _web_obstacles(
    data: Mapping[str, Any],
    files: Mapping[str, str],
    uploads: Uploads,
    aliases: Collection[str],
) -> list[LeftOut]:
    """What the file names and a user of the site may not use; else the first error in it."""
    try:
        file = validate(StudyFile, with_digests(deepcopy(data), files))
    except DeclarationError as error:
        return [LeftOut(error.field, error.message)]
    errors = outside_errors(file, uploads, aliases)
    return [LeftOut(".".join(map(str, each.place)), each.message) for each in errors]


def _free_name(study: Study) -> str:
    """The study's name with "(copy)", numbered if that name exists."""
    numbered = (f" {number}" if number > 1 else "" for number in count(1))
    names = (f"{study.name[:NAME_LENGTH]} (copy{number})" for number in numbered)
    return next(each for each in names if not _existing_study(study, each))


def _existing_study(study: Study, name: str) -> Study | None:
    """The project's study that has the slug of a new study of this name."""
    return Study.with_live.filter(project=study.project_id, slug=slug_of(name)).first()
