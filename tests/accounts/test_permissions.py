"""Verbs of a study and its review: what an evaluator may, and what is an owner's alone."""

from pathlib import Path

import pytest

from evalhub.accounts.models import User
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.review import Design
from evalhub.registry.models import Run
from reviews.models import Campaign
from reviews.planning.campaign import open_campaign
from tests.cast import Team
from tests.refusals.doors import Act
from tests.refusals.scenes import studies

OWNERS = ("close a review", "name the arms", "accept", "vouch")
REFUSED = ("sign off without a reason",)


@pytest.fixture
def acts(team: Team, tmp_path: Path) -> dict[str, Act]:
    return studies(team, tmp_path)


def test_evaluators_may_do_all_but_what_is_an_owner_s(team: Team, acts: dict[str, Act]) -> None:
    for name, act in acts.items():
        if name not in (*OWNERS, *REFUSED):
            act.verb(team.eva)
    acts["close a review"].verb(team.olga)
    acts["name the arms"].verb(team.olga)


def test_another_plan_that_closes_a_review_is_an_owner_s_too(
    team: Team, acts: dict[str, Act]
) -> None:
    campaign = Campaign.objects.get()
    runs = [
        Run.objects.filter(version=each).first() for each in (campaign.baseline, campaign.candidate)
    ]
    assert runs[0]
    assert runs[1]
    with pytest.raises(NotAllowedError, match="can close a review"):
        open_campaign(
            runs=[runs[0], runs[1]],
            design=Design(items=6, reviewers_per_item=1),
            study=campaign.study,
            by=team.eva,
            supersedes=campaign,
        )
    assert Campaign.objects.get().state == "open"


def test_who_administers_the_site_closes_no_review_by_that(
    team: Team, acts: dict[str, Act]
) -> None:
    root = User.objects.create_superuser("root")
    with pytest.raises(NotAllowedError, match="Only an owner"):
        acts["close a review"].verb(root)
