"""A study's judge is stopped and let go on by every door; what it said stays."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Project, Scope, User
from evalhub.accounts.permissions import NotAllowedError
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run as evalhub
from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.judges.run import Work, cancel_work, judge_waiting, resume_work
from evalhub.ledger.models import Decision
from evalhub.registry.models import Study
from evalhub.studies.run.advance import StudyState, advance, advance_studies, due_studies, status_of
from tests.api.conftest import Program
from tests.cast import a_team
from tests.fakes.openai_server import OpenAIServer
from tests.forms_read import read_now
from tests.runners.workers import wait_until
from tests.studies.desks import Desk, ran
from tests.studies.judging import a_judged_desk

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
Capture = pytest.CaptureFixture[str]
type Door = Callable[[str, int], str]
"""Takes "cancel" or "retry" and the number of a run, and gives what is said."""


@pytest.fixture
def desk(tmp_path: Path, server: OpenAIServer) -> Desk:
    desk = a_judged_desk(tmp_path, server)
    desk.study["judges"]["grader"]["backend"]["openai"]["concurrency"] = 1
    return desk


@pytest.fixture
def door(request: pytest.FixtureRequest, admin_client: Client, capsys: Capture) -> Door:
    def by_command(verb: str, number: int) -> str:
        assert evalhub(["run", verb, str(number)]) == 0
        return capsys.readouterr().out

    def by_page(verb: str, number: int) -> str:
        name = {"cancel": "cancel_run", "retry": "resume_run"}[verb]
        page = reverse(f"site:{name}", args=[number])
        return admin_client.post(page, read_now(page, {}), follow=True).text

    def by_program(verb: str, number: int) -> str:
        project = Project.objects.get()
        secret = add_token(
            project=project, user=User.objects.get(), name=verb, scopes=[Scope.RUN], by=None
        ).secret
        path = f"/runs/{number}/{ {'retry': 'resume'}.get(verb, verb) }"
        answer = Program(secret, project.slug).post(path)
        assert answer.status_code == 200
        return str(answer.json()["state"])

    return {"command": by_command, "page": by_page, "program": by_program}[request.param]


def half_judged(desk: Desk, server: OpenAIServer) -> Study:
    """A study whose judge has said some of what it is asked, and waits for a worker."""
    study = ran(desk)
    assert advance(study=study, by=None).state is StudyState.RUNNING
    server.latency_s = 1.5  # a second more than answers wait for being written
    assert judge_waiting(stopping=lambda: JudgeVote.objects.exists())
    server.latency_s = 0
    assert 0 < JudgeVote.objects.count() < 32
    return study


@pytest.mark.parametrize(
    ("door", "side", "stopped", "goes_on"),
    [
        (
            "command",
            "candidate",
            "answers is cancelled. Its verdicts are kept.",
            "waits for a worker",
        ),
        (
            "command",
            "baseline",
            "answers is cancelled. Its verdicts are kept.",
            "waits for a worker",
        ),
        (
            "page",
            "candidate",
            "The judge is cancelled. Its verdicts are kept.",
            "The judge goes on",
        ),
        ("program", "candidate", "done", "done"),
    ],
    indirect=["door"],
)
def test_it_is_stopped_and_let_go_on(
    door: Door, side: str, stopped: str, goes_on: str, desk: Desk, server: OpenAIServer
) -> None:
    study = half_judged(desk, server)
    judge = JudgeRun.objects.get()
    run, there = getattr(judge, f"{side}_id"), JudgeVote.objects.count()
    assert stopped in door("cancel", run)
    assert not judge_waiting()
    advance_studies()
    status = status_of(study)
    assert (status.state, Decision.objects.count()) == (StudyState.STOPPED, 0)
    assert "has its judge asked again (`evalhub judge run`): it was cancelled" in status.waits_for
    assert JudgeVote.objects.count() == there
    assert goes_on in door("retry", run)
    assert judge_waiting()
    assert JudgeVote.objects.count() == 32
    assert len(server.requests) <= 33, "what was under way alone is asked again"
    assert due_studies() == [study]
    advance_studies()
    assert Decision.objects.count() == 1


def test_who_asks_it_meanwhile_lets_go_within_seconds(desk: Desk, server: OpenAIServer) -> None:
    study = ran(desk)
    advance(study=study, by=None)
    server.latency_s = 0.2
    asking = threading.Thread(target=judge_waiting)
    asking.start()
    wait_until(lambda: JudgeVote.objects.exists(), within_s=30)
    judge = JudgeRun.objects.get()
    assert judge.state == "claimed"
    assert cancel_work(judge.candidate, by=None) is Work.VERDICTS
    asking.join(10)
    assert not asking.is_alive()
    judge.refresh_from_db()
    assert (judge.state, judge.claim) == ("cancelled", None)
    assert judge.votes.count() < 32
    assert cancel_work(judge.candidate, by=None) is None


def test_a_command_that_waits_for_it_ends_and_the_next_one_takes_it_up(
    desk: Desk, server: OpenAIServer, capsys: Capture
) -> None:
    server.latency_s = 0.2
    codes: list[int] = []
    waiting = threading.Thread(
        target=lambda: codes.append(evalhub(["study", "run", str(desk.write())]))
    )
    waiting.start()
    wait_until(lambda: JudgeVote.objects.exists(), within_s=60)
    assert cancel_work(JudgeRun.objects.get().candidate, by=None) is Work.VERDICTS
    waiting.join(30)
    server.latency_s = 0
    assert codes == [69]
    assert "it was cancelled" in capsys.readouterr().err
    there = JudgeVote.objects.count()
    assert there < 32
    assert evalhub(["judge", "run", str(desk.file)]) == 0
    assert JudgeVote.objects.count() == 32
    evalhub(["study", "run", str(desk.file)])
    assert Decision.objects.count() == 1


def test_the_pages_say_so(desk: Desk, server: OpenAIServer, admin_client: Client) -> None:
    study = half_judged(desk, server)
    judge = JudgeRun.objects.get()
    there = judge.votes.count()
    run = reverse("site:run", args=[judge.candidate_id])
    page = reverse("site:study", args=[study.pk])
    cancelling = reverse("site:cancel_run", args=[judge.candidate_id])
    assert f"compares its answers with another run’s: {there} verdicts so far" in (
        admin_client.get(run).text
    )
    for each in (run, page):
        said = admin_client.get(each).text
        assert "Stop the judge" in said
        assert f'action="{cancelling}"' in said
    admin_client.post(cancelling, read_now(cancelling, {}))
    said = admin_client.get(run).text
    assert f"no longer: it was cancelled; {there} verdicts are kept" in said
    assert "Let the judge go on" in said
    said = admin_client.get(page).text
    assert f"Its judge was stopped after {there} verdicts. To decide asks it for the others" in said
    assert "Stop the judge" not in said
    admin_client.post(reverse("site:decide", args=[study.pk]))
    assert judge_waiting()
    assert JudgeVote.objects.count() == 32
    assert "compares its answers" not in admin_client.get(run).text


def test_nobody_else_may(desk: Desk, server: OpenAIServer) -> None:
    half_judged(desk, server)
    judge, stranger = JudgeRun.objects.get(), a_team("Other", "other").rui
    for verb in (cancel_work, resume_work):
        with pytest.raises(NotAllowedError):
            verb(judge.candidate, by=stranger)
    judge.refresh_from_db()
    assert judge.state == "pending"
