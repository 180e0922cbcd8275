"""Heavy requests: answered with 202 and a job, which a process of its own takes to its answer."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from evalhub.accounts.models import ApiToken, Scope
from evalhub.accounts.tokens import add_token, revoke_token
from evalhub.features.working_sets.models import WorkingSet
from evalhub.frames.rest.document import document
from evalhub.jobs import weight
from evalhub.jobs.models import Job, JobState
from evalhub.jobs.queue import (
    LOST_AFTER,
    MOST_ATTEMPTS,
    MOST_WAITING,
    claim_next,
    give_back,
    report_progress,
    take_back_lost,
)
from evalhub.jobs.replay import work_or_fail
from evalhub.registry.models import TestSetVersion
from evalhub.studies.web.from_web import import_test_set_from_web
from tests.api.conftest import Program
from tests.api.sums import digest, rows
from tests.api.test_studies import upload
from tests.cast import Team, a_team

Programs = Callable[..., Program]
HEAVY_ROWS, HEAVY_BYTES = 50, 20_000
FEW = rows(20, input=lambda i: f"{i}?")
MANY = rows(HEAVY_ROWS + 1, input=lambda i: f"{i}?")
LONG = rows(10, input=lambda i: f"{i}" + "x" * (HEAVY_BYTES // 10))
AT = "/test-sets/many/versions"


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is heavy here; tests/jobs/test_weight.py has the true limits."""
    monkeypatch.setattr(weight, "HEAVY_ROWS", HEAVY_ROWS)
    monkeypatch.setattr(weight, "HEAVY_BYTES", HEAVY_BYTES)


def work_all() -> None:
    """All that the site's processes would do."""
    while (job := claim_next()) is not None:
        work_or_fail(Job.objects.get(pk=job.pk))


def job_at(answer: Any) -> Job:
    assert answer.status_code == 202, answer.content
    assert answer.headers["Location"] == answer.json()["url"]
    return Job.objects.get(pk=answer.json()["id"])


def handed_in(caller: Program, content: bytes = MANY, **more: Any) -> Any:
    upload(caller, content)
    return caller.post(AT, {"file": digest(content)}, **more)


@pytest.mark.parametrize("content", [MANY, LONG], ids=["rows", "bytes"])
def test_a_heavy_upload_is_a_job_whose_answer_is_what_it_would_have_been(
    program: Programs, content: bytes
) -> None:
    caller = program()
    taken = handed_in(caller, content)
    job = job_at(taken)
    assert (job.state, job.title) == (JobState.WAITING, "Make a version out of an upload")
    assert not TestSetVersion.objects.exists()
    assert caller.get(f"/jobs/{job.pk}").status_code == 202
    work_all()
    ended = caller.get(f"/jobs/{job.pk}")
    assert (ended.status_code, ended.json()["status"]) == (200, 201)
    assert Job.objects.get().sent == {}, "what was sent isn't kept"
    at = ended.json()["location"]
    assert ended.json()["answer"]["items"] == len(content.splitlines())
    assert caller.client.get(at).json() == ended.json()["answer"]


def test_a_small_upload_is_answered_at_once(program: Programs) -> None:
    assert handed_in(program(), FEW).status_code == 201
    assert not Job.objects.exists()


def test_the_same_request_again_is_the_same_job(program: Programs) -> None:
    caller = program()
    first = handed_in(caller, key="a")
    again, other_key = handed_in(caller, key="a"), handed_in(caller, key="b")
    assert job_at(first) == job_at(again) == job_at(other_key)
    assert "Idempotency-Replayed" in again.headers
    work_all()
    assert Job.objects.count() == 1
    assert TestSetVersion.objects.count() == 1
    repeated = handed_in(caller, key="c")  # done before: the same version, by a job of its own
    work_all()
    job = job_at(repeated)
    assert job.location == Job.objects.order_by("pk")[0].location
    assert TestSetVersion.objects.count() == 1


def test_one_job_of_a_project_runs_at_once(program: Programs, team: Team) -> None:
    caller = program()
    first, second = job_at(handed_in(caller)), job_at(handed_in(caller, LONG))
    others = a_team("Others", "others")
    secret = add_token(
        project=others.project, user=others.olga, name="t", scopes=list(Scope), by=None
    ).secret
    third = job_at(handed_in(Program(secret, "others")))
    assert [claim_next(), claim_next(), claim_next()] == [first, third, None]
    assert caller.get(f"/jobs/{second.pk}").json()["ahead"] == 1
    work_or_fail(Job.objects.get(pk=first.pk))
    assert claim_next() == second


def test_a_flaw_is_told_as_it_would_have_been(program: Programs) -> None:
    caller = program()
    content = MANY + b'{"id": "q0", "input": "again"}\n'
    job = job_at(handed_in(caller, content))
    work_all()
    told = caller.get(f"/jobs/{job.pk}").json()
    assert told["status"] == told["answer"]["status"] == 400
    (flaw,) = told["answer"]["errors"]
    assert (flaw["file"], flaw["line"], flaw["field"]) == (digest(content), HEAVY_ROWS + 2, "id")
    assert not TestSetVersion.with_drafts.exists()


def test_a_revoked_token_does_nothing_any_more(program: Programs, team: Team) -> None:
    caller = program()
    job = job_at(handed_in(caller))
    revoke_token(token=ApiToken.objects.get(), by=team.olga)
    work_all()
    job.refresh_from_db()
    assert (job.state, job.status) == (JobState.ENDED, 401)
    assert not TestSetVersion.objects.exists()


def test_another_project_sees_nothing_of_a_job(program: Programs) -> None:
    job = job_at(handed_in(program()))
    others = a_team("Others", "others")
    secret = add_token(
        project=others.project, user=others.olga, name="t", scopes=list(Scope), by=None
    ).secret
    stranger = Program(secret, "others")
    assert stranger.get(f"/jobs/{job.pk}").status_code == 404
    assert stranger.edit("DELETE", f"/jobs/{job.pk}").status_code == 404
    assert stranger.get("/jobs").json()["results"] == []


def test_a_killed_process_is_followed_by_another_and_at_last_by_a_clear_failure(
    program: Programs,
) -> None:
    caller = program()
    job = job_at(handed_in(caller))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        claimed = claim_next()
        assert claimed is not None
        assert claimed.attempts == attempt
        give_back(claimed, reason="Its process was killed (signal 9), perhaps for want of memory")
    told = caller.get(f"/jobs/{job.pk}").json()
    assert (told["state"], told["status"]) == ("ended", 500)
    assert "signal 9" in told["answer"]["detail"]
    assert not TestSetVersion.with_drafts.exists()


@pytest.mark.parametrize("times", [1, MOST_ATTEMPTS])
def test_a_database_that_is_away_for_a_moment_is_asked_again(
    program: Programs, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    job = job_at(handed_in(program()))
    left = [OperationalError("database is locked")] * times

    def away(**_: Any) -> Any:
        if left:
            raise left.pop()
        return import_test_set_from_web(**_)

    monkeypatch.setattr("evalhub.api.views.registry.import_test_set_from_web", away)
    monkeypatch.setattr("evalhub.jobs.replay.BUSY_PAUSE_S", 0.0)
    work_all()
    job.refresh_from_db()
    assert (job.state, job.status) == (JobState.ENDED, 201 if times < MOST_ATTEMPTS else 503)
    assert TestSetVersion.objects.count() == (times < MOST_ATTEMPTS)


def test_a_stopped_site_costs_no_attempt(program: Programs) -> None:
    job = job_at(handed_in(program()))
    for _ in range(MOST_ATTEMPTS + 1):
        claimed = claim_next()
        assert claimed is not None
        give_back(claimed, reason="The site was stopped", counted=False)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    work_all()
    assert TestSetVersion.objects.count() == 1


def test_a_job_whose_process_and_site_are_gone_is_taken_up_again(program: Programs) -> None:
    job = job_at(handed_in(program()))
    claimed = claim_next()
    assert claimed is not None
    take_back_lost()
    assert claim_next() is None, "its process was heard of a moment ago"
    Job.objects.update(seen_at=timezone.now() - LOST_AFTER - timedelta(seconds=1))
    take_back_lost()
    assert claim_next() == job
    assert not report_progress(claimed), "the first process sees that it isn't its own any more"


def test_what_was_answered_is_not_done_again_after_a_kill(program: Programs) -> None:
    """The working set is gone once it is published: a second try would find nothing."""
    caller = program()
    job_at(handed_in(caller))
    work_all()
    begun = job_at(caller.post("/working-sets", {"test_set": "many"}))
    work_all()
    begun.refresh_from_db()
    working = WorkingSet.objects.get()
    etag = caller.get(f"/working-sets/{working.pk}").headers["ETag"]
    published = job_at(caller.post(f"/working-sets/{working.pk}/publish", seen=etag))
    work_all()
    assert Job.objects.get(pk=published.pk).status == 201
    Job.objects.filter(pk=published.pk).update(state=JobState.RUNNING, ended=None)
    give_back(Job.objects.get(pk=published.pk), reason="Its process was killed")
    published.refresh_from_db()
    assert (published.state, published.status) == (JobState.ENDED, 201)


def test_a_cancelled_job_ends_and_writes_nothing(program: Programs) -> None:
    caller = program()
    job = job_at(handed_in(caller))
    claimed = claim_next()
    assert claimed is not None
    assert caller.edit("DELETE", f"/jobs/{job.pk}").status_code == 204
    assert not report_progress(claimed)
    told = caller.get(f"/jobs/{job.pk}").json()
    assert (told["status"], told["answer"]["detail"][:16]) == (409, "It was cancelled")
    assert caller.edit("DELETE", f"/jobs/{job.pk}").status_code == 409


def test_more_than_a_queue_is_refused_in_a_sentence(program: Programs) -> None:
    caller = program()
    upload(caller, MANY)
    for number in range(MOST_WAITING):
        body = {"file": digest(MANY)}
        assert caller.post(f"/test-sets/many-{number}/versions", body).status_code == 202
    refused = caller.post("/test-sets/one-more/versions", {"file": digest(MANY)})
    assert (refused.status_code, bool(refused.headers["Retry-After"])) == (503, True)
    assert "heavy requests of this project wait" in refused.json()["detail"]
    again = caller.post("/test-sets/many-3/versions", {"file": digest(MANY)})
    assert again.status_code == 202, "what waits already is told so"


def test_each_post_may_be_a_job_unless_its_answer_is_a_secret_or_it_sends_traffic() -> None:
    taken, at_once = set(), set()
    for path, at in document()["paths"].items():
        if "post" in at:
            content = json.dumps(at["post"]["responses"].get("202", {}))
            (taken if "Job" in content else at_once).add(path.rpartition("{project}")[2])
    assert at_once == {
        "/campaigns/{id}/invitations",
        "/decisions/{id}/links",
        "/experiments/{id}/answers",
        "/members",
        "/requests",
        "/signals",
        "/tokens",
        "/webhooks",
        "/webhooks/{id}/secret",
    }
    assert len(taken) > 25
