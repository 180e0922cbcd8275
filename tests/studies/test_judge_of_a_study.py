"""A study's judge is asked by whoever works on the study, once, before anything is decided."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.permissions import NotAllowedError
from evalhub.cli.app import run as evalhub
from evalhub.judges import claims
from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.judges.run import judge_waiting, next_waiting, work_on
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run, Study
from evalhub.studies.run.advance import StudyState, advance, advance_studies, due_studies, status_of
from evalhub.studies.run.judged_pairs import judge_study
from runners.outages import Outage
from runners.shards import lease_cutoff
from tests.cast import a_team
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.studies.desks import Desk, ran
from tests.studies.judging import a_judged_desk, fair

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def desk(tmp_path: Path, server: OpenAIServer) -> Desk:
    return a_judged_desk(tmp_path, server)


def tired(after: int) -> Callable[[str, int], web.Response]:
    """A judge that says so much, and then refuses everybody."""
    said: list[str] = []

    def tires(prompt: str, attempt: int) -> web.Response:
        said.append(prompt)
        return http_error(403) if len(said) > after else fair(prompt, attempt)

    return tires


def wins(decision: Decision) -> int | None:
    judge = decision.document.judge
    return judge.preference.wins if judge and judge.preference else None


def begun(desk: Desk) -> Study:
    """The study, whose judge waits to be asked."""
    study = ran(desk)
    assert advance(study=study, by=None).state is StudyState.RUNNING
    return study


@pytest.mark.heavy
def test_study_run_asks_the_judge_before_it_decides(
    desk: Desk, server: OpenAIServer, capsys: Capture
) -> None:
    evalhub(["study", "run", str(desk.write()), "--json"])
    judge = json.loads(capsys.readouterr().out)["judge"]
    assert (judge["figures"]["pairs"], judge["figures"]["read"]) == (16, 16)
    assert judge["preference"]["wins"] == 16
    assert len(server.requests) == 32
    evalhub(["study", "run", str(desk.file), "--json"])
    assert (len(server.requests), Decision.objects.count()) == (32, 1)
    assert JudgeRun.objects.get().state == "done"


@pytest.mark.heavy
def test_a_judge_that_is_away_is_no_evidence_and_is_taken_up_again(
    desk: Desk, server: OpenAIServer, capsys: Capture
) -> None:
    desk.study["judges"]["grader"]["backend"]["openai"]["concurrency"] = 1
    server.misbehave = tired(after=10)
    assert evalhub(["study", "run", str(desk.write())]) == 69
    said = capsys.readouterr().err
    assert "grader" in said
    assert "HTTP 403" in said
    assert "run again to go on" in said
    assert (Decision.objects.count(), JudgeVote.objects.count()) == (0, 10)
    study = Study.objects.get()
    advance_studies()
    status = status_of(study)
    assert (status.state, status.decisions) == (StudyState.STOPPED, ())
    assert "has its judge asked again" in status.waits_for
    server.misbehave = fair
    evalhub(["study", "run", str(desk.file)])
    assert (Decision.objects.count(), JudgeVote.objects.count()) == (1, 32)


def test_a_site_asks_the_judge_and_then_decides(desk: Desk, server: OpenAIServer) -> None:
    study = ran(desk)
    advance_studies()
    assert (Decision.objects.count(), len(server.requests)) == (0, 0)
    assert status_of(study).waits_for.startswith("its judge")
    assert judge_waiting()
    assert not judge_waiting()
    assert status_of(study).state is StudyState.ADVANCING
    advance_studies()
    assert wins(Decision.objects.get()) == 16
    assert due_studies() == []
    study.refresh_from_db()
    assert status_of(study).state is StudyState.DECIDED


def test_what_single_questions_lack_keeps_nobody_waiting(desk: Desk, server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(500) if "Question 7?" in prompt else fair(prompt, attempt)
    )
    study = begun(desk)
    assert judge_waiting()
    (decision,) = advance(study=study, by=None).decisions
    assert wins(decision) is None
    assert JudgeRun.objects.get().error.startswith("2 of 32 verdicts got no answer, first: HTTP")
    assert due_studies() == []
    server.misbehave = fair
    assert judge_study(study=study, by=None).asked == 2
    assert due_studies() == [study]
    advance_studies()
    assert wins(Decision.objects.newest_first()[0]) == 16


def test_one_at_a_time_asks(desk: Desk, server: OpenAIServer) -> None:
    begun(desk)
    (number,) = JudgeRun.objects.values_list("pk", flat=True)
    held = claims.claim(number, lease_cutoff())
    assert held is not None
    assert claims.claim(number, lease_cutoff()) is None
    assert not judge_waiting()
    JudgeRun.objects.update(lease_until=timezone.now())
    other = claims.claim(number, lease_cutoff())
    assert other is not None
    with pytest.raises(claims.JudgeClaimLost):
        claims.renew(held, got_on=True)
    claims.release(held)
    assert claims.claim(number, lease_cutoff()) is None, "who lost it gives nothing back"
    claims.release(other)
    assert judge_waiting()
    assert (len(server.requests), JudgeVote.objects.count()) == (32, 32)


def test_while_leases_could_not_be_renewed_no_judge_is_taken_for_forsaken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(desk)
    (number,) = JudgeRun.objects.values_list("pk", flat=True)
    assert claims.claim(number, lease_cutoff()) is not None
    JudgeRun.objects.update(lease_until=timezone.now())
    outage = Outage("the database")
    monkeypatch.setattr("runners.outages.database", outage)
    outage.went_away(OperationalError("gone"), at="working")
    assert next_waiting() is None
    outage.came_back(at="working")
    assert next_waiting() is None
    assert not work_on(number)
    monkeypatch.setattr("runners.outages.database", Outage("the database"))
    assert next_waiting() == number
    assert judge_waiting()


def test_who_is_stopped_gives_it_back_with_what_was_said(desk: Desk, server: OpenAIServer) -> None:
    desk.study["judges"]["grader"]["backend"]["openai"]["concurrency"] = 1
    study = begun(desk)
    server.latency_s = 0.1
    assert judge_waiting(stopping=lambda: JudgeVote.objects.exists())
    server.latency_s = 0
    judge = JudgeRun.objects.get()
    there = judge.votes.count()
    assert (judge.state, judge.claim, judge.attempts) == ("pending", None, 0)
    assert 0 < there < 32
    assert judge_study(study=study, by=None).asked == 32 - there
    assert JudgeVote.objects.count() == 32


def test_answers_that_become_others_are_asked_about_anew(desk: Desk, server: OpenAIServer) -> None:
    study = begun(desk)
    Run.objects.filter(judged_as_candidate__isnull=False).update(answers_digest="0" * 64)
    assert not judge_waiting()
    assert advance(study=study, by=None).state is StudyState.RUNNING
    assert JudgeRun.objects.count() == 2
    assert judge_waiting()
    assert [each.votes.count() for each in JudgeRun.objects.order_by("pk")] == [0, 32]


def test_who_is_lost_again_and_again_without_a_verdict_is_no_evidence(
    desk: Desk, server: OpenAIServer
) -> None:
    study = begun(desk)
    (number,) = JudgeRun.objects.values_list("pk", flat=True)
    for _ in range(claims.ATTEMPTS):
        assert claims.claim(number, lease_cutoff()) is not None
        JudgeRun.objects.update(lease_until=timezone.now())
    assert claims.claim(number, lease_cutoff()) is None
    status = advance(study=study, by=None)
    assert status.state is StudyState.STOPPED
    assert "was lost 3 times" in status.waits_for
    assert advance(study=study, by=None, take_up=True).state is StudyState.RUNNING
    assert judge_waiting()


def test_a_worker_asks_the_judges_of_its_kind(desk: Desk) -> None:
    begun(desk)
    assert not judge_waiting(kinds=("cpu", "gpu"))
    assert judge_waiting(kinds=("api",))


def test_who_only_looks_has_nobody_asked(desk: Desk, server: OpenAIServer) -> None:
    study = ran(desk)
    assert status_of(study).state is StudyState.ADVANCING
    assert not JudgeRun.objects.exists()
    team = a_team()
    with pytest.raises(NotAllowedError):
        advance(study=study, by=team.rui)
    assert not JudgeRun.objects.exists()


def test_the_page_says_that_the_judge_is_waited_for(
    desk: Desk, server: OpenAIServer, admin_client: Client
) -> None:
    study = begun(desk)
    address = reverse("site:study", args=[study.pk])
    assert "is asked about both arms’ answers first: 0 verdicts" in admin_client.get(address).text
    server.misbehave = lambda prompt, attempt: http_error(403)
    assert judge_waiting()
    said = admin_client.get(address).text
    assert "Its judge couldn’t be asked" in said
    assert "HTTP 403" in said
    server.misbehave = fair
    told = admin_client.post(reverse("site:decide", args=[study.pk]), follow=True).text
    assert "it waits for its judge" in told
    assert judge_waiting()
    assert "Its judge" not in admin_client.get(address).text


def test_two_who_begin_at_once_have_one_judge_asked(desk: Desk, server: OpenAIServer) -> None:
    study = ran(desk)
    ready = threading.Barrier(2)

    def judges() -> None:
        from django.db import connection

        ready.wait()
        judge_study(study=Study.objects.get(pk=study.pk), by=None)
        connection.close()

    both = [threading.Thread(target=judges) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(timeout=60)
    assert (JudgeRun.objects.count(), JudgeVote.objects.count()) == (1, 32)
    assert len(server.requests) == 32
