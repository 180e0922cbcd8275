"""A person accepts a training file by its report, or rejects it, in the chain of the ledger."""

import pytest
from django.db import IntegrityError, connection, transaction

from evalhub.accounts.permissions import NotAllowedError
from evalhub.io.canonical import digest_of
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.data_signoff import sign_report
from evalhub.ledger.models import DataSignOff, Ledger, LedgerLink
from evalhub.ledger.signoff import SignOffError, SupersededError
from tests.cast import Team
from tests.features.data.reports import FILE, a_kept_report
from tests.tampering import rewritten

pytestmark = pytest.mark.django_db


def test_a_sign_off_is_a_record_that_names_the_report_by_its_digest(team: Team) -> None:
    report = a_kept_report(team)
    signed = sign_report(report=report, by=team.eva, verdict="accepted", reason=" Read it. ")
    record = signed.record
    assert (signed.verdict, signed.reason) == ("accepted", "Read it.")
    assert record["schema"] == "evalhub.data-sign-off/1"
    assert record["report"] == {
        "id": report.pk,
        "digest": report.digest,
        "sha256": FILE,
        "name": "train.jsonl",
        "project": "support-desk",
    }
    assert (record["by"], signed.digest) == (team.eva.pk, digest_of(record))


def test_it_is_a_link_of_the_ledgers_chain_which_holds(team: Team) -> None:
    signed = sign_report(report=a_kept_report(team), by=team.eva, verdict="rejected", reason="No.")
    assert list(LedgerLink.objects.values_list("kind", "row")) == [("data-sign", signed.pk)]
    assert Ledger.objects.get().links == 1
    assert chain_faults() == []


def test_serious_findings_are_accepted_by_an_owner_alone(team: Team) -> None:
    report = a_kept_report(team, ("serious",))
    with pytest.raises(NotAllowedError, match="Only an owner of support-desk can accept training"):
        sign_report(report=report, by=team.eva, verdict="accepted", reason="Fine.")
    assert sign_report(report=report, by=team.eva, verdict="rejected", reason="A key.")
    signed = sign_report(report=report, by=team.olga, verdict="accepted", reason="A test key.")
    assert report.sign_offs.first() == signed


def test_signing_the_same_again_is_the_sign_off_that_is_there(team: Team) -> None:
    report = a_kept_report(team)
    first = sign_report(report=report, by=team.eva, verdict="accepted", reason="Yes.")
    assert sign_report(report=report, by=team.eva, verdict="accepted", reason="Yes.") == first
    sign_report(report=report, by=team.eva, verdict="rejected", reason="No.")
    sign_report(report=report, by=team.eva, verdict="accepted", reason="Yes.")
    assert [each.verdict for each in report.sign_offs.all()] == [
        "accepted",
        "rejected",
        "accepted",
    ]


@pytest.mark.parametrize(
    ("verdict", "reason", "message"),
    [("accepted", "  ", "give a reason"), ("fine", "Yes.", "one of accepted, rejected")],
)
def test_what_cannot_be_signed_is_refused(
    team: Team, verdict: str, reason: str, message: str
) -> None:
    with pytest.raises(SignOffError, match=message):
        sign_report(report=a_kept_report(team), by=team.eva, verdict=verdict, reason=reason)
    assert not DataSignOff.objects.exists()


def test_a_newer_report_of_the_file_is_the_one_to_sign(team: Team) -> None:
    older, newer = a_kept_report(team), a_kept_report(team, ("serious",))
    with pytest.raises(SupersededError, match=f"followed by data report {newer.pk}"):
        sign_report(report=older, by=team.olga, verdict="accepted", reason="Yes.")


def test_a_report_that_was_changed_is_told_and_signed_by_nobody(team: Team) -> None:
    report = a_kept_report(team)
    sign_report(report=report, by=team.eva, verdict="accepted", reason="Yes.")
    rewritten(report, report=report.report | {"file": "other.jsonl"})
    report.refresh_from_db()
    assert chain_faults() == [
        f"Data report {report.pk} says other than what was recorded: its SHA-256 is another."
    ]
    with pytest.raises(SignOffError, match=f"data report {report.pk} was changed since"):
        sign_report(report=report, by=team.eva, verdict="rejected", reason="No.")


def test_a_sign_off_that_was_changed_is_told_and_none_is_added(team: Team) -> None:
    report = a_kept_report(team)
    signed = sign_report(report=report, by=team.eva, verdict="rejected", reason="No.")
    record = signed.record | {"verdict": "accepted"}
    rewritten(signed, record=record, digest=digest_of(record))
    assert chain_faults() == [
        f"Data sign-off {signed.pk} isn't as it was recorded, or what came before it isn't.",
    ]
    with pytest.raises(SignOffError, match=f"data sign-off {signed.pk} was changed since"):
        sign_report(report=report, by=team.eva, verdict="rejected", reason="Still no.")


def test_a_sign_off_moved_to_another_report_is_told(team: Team) -> None:
    report, other = a_kept_report(team), a_kept_report(team, sha256="b" * 64)
    signed = sign_report(report=report, by=team.eva, verdict="accepted", reason="Yes.")
    rewritten(signed, report=other)
    faults = chain_faults()
    assert f"Data sign-off {signed.pk} is of another report than the one it stands beside." in (
        faults
    )


def test_the_database_refuses_to_change_a_sign_off(team: Team) -> None:
    sign_report(report=a_kept_report(team), by=team.eva, verdict="accepted", reason="Yes.")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_datasignoff SET reason = 'other'")
