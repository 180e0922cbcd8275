"""A study as a file with its data: it can be run elsewhere with the same result."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from evalhub.accounts.models import User
from evalhub.features.exporters.leaving import note_export
from evalhub.registry.documents import document_lines
from evalhub.registry.models import Run, RunMetric, Study
from evalhub.studies.file.document import StudyDocument, study_document
from evalhub.studies.run.record import answer_lines
from evalhub.studies.web.bundle import file_fields

FILE = "study.yaml"
RECORDED = "recorded"
"""The metric whose scores come with the answers: they leave once they are open."""


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


def leave_out_sealed(document: StudyDocument) -> None:
    """Lists the answers whose sealed scores aren't exported."""
    for holder, key, path in list(file_fields(document.data)):
        files = holder[key] if isinstance(holder[key], dict) else {}
        for test_set, name in files.items():
            if has_sealed_scores(run := document.answers[name]):
                message = (
                    f"{run}: the scores that came with its answers are sealed until a decision."
                )
                document.leave_out(".".join((*path, test_set)), message)


def data_files(document: StudyDocument) -> Iterator[tuple[str, Iterator[str]]]:
    """The data files of a study file: their names and lines."""
    for name, rows in document.items.items():
        yield name, rows.lines()
    for name, documents in document.documents.items():
        yield name, document_lines(documents)
    for name, run in document.answers.items():
        yield name, answer_lines(run, scores=not has_sealed_scores(run))


def has_sealed_scores(run: Run) -> bool:
    """Whether the run's answers came with scores that no decision has read yet."""
    recorded = RunMetric.objects.filter(run=run, metric__name=RECORDED)
    return recorded.exists() and recorded.filter(opened=None).exists()


def study_text(document: StudyDocument) -> str:
    """The study file as YAML, with what is left out as comments at the top."""
    header = "".join(f"# Left out. {each}\n" for each in document.left_out)
    text: str = yaml.safe_dump(document.data, sort_keys=False, allow_unicode=True, width=100)
    return header + text


def _write(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        for line in lines:
            file.write(line.encode())
