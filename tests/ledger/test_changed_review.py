"""A review whose record was changed in the database is invalid evidence, whoever has it decided."""

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.accounts.results_seen import expose
from evalhub.cli.app import run
from reviews.assignments.judge import undo
from reviews.models import Campaign
from reviews.results.ended import check_ended
from reviews.results.unblind import unblind
from tests.cast import Team
from tests.ledger.test_decide import POLICY, REVIEW, Desk, asked, judge
from tests.ledger.test_running_review import undone
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.chain.test_tampering import ACTS
from tests.studies.desks import Desk as Folder
from tests.tampering import administrator

SAID = {
    "a judgment is deleted": "rows where",
    "a judgment is inserted": "rows where",
    "a judgment is re-timed": "a judgment was changed or re-timed",
    "a judgment is changed": "a judgment was changed or re-timed",
    "an undo is deleted": "rows where",
    "an event is deleted": "What was done to the review was changed",
    "an exposure is deleted": "Who had seen results before the seal isn't what was sealed",
    "unblinding is reset": "The models were named, and the review is marked as if they weren't",
    "the seal is reset": "The seal isn't the one that was recorded",
    "the plan is another": "The plan isn't the one that was sealed",
}
"""Act -> what the verdict says of it."""


def over(campaign: Campaign, reviewer: User, owner: User) -> None:
    """The reviewer prefers the candidate everywhere, once after an undo; seen, sealed, named."""
    expose(projects=[campaign.project_id], user=owner, how="was shown results")
    answer(deal(campaign, reviewer), reviewer)
    undo(campaign=campaign, user=reviewer)
    judge(campaign, reviewer, "candidate")
    check_ended(campaign)
    unblind(campaign=campaign, by=owner)


def tamper(act: str) -> None:
    with administrator() as sql:
        assert sql(ACTS[act]) >= 1


def check_invalid(record: dict[str, Any], act: str) -> None:
    """No number of it is kept, and it says what was changed."""
    assert record["verdict"] == "invalid", act
    [why] = record["reasons"]
    assert why.startswith("The record of this review was changed. ")
    assert SAID[act] in why
    for kept in ("criteria", "breakdown", "others", "needed", "alternatives", "as_good"):
        assert not record.get(kept), (act, kept)
    people = {name: value for name, value in record["people"].items() if value}
    assert set(people) <= {"state", "planned", "judgments", "plan_hash"}
    assert people["state"] == "changed"


@pytest.mark.heavy
def test_a_page_decides_that_it_is_invalid_evidence(team: Team, olga: Client) -> None:
    desk = Desk(team)
    desk.answered()
    study = desk.study(review=REVIEW, policy=POLICY | {"min_reviewers": 1})
    over(asked(study), team.rui, team.olga)
    olga.post(reverse("site:decide", args=[study.pk]))
    assert study.decisions.get().verdict == "ship"
    for act in SAID:
        with undone():
            tamper(act)
            told = olga.post(reverse("site:decide", args=[study.pk]), follow=True)
            assert told.status_code == 200
            check_invalid(study.decisions.newest_first()[0].record, act)
            main = unescape(told.content.decode().split("<main", 1)[1])
            assert SAID[act] in main
            assert "gains" not in main
            assert "Changed since this was decided" not in main
            assert "Waiting" not in main


@pytest.mark.heavy
def test_the_command_ends_with_3_and_says_what_was_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], transactional_db: None
) -> None:
    desk = Folder(tmp_path)
    review = {"test_set": "triage", "items": 10, "reviewers_per_item": 1, "open": "auto"}
    desk.study |= {"review": review, "policy": {"min_reviewers": 1}}
    command = ["study", "run", str(desk.write()), "--json"]
    assert run(command) == 2
    project, campaign = Project.objects.get(), Campaign.objects.get()
    rui, olga = (User.objects.create(username=name) for name in ("rui", "olga"))
    Membership.objects.create(project=project, user=rui, role=Role.REVIEWER)
    Membership.objects.create(project=project, user=olga, role=Role.OWNER)
    over(campaign, rui, olga)
    assert run(command) == 0
    capsys.readouterr()
    for act in SAID:
        with undone():
            tamper(act)
            assert run(command) == 3, act
            check_invalid(json.loads(capsys.readouterr().out), act)
