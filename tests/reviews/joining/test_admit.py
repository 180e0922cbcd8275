"""Who may judge: members who review and have never seen which model is which."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.accounts.models import Membership, ResultsSeen, Role, User
from evalhub.accounts.results_seen import expose, set_role
from evalhub.declare.review import Design
from reviews.errors import InvitedOnlyError, NotInvitedError, UnblindedError
from reviews.joining.admit import admit, join
from reviews.models import Campaign, Pair
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.steps import next_assignment


def test_a_reviewer_of_the_project_is_admitted_at_the_cost_of_one_query(
    campaign: Campaign, team: Team
) -> None:
    with CaptureQueriesContext(connection) as asked:
        admit(campaign=campaign, user=team.rui)
    assert len(asked) == 1


def test_somebody_else_finds_no_such_page(campaign: Campaign, team: Team) -> None:
    with pytest.raises(NotInvitedError):
        admit(campaign=campaign, user=team.sam)


@pytest.mark.parametrize("person", ["olga", "eva"])
def test_owners_and_evaluators_are_refused(campaign: Campaign, team: Team, person: str) -> None:
    with pytest.raises(UnblindedError):
        admit(campaign=campaign, user=getattr(team, person))


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_whoever_administers_the_site_is_refused(campaign: Campaign, team: Team, flag: str) -> None:
    User.objects.filter(pk=team.rui.pk).update(**{flag: True})
    with pytest.raises(UnblindedError):
        admit(campaign=campaign, user=User.objects.get(pk=team.rui.pk))


def test_an_evaluator_made_a_reviewer_is_still_refused(campaign: Campaign, team: Team) -> None:
    set_role(project=team.project, user=team.eva, role=Role.REVIEWER)
    with pytest.raises(UnblindedError):
        next_assignment(campaign=campaign, user=team.eva)


def test_a_reviewer_who_was_an_owner_for_a_moment_is_refused(
    campaign: Campaign, team: Team
) -> None:
    next_assignment(campaign=campaign, user=team.rui)
    for role in (Role.OWNER, Role.REVIEWER):
        set_role(project=team.project, user=team.rui, role=role)
    with pytest.raises(UnblindedError):
        next_assignment(campaign=campaign, user=team.rui)


def test_whoever_left_and_came_back_is_still_refused(
    campaign: Campaign, team: Team, eva: Client
) -> None:
    eva.get(reverse("site:studies"))
    Membership.objects.filter(user=team.eva).delete()
    Membership.objects.create(project=team.project, user=team.eva, role=Role.REVIEWER)
    with pytest.raises(UnblindedError):
        admit(campaign=campaign, user=team.eva)


def test_results_of_another_project_are_no_hindrance(campaign: Campaign, team: Team) -> None:
    other = team.project.__class__.objects.create(slug="other", name="Other")
    expose(projects=[other.pk], user=team.rui, how="was owner")
    admit(campaign=campaign, user=team.rui)


def test_whoever_is_refused_is_told_why(campaign: Campaign, team: Team, rui: Client) -> None:
    expose(projects=[team.project.pk], user=team.rui, how="was owner")
    answer = rui.get(reverse("reviews:campaign", args=[campaign.pk]))
    assert answer.status_code == 403
    assert "judge blindly" in answer.text
    assert not campaign.reviewers.exists()


def test_reviewing_is_no_exposure(campaign: Campaign, rui: Client) -> None:
    for name, args in (("home", []), ("campaign", [campaign.pk])):
        assert rui.get(reverse(f"reviews:{name}", args=args)).status_code == 200
    assert not ResultsSeen.objects.filter(user__username="rui").exists()


def test_a_campaign_for_invited_people_takes_no_other(team: Team, rui: Client) -> None:
    campaign = a_campaign_with(team, Design(invited_only=True))
    with pytest.raises(InvitedOnlyError):
        join(campaign=campaign, user=team.rui)
    path = reverse("reviews:campaign", args=[campaign.pk])
    assert path not in rui.get(reverse("reviews:home")).text
    answer = rui.get(path)
    assert answer.status_code == 403
    assert "for invited people" in answer.text


def test_a_campaign_that_needs_a_language_takes_whom_an_owner_vouches_for(team: Team) -> None:
    campaign = a_campaign_with(team, Design(requires=("de",)))
    with pytest.raises(InvitedOnlyError):
        next_assignment(campaign=campaign, user=team.rui)


def test_joining_twice_is_one_place(campaign: Campaign, team: Team) -> None:
    assert join(campaign=campaign, user=team.rui) == join(campaign=campaign, user=team.rui)


def a_campaign_with(team: Team, design: Design) -> Campaign:
    from tests.reviews.asking import a_review

    pair = Pair.objects.filter(campaign=a_campaign(team)).latest("pk")
    assert pair.candidate_output is not None
    return a_review(
        study=pair.campaign.study,
        baseline_run=pair.baseline_output.run,
        candidate_run=pair.candidate_output.run,
        items=6,
        reviewers_per_item=1,
        seed=1,
        design=design,
    )
