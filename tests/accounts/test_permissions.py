"""Each verb refuses whom it must, whichever door they come by, and nothing is changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.review import Design
from evalhub.ledger.decide import decide_study
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import Run, StudyRun
from evalhub.studies.run.advance import advance
from evalhub.studies.web.pairs_upload import register_upload
from reviews.assignments.reviewers import let_in, pause_reviewer, remove_reviewer, set_quota
from reviews.joining.invite import invite, withdraw
from reviews.models import Campaign, Invitation, Reviewer
from reviews.planning.campaign import (
    close_campaign,
    open_campaign,
    pause_campaign,
    resume_campaign,
)
from reviews.results.unblind import unblind
from runners.launch import cancel, resume
from tests.cast import Team
from tests.site.cases import a_measured_study

type Verb = Callable[[User], object]


def everything() -> dict[str, list[dict[str, object]]]:
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
    }


@pytest.fixture
def verbs(team: Team, tmp_path: Path) -> dict[str, Verb]:
    """All verbs that change something in the team's project, but for those of reviewing."""
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    links = StudyRun.objects.filter(arm__study=study, test_set__position=0, repeat=0)
    runs = [Run.objects.get(studies=link) for link in links.order_by("arm__position")[:2]]
    campaign = open_campaign(
        runs=runs, design=Design(items=5, reviewers_per_item=1), study=study, by=None
    )
    reviewer = Reviewer.objects.create(campaign=campaign, user=team.rui)
    invitation = Invitation.objects.create(
        campaign=campaign, email="new@example.org", by=team.olga, expires=timezone.now()
    )
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"prompt": "Why?", "left": "So.", "right": "Because."}\n')
    return {
        "advance": lambda by: advance(study=study, by=by),
        "sign_off": lambda by: sign_off(decision=decision, by=by, reason="I have read it"),
        "cancel": lambda by: cancel(runs[0], by=by),
        "resume": lambda by: resume(runs[0], by=by),
        "upload": lambda by: register_upload(project=team.project, by=by, name="mine", path=pairs),
        "open": lambda by: open_campaign(
            runs=runs, design=Design(items=6, reviewers_per_item=1), study=study, by=by
        ),
        "pause": lambda by: pause_campaign(campaign=campaign, by=by),
        "resume_campaign": lambda by: resume_campaign(campaign=campaign, by=by),
        "invite": lambda by: invite(campaign=campaign, email="other@example.org", by=by),
        "withdraw": lambda by: withdraw(invitation=invitation, by=by),
        "pause_reviewer": lambda by: pause_reviewer(reviewer=reviewer, by=by),
        "let_in": lambda by: let_in(reviewer=reviewer, by=by),
        "quota": lambda by: set_quota(reviewer=reviewer, quota=3, by=by),
        "remove": lambda by: remove_reviewer(reviewer=reviewer, by=by),
        "close": lambda by: close_campaign(campaign=Campaign.objects.get(pk=campaign.pk), by=by),
    }


@pytest.mark.parametrize("person", ["rui", "sam"])
def test_reviewers_and_strangers_are_refused_by_the_verb_itself(
    team: Team, verbs: dict[str, Verb], person: str
) -> None:
    before = everything()
    for name, verb in verbs.items():
        with pytest.raises(NotAllowedError, match=f"{person} is neither owner nor evaluator"):
            verb(getattr(team, person))
        assert everything() == before, name


def test_evaluators_may_do_all_but_what_is_an_owner_s(team: Team, verbs: dict[str, Verb]) -> None:
    owners = verbs.pop("close")
    for verb in verbs.values():
        verb(team.eva)
    with pytest.raises(NotAllowedError, match="Only an owner of support-desk can close a review"):
        owners(team.eva)
    owners(team.olga)


def test_another_plan_that_closes_a_review_is_an_owner_s_too(
    team: Team, verbs: dict[str, Verb]
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
    team: Team, verbs: dict[str, Verb]
) -> None:
    root = User.objects.create_superuser("root")
    with pytest.raises(NotAllowedError, match="Only an owner"):
        verbs["close"](root)


def test_only_an_owner_has_the_arms_named(team: Team, verbs: dict[str, Verb]) -> None:
    campaign = Campaign.objects.get()
    for person in (team.eva, team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            unblind(campaign=campaign, by=person)
    unblind(campaign=campaign, by=team.olga)
