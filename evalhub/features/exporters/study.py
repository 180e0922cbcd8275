"""A study as a file with its data: it can be run elsewhere with the same result."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.registry.models import Study
from evalhub.studies.file.document import StudyDocument, study_document
from evalhub.studies.web.study_data import data_files, leave_out_sealed, study_text

FILE = "study.yaml"


def export_study(*, study: Study, by: User | None, to: Path) -> StudyDocument:
    """Writes a zip of the study file, its items and recorded answers. Returns the document that was
    written.

    Unpacked, `evalhub study run study.yaml` asks the same of the same answers. Scores that came
    with answers are among them once a decision has opened them.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    note_export(study.project, by=by, what=f"the file of {study} with its data")
    document = study_document(study)
    leave_out_sealed(document)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(FILE, study_text(document))
        for name, lines in data_files(document):
            _write(archive, name, lines)
    return document


def _write(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        for line in lines:
            file.write(line.encode())
