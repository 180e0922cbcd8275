"""A study's file and its data as they may leave the site: sealed scores stay."""

from collections.abc import Iterator

import yaml

from evalhub.registry.documents import document_lines
from evalhub.registry.models import Run, RunMetric
from evalhub.studies.file.document import StudyDocument
from evalhub.studies.run.record import answer_lines
from evalhub.studies.web.bundle import file_fields

RECORDED = "recorded"
"""The metric whose scores come with the answers: they leave once they are open."""


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
