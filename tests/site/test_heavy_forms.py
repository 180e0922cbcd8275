"""Heavy forms: their sender follows a job, and then sees what the form would have shown."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.features.working_sets.models import WorkingSet
from evalhub.jobs import weight
from evalhub.jobs.models import Job, JobState
from evalhub.jobs.queue import drop_old, form_file, report_progress
from evalhub.registry.models import TestSet
from tests.api.sums import rows
from tests.api.test_jobs import work_all
from tests.cast import Team

NEW = reverse("site:new_working_set")


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(weight, "HEAVY_ROWS", 50)
    settings.HOME = tmp_path


def sent(client: Client, count: int, **fields: str) -> Any:
    content = rows(count, input=lambda i: f"{i} + 1?", reference=lambda i: str(i + 1))
    file = SimpleUploadedFile("sums.jsonl", content, "application/x-ndjson")
    form = {"project": "support-desk", "slug": "sums", "purpose": "task", "file": file}
    return client.post(NEW, form | fields)


def job_of(answer: Any) -> Job:
    job = Job.objects.latest("pk")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("site:job", args=[job.pk])
    return job


def test_a_small_form_is_answered_at_once(team: Team) -> None:
    answer = sent(team.signed_in(team.eva), 50)
    made = WorkingSet.objects.get()
    assert answer["Location"] == reverse("site:working_set", args=[made.pk])
    assert not Job.objects.exists()


def test_a_heavy_form_leads_by_its_job_to_where_it_would_have_led(team: Team) -> None:
    eva = team.signed_in(team.eva)
    job = job_of(sent(eva, 51))
    page = eva.get(reverse("site:job", args=[job.pk]))
    assert page.status_code == 200
    assert "It begins in a moment" in page.text
    assert '<meta http-equiv="refresh"' in page.text
    work_all()
    made = WorkingSet.objects.get()
    assert made.items.count() == 51
    assert made.by == team.eva
    ended = eva.get(reverse("site:job", args=[job.pk]))
    assert ended["Location"] == reverse("site:working_set", args=[made.pk])


def test_the_same_form_again_is_the_same_job(team: Team) -> None:
    eva = team.signed_in(team.eva)
    assert job_of(sent(eva, 51)) == job_of(sent(eva, 51))
    assert len(list(form_file(Job.objects.get().sent["files"][0]["path"]).parent.iterdir())) == 1


def test_a_form_sent_to_one_site_is_worked_on_by_another_with_a_home_of_its_own(
    team: Team, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "mounted").mkdir()
    settings.HOME, settings.UPLOADS = tmp_path / "one", str(tmp_path / "mounted")
    job_of(sent(team.signed_in(team.eva), 51))
    (tmp_path / "mounted").rename(tmp_path / "mounted elsewhere")
    settings.HOME, settings.UPLOADS = tmp_path / "two", str(tmp_path / "mounted elsewhere")
    drop_old()
    work_all()
    assert WorkingSet.objects.get().items.count() == 51


def test_what_is_wrong_with_it_is_said_in_the_form_which_can_be_sent_again(team: Team) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(team.eva)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(NEW).text)
    assert token
    job = job_of(sent(client, 51, slug="not a name", csrfmiddlewaretoken=token[1]))
    work_all()
    shown = client.get(reverse("site:job", args=[job.pk]))
    assert shown.status_code == 400
    assert "not a name" in shown.text
    fresh = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)
    assert fresh
    again = sent(client, 51, csrfmiddlewaretoken=fresh[-1])
    assert again.status_code == 302, "the form that the job shows is this person's own"


def test_what_a_form_says_on_the_next_page_is_said_there(team: Team) -> None:
    eva = team.signed_in(team.eva)
    job_of(sent(eva, 51))
    work_all()
    made = WorkingSet.objects.get()
    address = reverse("site:publish_set", args=[made.pk])
    job = job_of(eva.post(address, {"revision": made.revision}))
    work_all()
    led = eva.get(reverse("site:job", args=[job.pk]), follow=True)
    assert "Published: sums v1" in led.text
    published = TestSet.objects.get()
    assert led.redirect_chain[0][0] == reverse("site:test_set", args=[published.pk])


@pytest.mark.parametrize("other", ["olga", "rui", "nobody"])
def test_nobody_else_sees_a_form_s_job_or_cancels_it(team: Team, other: str) -> None:
    job = job_of(sent(team.signed_in(team.eva), 51))
    client = Client() if other == "nobody" else team.signed_in(getattr(team, other))
    for answer in (
        client.get(reverse("site:job", args=[job.pk])),
        client.post(reverse("site:cancel_job", args=[job.pk])),
    ):
        assert answer.status_code in (302, 403, 404)
        assert "working set" not in answer.text
    assert Job.objects.get().state == JobState.WAITING


def test_what_is_gone_when_the_job_begins_is_not_there(team: Team) -> None:
    eva = team.signed_in(team.eva)
    job_of(sent(eva, 51))
    work_all()
    made = WorkingSet.objects.get()
    job = job_of(eva.post(reverse("site:near_copies", args=[made.pk]), {"where": "inside"}))
    made.delete()
    work_all()
    answer = eva.get(reverse("site:job", args=[job.pk]))
    assert answer.status_code == 404
    assert "mistyped" in answer.text


def test_a_reviewer_s_form_is_no_job(team: Team) -> None:
    assert sent(team.signed_in(team.rui), 51).status_code == 403
    assert not Job.objects.exists()


def test_a_form_s_job_is_cancelled_by_its_sender(team: Team) -> None:
    eva = team.signed_in(team.eva)
    job = job_of(sent(eva, 51))
    eva.post(reverse("site:cancel_job", args=[job.pk]))
    page = eva.get(reverse("site:job", args=[job.pk]))
    assert page.status_code == 409
    assert "It was cancelled by eva" in page.text
    assert not report_progress(job)
    work_all()
    assert not WorkingSet.objects.exists()


def test_files_that_no_job_needs_are_taken_away(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(sent(team.signed_in(team.eva), 51))
    path = form_file(job.sent["files"][0]["path"])
    monkeypatch.setattr("evalhub.jobs.queue.FILES_KEPT_S", -1.0)
    drop_old()
    assert path.is_file(), "the job waits"
    work_all()
    drop_old()
    assert not path.is_file()
