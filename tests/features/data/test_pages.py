"""Pages of training data: the list, one report, its signing, and a file that is uploaded."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Membership, Project, Role
from evalhub.features.data.uploaded_check import check_upload
from evalhub.io.rows import DataError
from evalhub.jobs.models import Job
from evalhub.jobs.replay import work
from evalhub.ledger.data_signoff import sign_report
from evalhub.ledger.models import DataSignOff
from evalhub.registry.models import StoredDataReport
from tests.cast import Team, a_test_set, a_version
from tests.features.data.files import a_training_file
from tests.features.data.reports import FILE, a_kept_report
from tests.tampering import rewritten

pytestmark = pytest.mark.django_db
LIST, CHECK = "/data/", "/data/check/"


def page_of(client: Client, report: StoredDataReport) -> str:
    return client.get(reverse("site:data_report", args=[report.pk])).text


def test_the_list_names_each_file_its_findings_and_who_signed(eva: Client, team: Team) -> None:
    assert "No training file was checked yet" in eva.get(LIST).text
    report = a_kept_report(team, ("serious", "minor"))
    sign_report(report=report, by=team.olga, verdict="rejected", reason="A key.")
    page = eva.get(LIST).text
    assert "1 serious" in page
    assert "rejected</span> by <strong>olga</strong>" in page


def test_a_report_says_first_what_it_comes_to(eva: Client, team: Team) -> None:
    page = page_of(eva, a_kept_report(team, ("serious", "important", "minor", "minor")))
    assert "1 serious finding, 1 important, 2 minor" in page
    assert "Training on it as it is would likely do harm" in page
    assert "Take the rows out and renew the keys." in page
    assert "the key is sk-…" in page
    assert "3.1% [2.1 to 4.4]" in page
    assert "no list of labels" in page


def test_without_findings_it_says_so(eva: Client, team: Team) -> None:
    page = page_of(eva, a_kept_report(team, ()))
    assert "No finding" in page
    assert "Nothing that was checked speaks against training on it." in page


def test_of_a_hundred_findings_most_are_folded(eva: Client, team: Team) -> None:
    page = page_of(eva, a_kept_report(team, ("important",) * 100))
    before, _, folded = page.partition('<details class="folded">')
    assert before.count('<details class="finding"') == 6
    assert folded.count('<details class="finding"') == 94
    assert "94 more" in folded


def test_nothing_on_it_is_taken_for_markup(eva: Client, team: Team) -> None:
    page = page_of(eva, a_kept_report(team, file="<b>train.jsonl"))
    assert "<b>train" not in page


def test_it_is_signed_with_a_reason(eva: Client, team: Team) -> None:
    report = a_kept_report(team)
    at = reverse("site:sign_data", args=[report.pk])
    page = eva.post(at, {"verdict": "accepted", "reason": "Read it."}, follow=True).text
    assert "Accepted. Your reason is stored with it." in page
    assert "accepted</span> by <strong>eva</strong>" in page
    page = eva.post(at, {"verdict": "accepted", "reason": " "}, follow=True).text
    assert "Not signed: a sign-off says why: give a reason." in page
    assert DataSignOff.objects.count() == 1


def test_who_may_not_accept_serious_findings_is_told_and_can_only_reject(
    eva: Client, olga: Client, team: Team
) -> None:
    report = a_kept_report(team, ("serious",))
    accept = '<option value="accepted">'
    assert accept not in page_of(eva, report)
    assert "only an owner of Support desk accepts it" in page_of(eva, report)
    assert accept in page_of(olga, report)
    at = reverse("site:sign_data", args=[report.pk])
    assert eva.post(at, {"verdict": "accepted", "reason": "Fine."}).status_code == 403


def test_an_older_report_leads_to_the_newer_one(eva: Client, team: Team) -> None:
    older, newer = a_kept_report(team), a_kept_report(team, ("serious",))
    page = page_of(eva, older)
    assert f'<a href="/data/{newer.pk}/">A newer report of this file</a>' in page
    assert "Accept or reject" not in page


def test_a_report_that_was_changed_says_so_and_cannot_be_signed(eva: Client, team: Team) -> None:
    report = a_kept_report(team)
    rewritten(report, report=report.report | {"file": "other.jsonl"})
    page = page_of(eva, report)
    assert f"Data report {report.pk} was changed since it was recorded" in page
    assert "Accept or reject" not in page


def test_it_comes_as_json(eva: Client, team: Team) -> None:
    report = a_kept_report(team)
    answer = eva.get(reverse("site:data_report_file", args=[report.pk]))
    assert answer.json() == report.report


def test_a_version_trained_on_the_file_names_the_report_and_who_signed_it(
    eva: Client, team: Team
) -> None:
    version = a_version(team, "tuned", kind="lora", training={"dataset_sha256": FILE})
    at = reverse("site:version", args=[version.pk])
    assert "Never checked: <code>evalhub data check FILE --project support-desk" in eva.get(at).text
    report = a_kept_report(team, ("important",))
    assert "Nobody has signed it." in eva.get(at).text
    sign_report(report=report, by=team.eva, verdict="accepted", reason="Known gaps.")
    page = eva.get(at).text
    assert f'<a href="/data/{report.pk}/">The report of train.jsonl</a>' in page
    assert "1 important" in page
    assert "accepted</span> by <strong>eva</strong>" in page
    assert "Known gaps." in page
    assert f'<a href="/versions/{version.pk}/">tuned v1</a>' in page_of(eva, report)


def test_a_version_that_names_no_file_shows_nothing_of_one(eva: Client, team: Team) -> None:
    version = a_version(team, "tuned", kind="lora", training={"method": "lora"})
    page = eva.get(reverse("site:version", args=[version.pk])).text
    assert 'id="training-data"' not in page


def test_an_uploaded_file_is_checked_and_its_report_kept(
    eva: Client, team: Team, tmp_path: Path
) -> None:
    a_test_set(team, "triage")
    content = a_training_file(tmp_path, empty=1).read_bytes()
    form = {"project": "support-desk", "task": "style", "labels": ""}
    answer = eva.post(CHECK, form | {"file": SimpleUploadedFile("mine.jsonl", content)})
    row = StoredDataReport.objects.get()
    assert answer.headers["Location"] == reverse("site:data_report", args=[row.pk])
    assert (row.file, row.by, row.serious) == ("mine.jsonl", team.eva, 1)
    assert row.document.options.task == "style"
    assert row.document.test_sets == ("triage v1",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not json\n", "mine.jsonl"),
        (json.dumps({"weather": "fine"}).encode() + b"\n", "mine.jsonl"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_at_its_field(
    eva: Client, team: Team, content: bytes, message: str
) -> None:
    form = {"project": "support-desk", "file": SimpleUploadedFile("mine.jsonl", content)}
    answer = eva.post(CHECK, form)
    assert (answer.status_code, message in answer.text) == (400, True)
    assert "/tmp" not in answer.text
    assert not StoredDataReport.objects.exists()


def test_a_reviewer_sees_no_report(rui: Client, team: Team) -> None:
    pk = a_kept_report(team).pk
    for address in (LIST, CHECK, f"/data/{pk}/", f"/data/{pk}.json"):
        assert rui.get(address).status_code == 403


def test_of_another_project_nothing_is_to_be_seen(team: Team) -> None:
    report = a_kept_report(team)
    elsewhere = Project.objects.create(slug="elsewhere", name="Elsewhere")
    Membership.objects.create(project=elsewhere, user=team.sam, role=Role.OWNER)
    sam = team.signed_in(team.sam)
    assert sam.get(f"/data/{report.pk}/").status_code == 404
    form = {"verdict": "accepted", "reason": "Mine."}
    assert sam.post(f"/data/{report.pk}/sign/", form).status_code == 404
    assert "No training file was checked yet" in sam.get(LIST).text


def test_a_large_file_is_checked_by_a_job_whose_page_leads_to_the_report(
    eva: Client, team: Team, settings: Any, tmp_path: Path
) -> None:
    settings.HOME = tmp_path
    rows = [{"prompt": f"Say {i}", "completion": f"{i} " * 3000} for i in range(100)]
    content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    form = {"project": "support-desk", "file": SimpleUploadedFile("large.jsonl", content)}
    answer = eva.post(CHECK, form)
    job = Job.objects.get()
    assert answer.headers["Location"] == reverse("site:job", args=[job.pk])
    assert job.title == "Check the training file"
    assert not StoredDataReport.objects.exists()
    work(job)
    row = StoredDataReport.objects.get()
    assert (row.file, row.by, row.rows) == ("large.jsonl", team.eva, 100)
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    answer = eva.get(reverse("site:job", args=[job.pk]))
    assert answer.headers["Location"] == reverse("site:data_report", args=[row.pk])


def test_a_file_of_more_rows_than_a_site_takes_is_refused(eva: Client, team: Team) -> None:
    row = json.dumps({"prompt": "a", "completion": "b"}).encode() + b"\n"
    packed = gzip.compress(row * 50_001)
    file = SimpleUploadedFile("many.jsonl.gz", packed)
    with pytest.raises(DataError, match=r"many\.jsonl\.gz.*50,000"):
        check_upload(file, project=team.project, by=team.eva, task=None, labels=[], traffic=False)
    assert not StoredDataReport.objects.exists()
