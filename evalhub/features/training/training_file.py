"""What is known of the file that a version was trained on, for the version's page."""

from dataclasses import dataclass

from evalhub.ledger.models import DataSignOff
from evalhub.registry.data_reports import newest_reports, trained_on
from evalhub.registry.models import ModelVersion, StoredDataReport


@dataclass(frozen=True, slots=True)
class TrainingFile:
    """A training file: its newest report, and the newest sign-off of that; None: there is none."""

    sha256: str
    report: StoredDataReport | None
    signed: DataSignOff | None


def training_file(version: ModelVersion) -> TrainingFile | None:
    """The version's file; None where nobody says which it was. Three queries at most."""
    sha256 = trained_on(version)
    if sha256 is None:
        return None
    report = newest_reports(version.model.project, [sha256]).get(sha256)
    signed = None if report is None else report.sign_offs.select_related("by").first()
    return TrainingFile(sha256, report, signed)
