"""Reports of training files are kept by their content, and found by the content of the file."""

import pytest
from django.db import IntegrityError, connection, transaction

from evalhub.accounts.models import Action, LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.declaration import DeclarationError
from evalhub.io.canonical import digest_of
from evalhub.registry.data_reports import keep_report, newest_reports, trained_on
from evalhub.registry.models import StoredDataReport
from tests.cast import Team, a_test_set, a_version, searched
from tests.features.data.reports import FILE, a_kept_report, a_report

pytestmark = pytest.mark.django_db


def test_the_same_report_again_is_the_row_that_is_there(team: Team) -> None:
    first = keep_report(project=team.project, report=a_report(), by=team.eva)
    again = keep_report(project=team.project, report=a_report(), by=team.olga)
    assert (again, StoredDataReport.objects.count()) == (first, 1)
    assert first.digest == digest_of(a_report().as_json())
    assert first.by == team.eva
    entry = LogEntry.objects.get(action=Action.DATA_CHECKED)
    assert (entry.by, entry.what) == (team.eva, f"data report {first.pk}, train.jsonl")


def test_a_report_comes_back_as_it_was_with_its_findings_counted(team: Team) -> None:
    report = a_report(("serious", "minor", "minor"))
    row = keep_report(project=team.project, report=report, by=None)
    row.refresh_from_db()
    assert row.document == report
    assert (row.serious, row.important, row.minor) == (1, 0, 2)
    assert (row.by, row.rows, row.sha256) == (None, 320, FILE)


def test_a_reviewer_keeps_none(team: Team) -> None:
    with pytest.raises(NotAllowedError):
        keep_report(project=team.project, report=a_report(), by=team.rui)
    assert not StoredDataReport.objects.exists()


@pytest.mark.parametrize("name", ["", "folder/train.jsonl", "x" * 256])
def test_a_file_is_named_without_its_folder(team: Team, name: str) -> None:
    with pytest.raises(DeclarationError, match="without its folder"):
        keep_report(project=team.project, report=a_report(file=name), by=team.eva)


@pytest.mark.parametrize("act", ["UPDATE {} SET file = 'other'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_or_delete_a_report(team: Team, act: str) -> None:
    a_kept_report(team)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act.format("registry_storeddatareport"))


def test_the_newest_report_of_a_file_is_found_by_the_files_content(team: Team) -> None:
    a_kept_report(team, ("serious",))
    newest = a_kept_report(team, ("minor",))
    a_kept_report(team, sha256="b" * 64)
    assert newest_reports(team.project, [FILE]) == {FILE: newest}


def test_a_version_says_which_file_it_was_trained_on_or_a_search_of_it_does(team: Team) -> None:
    stated = a_version(team, "stated", kind="lora", training={"dataset_sha256": FILE})
    silent = a_version(team, "silent", kind="lora", training={"method": "lora"})
    assert (trained_on(stated), trained_on(silent)) == (FILE, None)
    questions = a_test_set(team)
    hashes = searched(1) | {"read": "hashes"}
    for source, settings in (("c" * 64, hashes), ("d" * 64, searched(1))):
        silent.overlaps.create(test_set_version=questions, source=source, rows=1, settings=settings)
    assert trained_on(silent) == "d" * 64
