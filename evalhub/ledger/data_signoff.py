"""A person accepts a training file by its report, or rejects it, in a record of its own."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from evalhub import __version__
from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates, check_owns
from evalhub.declare.data_report import DataSignOffRecord, DataVerdict, SignedReport
from evalhub.io.canonical import digest_of
from evalhub.ledger.chain.append import append
from evalhub.ledger.chain.kept import why_report_not_kept
from evalhub.ledger.models import DataSignOff, DataVerdictChoice
from evalhub.ledger.signoff import SignOffError, SupersededError, stated_reason
from evalhub.registry.models import StoredDataReport


@transaction.atomic
def sign_report(*, report: StoredDataReport, by: User, verdict: str, reason: str) -> DataSignOff:
    """Sign the report of a training file: the file may be trained on ("accepted") or not.

    The report stays as it is. Signing the same again is the sign-off that is there; who changes
    their mind signs anew, and the newest is what holds.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project, or owns
            it not and accepts serious findings.
        evalhub.ledger.signoff.SupersededError: a newer report of the same file is there.
        evalhub.ledger.signoff.SignOffError: no reason, no such verdict, or the report isn't as it
            was kept.
    """
    StoredDataReport.objects.select_for_update().get(pk=report.pk)
    check_evaluates(by, report.project)
    _check_standing(report)
    reason = stated_reason(reason)
    if verdict not in DataVerdictChoice.values:
        known = ", ".join(DataVerdictChoice.values)
        raise SignOffError(f"{verdict!r} isn't what a report is signed as: one of {known}")
    if verdict == DataVerdictChoice.ACCEPTED and report.serious:
        check_owns(by, report.project, "accept training data with serious findings")
    newest = report.sign_offs.first()
    if newest is not None and (newest.by, newest.verdict, newest.reason) == (by, verdict, reason):
        return newest
    now = timezone.now()
    value: DataVerdict = "accepted" if verdict == DataVerdictChoice.ACCEPTED else "rejected"
    record = _record(report, by, value, reason, now).as_json()
    signed = DataSignOff.objects.create(
        report=report,
        by=by,
        reason=reason,
        record=record,
        digest=digest_of(record),
        created=now,
    )
    append(signed)
    note(Action.DATA_SIGNED, by=by, project=report.project, what=f"{report}", verdict=value)
    return signed


def _check_standing(report: StoredDataReport) -> None:
    """Raise an error unless the report is the newest of its file, and intact."""
    same = StoredDataReport.objects.filter(project=report.project, sha256=report.sha256)
    newest = same.newest_first().without_report()[0]
    if newest != report:
        raise SupersededError(
            f"{report} was followed by data report {newest.pk} of the same file: that is the one "
            "to sign"
        )
    if reason := why_report_not_kept(report):
        raise SignOffError(reason)


def _record(
    report: StoredDataReport, by: User, verdict: DataVerdict, reason: str, created: datetime
) -> DataSignOffRecord:
    return DataSignOffRecord(
        schema_="evalhub.data-sign-off/1",
        verdict=verdict,
        reason=reason,
        by=by.pk,
        report=SignedReport(
            id=report.pk,
            digest=report.digest,
            sha256=report.sha256,
            name=report.file,
            project=report.project.slug,
        ),
        version=__version__,
        created=created.isoformat(),
    )
