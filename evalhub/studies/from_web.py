"""A study file that came by REST: checked as one from outside, and registered for its sender."""

import json
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.files.rows import DataError
from evalhub.registry.models import Study
from evalhub.schemas.declaration import DeclarationError
from evalhub.studies.origin import UploadedStudy
from evalhub.studies.register import register_study
from evalhub.studies.spec import read_study


def register_from_web(
    *,
    project: Project,
    by: User | None,
    document: Mapping[str, Any],
    files: Mapping[str, Path],
    aliases: Collection[str],
) -> Study:
    """Registers and launches what a study file says; the same again changes nothing.

    Args:
        document: the study file as JSON. It may leave out its project, and names no other.
        files: what was uploaded to the project, by sha256:DIGEST.
        aliases: the endpoints that an operator made.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: what is wrong with the document, with its field.
        DataError: what is wrong with an upload, named by its digest, with line and field.
        runners.launch.LaunchError: answers that don't belong to the test set.
    """
    check_evaluates(by, project)
    if document.get("project", project.slug) != project.slug:
        raise DeclarationError(f"this address is for {project}: leave it out", "project")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.json"
        path.write_text(json.dumps({**document, "project": project.slug}), encoding="utf-8")
        try:
            spec = read_study(path, UploadedStudy(files=files, aliases=aliases))
            return register_study(spec)
        except DataError as error:
            raise _told(error, path, files) from error


def _told(error: DataError, document: Path, files: Mapping[str, Path]) -> Exception:
    """The error without a path of this machine: the body's field, or the upload by its digest."""
    if error.file == str(document):
        return DeclarationError(error.message, error.field or "")
    named = {str(files[name]): name for name in files}
    return DataError(
        error.message,
        file=named.get(error.file, Path(error.file).name),
        line=error.line,
        field=error.field,
    )
