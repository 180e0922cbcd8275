"""Proposals to train again by REST, by command and on their alarm's page."""

import json
from collections.abc import Callable

import pytest
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.features.monitoring.models import RetrainProposal
from tests.api.conftest import Program, home  # noqa: F401 (a fixture)
from tests.cast import Team, a_version
from tests.features.monitoring.retraining.losses_of import a_stream, an_alarm

pytestmark = pytest.mark.django_db
Programs = Callable[..., Program]
OF = ["--project", "support-desk"]


@pytest.fixture
def proposal(team: Team) -> RetrainProposal:
    alarm = an_alarm(team, a_stream(team, rates=[0.03] * 21 + [0.08] * 7))
    return RetrainProposal.objects.get(alarm=alarm)


def test_rest_lists_declines_and_links(
    program: Programs, team: Team, proposal: RetrainProposal
) -> None:
    caller = program(user=team.eva)
    [row] = caller.get("/proposals").json()["results"]
    assert (row["state"], row["subject"], row["version"]) == ("open", "thumbs_down", "base@1")
    assert row["evidence"]["loss"]["low"] > 0
    assert row["outcome"] is None
    at = f"/proposals/{proposal.pk}"
    tuned = a_version(team, "tuned")
    refused = caller.post(f"{at}/retrained", {"version": "nobody@9"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "version")
    linked = caller.post(f"{at}/retrained", {"version": "tuned@1"})
    assert linked.status_code == 201, linked.content
    assert linked.json()["outcome"]["sentence"] == f"{tuned} isn't the champion yet."
    declined = caller.post(f"{at}/decline", {"reason": "No."})
    assert declined.status_code == 409, declined.content
    assert "tuned v1 came of it" in declined.json()["detail"]
    assert caller.get(at).json() == linked.json()
    assert caller.get("/proposals?declined=true").json()["results"] == []


def test_a_command_lists_and_declines(
    proposal: RetrainProposal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["monitor", "proposals", *OF]) == 0
    lines = capsys.readouterr().out
    assert f"{proposal.pk}  open  base@1  thumbs_down" in lines
    assert "evalhub traffic sample --project support-desk --n 500 --since 2026-09-28" in lines
    said = ["--reason", "The retriever broke.", "--json"]
    assert run(["monitor", "decline", str(proposal.pk), *OF, *said]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "declined"
    assert run(["monitor", "link", str(proposal.pk), "base@1", *OF]) == 64
    assert run(["monitor", "link", "99", "base@1", *OF]) == 64
    assert "has no proposal 99 (evalhub monitor proposals)" in capsys.readouterr().err


def test_its_alarm_s_page_shows_it_and_takes_answers(team: Team, proposal: RetrainProposal) -> None:
    client = team.signed_in(team.eva)
    alarm = reverse("site:alarm", args=[proposal.alarm_id])
    page = client.get(alarm).text
    assert "Proposed: train it again" in page
    assert "/production/samples/?since=2026-09-28T00%3A00" in page
    answer = reverse("site:answer_proposal", args=[proposal.pk])
    refused = client.post(answer, {"verb": "decline", "reason": " "}, follow=True)
    assert "Not done: reason: who declines a proposal says why" in refused.text
    assert "say what is to be done" in client.post(answer, {"verb": "eat"}, follow=True).text
    shown = client.post(answer, {"verb": "decline", "reason": "A broken index."}, follow=True)
    assert "A broken index." in shown.text
    assert client.post(answer, {"verb": "link", "version": "x"}, follow=True).status_code == 200
    assert team.signed_in(team.sam).post(answer, {"verb": "decline"}).status_code == 403
