"""Owners search their project's audit log; nobody else reads it."""

import json

import pytest
from django.test import Client

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, LogEntry, Role, User
from evalhub.accounts.results_seen import set_role
from evalhub.cli.app import run
from tests.cast import Team, a_team
from tests.reviews.conftest import CANARIES, a_campaign
from tests.reviews.joining.test_invite import judged

LOG = "/projects/support-desk/log/"


def whats(client: Client, **asked: str) -> list[str]:
    answer = client.get(LOG, asked)
    assert answer.status_code == 200
    return [each.what for each in answer.context["page"]]


@pytest.fixture
def entries(team: Team) -> None:
    set_role(project=team.project, user=team.sam, role=Role.REVIEWER, by=team.olga)
    note(Action.EXPORTED, by=team.eva, project=team.project, what="Review 7: Größe as csv")
    note(Action.EXPORTED, by=team.olga, project=team.project, what="Review 8 as csv")
    note(Action.LINK_MADE, by=None, about=team.sam, what="of the site")
    other = a_team("Others", "others").project
    note(Action.EXPORTED, by=team.olga, project=other, what="theirs")


@pytest.mark.usefixtures("entries")
def test_the_log_is_found_by_action_person_date_and_words(olga: Client, team: Team) -> None:
    assert whats(olga) == ["Review 8 as csv", "Review 7: Größe as csv", "reviewer"]
    assert whats(olga, sort="created") == ["reviewer", "Review 7: Größe as csv", "Review 8 as csv"]
    assert whats(olga, action="role-changed") == ["reviewer"]
    assert whats(olga, person="sam") == ["reviewer"]
    assert whats(olga, q="eva review") == ["Review 7: Größe as csv"]
    assert whats(olga, q="Größe") == ["Review 7: Größe as csv"]
    assert whats(olga, since="2999-01-01") == []
    assert len(whats(olga, until="2999-01-01", since="2000-01-01")) == 3


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("asked", [{"since": "soon"}, {"action": "peeked"}, {"sort": "luck"}])
def test_what_cannot_be_asked_is_said_beside_its_field(olga: Client, asked: dict[str, str]) -> None:
    answer = olga.get(LOG, asked)
    assert answer.status_code == 400
    assert "errorlist" in answer.text


@pytest.mark.usefixtures("entries")
def test_a_superuser_reads_the_site_s_log_too(team: Team, olga: Client) -> None:
    root = User.objects.create_superuser("root")
    shown = team.signed_in(root).get("/log/").text
    assert "of the site" in shown
    assert "theirs" in shown
    assert olga.get("/log/").status_code == 403


def test_the_log_is_read_page_by_page(team: Team, olga: Client) -> None:
    for i in range(60):
        note(Action.DECIDED, by=team.eva, project=team.project, what=f"decision {i}")
    assert len(whats(olga)) == 50
    assert len(whats(olga, page="2", action="decided")) == 10
    assert "?action=decided&amp;page=2" in olga.get(LOG, {"action": "decided"}).text


def test_the_log_says_nothing_of_a_running_review_s_votes_or_arms(team: Team, olga: Client) -> None:
    campaign = a_campaign(team)
    before = LogEntry.objects.count()
    judged(campaign, team.rui, "left")
    assert LogEntry.objects.count() == before
    shown = olga.get(LOG).text
    assert not any(name in shown for name in CANARIES[:2])


@pytest.mark.usefixtures("entries")
def test_the_log_is_printed(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["log", "--project", "support-desk", "--json"]) == 0
    first, *_ = json.loads(capsys.readouterr().out)
    assert (first["by"], first["action"], first["what"]) == ("olga", "exported", "Review 8 as csv")
    assert run(["log", "--user", "sam"]) == 0
    assert "the site  made a sign-in link: sam of the site" in capsys.readouterr().out
    assert run(["log", "--project", "nowhere"]) == 64
