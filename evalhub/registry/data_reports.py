"""Reports of training files are kept by their content, and found by the content of the file."""

from collections.abc import Iterable

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.data_report import DataReport
from evalhub.declare.declaration import DeclarationError
from evalhub.io.canonical import digest_of, storable
from evalhub.registry.models import ModelVersion, StoredDataReport

LONGEST_NAME = 255


@transaction.atomic
def keep_report(*, project: Project, report: DataReport, by: User | None) -> StoredDataReport:
    """Store the report of a training file; the same report again is the row that is there.

    Args:
        by: None: the operator of this home.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        evalhub.declare.declaration.DeclarationError: the file's name is no name.
    """
    check_evaluates(by, project)
    if not 0 < len(report.file) <= LONGEST_NAME or "/" in report.file:
        raise DeclarationError(
            f"a file's name without its folder, of 1 to {LONGEST_NAME} characters", "file"
        )
    document, counts = storable(report.as_json()), report.counts
    row, created = StoredDataReport.objects.get_or_create(
        project=project,
        digest=digest_of(document),
        defaults={
            "report": document,
            "sha256": report.sha256,
            "file": report.file,
            "rows": report.rows,
            "by": by,
            "serious": counts["serious"],
            "important": counts["important"],
            "minor": counts["minor"],
        },
    )
    if created:
        row.refresh_from_db(fields=["created"])
        note(Action.DATA_CHECKED, by=by, project=project, what=f"{row}")
    return row


def trained_on(version: ModelVersion) -> str | None:
    """SHA-256 of the file that a version was trained on: as its training record says, else of the
    file that was searched for test items. None: nobody says."""
    stated: str | None = version.training.fields_with_names.fields.dataset_sha256
    if stated is not None:
        return stated
    searches = version.overlaps.order_by("pk").values_list("source", "settings")
    return next((source for source, how in searches if how.get("read") != "hashes"), None)


def newest_reports(project: Project, files: Iterable[str]) -> dict[str, StoredDataReport]:
    """The newest report of each of these files, by the file's SHA-256. One query."""
    rows = StoredDataReport.objects.filter(project=project, sha256__in=set(files))
    return {row.sha256: row for row in rows.without_report().order_by("pk")}
