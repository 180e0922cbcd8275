"""What a decision's record says of the files that its arms were trained on."""

from evalhub.accounts.models import Project
from evalhub.decision.sections.training_data import (
    CheckedFile,
    FileSignature,
    TrainedOnRow,
    TrainingDataSection,
)
from evalhub.ledger.models import DataSignOff
from evalhub.registry.data_reports import newest_reports, trained_on
from evalhub.registry.models import StoredDataReport, StudyArm


def training_data_section(
    project: Project, baseline: StudyArm, arm: StudyArm
) -> TrainingDataSection | None:
    """The section; None where neither arm says which file it was trained on.

    A report is found by the content of its file, so that it may be older than the version or
    newer. Two queries, and one for each fine-tuned arm whose record states no SHA-256.
    """
    arms = [each for each in (baseline, arm) if each.version.fine_tuned]
    files = {each.name: file for each in arms if (file := trained_on(each.version)) is not None}
    if not files:
        return None
    reports = newest_reports(project, files.values())
    return TrainingDataSection(
        trained=tuple(_row(name, file, reports.get(file)) for name, file in files.items())
    )


def _row(arm: str, sha256: str, report: StoredDataReport | None) -> TrainedOnRow:
    if report is None:
        return TrainedOnRow(arm=arm, sha256=sha256, report=None, signed=None)
    signed = report.sign_offs.first()
    return TrainedOnRow(
        arm=arm,
        sha256=sha256,
        report=CheckedFile(id=report.pk, digest=report.digest, name=report.file, **report.counts),
        signed=None if signed is None else _signature(signed),
    )


def _signature(signed: DataSignOff) -> FileSignature:
    return FileSignature(
        verdict=signed.record["verdict"],
        by=signed.by_id,
        digest=signed.digest,
        created=signed.created.isoformat(),
    )
