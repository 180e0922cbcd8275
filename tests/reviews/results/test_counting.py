"""Whose judgments count, and that all that is made of judgments is made of those."""

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.accounts.models import Membership, Provenance, Role, User
from evalhub.decision.identity_cautions import identity_cautions
from evalhub.decision.policy import StudySettings
from evalhub.declare.review import Anytime, Design
from reviews.chain.identities import identities
from reviews.joining.invite import accept, invite
from reviews.models import Campaign, CampaignState
from reviews.planning.campaign import close_campaign
from reviews.results.campaign_results import campaign_results
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.joining.test_invite import a_campaign_with_seed, token_of
from tests.reviews.results.test_early_stopping import candidate, judge_until_the_end


def came_by_a_link(campaign: Campaign, by: User, whom: str = "ada@example.org") -> User:
    return accept(token=token_of(invite(campaign=campaign, email=whom, by=by)))


def ground(campaign: Campaign, user: User) -> str:
    return identities(campaign)[campaign.reviewers.get(user=user).pk].ground


def a_campaign_of_one(team: Team, **policy: object) -> Campaign:
    design = Design(stopping=Anytime(alpha=0.025, share=0.2, priority=False))
    settings = StudySettings(min_reviewers=1).model_copy(update=policy)
    return a_campaign(team, items=60, reviewers_per_item=1, design=design, policy=settings)


def test_who_is_unknown_ends_no_review_early(team: Team) -> None:
    campaign = a_campaign_of_one(team)
    ada = came_by_a_link(campaign, team.eva)
    given, end = judge_until_the_end(campaign, ada, candidate)
    assert (given, end.kind) != (20, "stopped")
    assert given == 60
    found = campaign_results(Campaign.objects.get(pk=campaign.pk))
    assert found.overall is None
    assert found.summary.cautions[0].startswith("60 of 60 judgments don't count: they are of 1")


def test_a_policy_that_counts_them_is_heard_by_the_early_stop_too(team: Team) -> None:
    campaign = a_campaign_of_one(team, unconfirmed_reviewers="count")
    given, end = judge_until_the_end(campaign, came_by_a_link(campaign, team.eva), candidate)
    assert (given, end.kind) == (20, "stopped")


def test_results_are_of_confirmed_people_alone(team: Team) -> None:
    campaign = a_campaign(team, items=12, reviewers_per_item=2, policy=StudySettings())
    judge_until_the_end(campaign, came_by_a_link(campaign, team.eva), candidate)

    def baseline(dealt: object) -> str:
        return {"left": "right", "right": "left"}[candidate(dealt)]  # type: ignore[arg-type]

    judge_until_the_end(campaign, team.rui, baseline)
    found = campaign_results(Campaign.objects.get(pk=campaign.pk))
    assert found.overall is not None
    assert (found.overall.win.wins, found.overall.win.losses) == (0, 12)
    assert [each.name for each in found.summary.reviewers] == ["rui"]


def test_an_owner_confirms_a_member_and_each_running_review_keeps_it(
    team: Team, campaign: Campaign, olga: Client
) -> None:
    ada = came_by_a_link(campaign, team.eva)
    ended = a_campaign_with_seed(campaign, 3)
    close_campaign(campaign=ended, by=team.olga)
    assert ground(campaign, ada) == "unknown"
    member = Membership.objects.get(user=ada)
    form = reverse("site:change_member", args=[team.project.slug, member.pk])
    for _ in range(2):
        assert olga.post(form, {"verb": "confirm"}).status_code == 302
    [event] = campaign.events.filter(kind="vouched")
    assert (event.by, event.detail) == (
        team.olga,
        {"reviewer": campaign.reviewers.get(user=ada).key},
    )
    assert ground(campaign, ada) == "vouched"


def test_nobody_vouches_for_who_came_by_their_own_link(
    team: Team, campaign: Campaign, olga: Client
) -> None:
    Membership.objects.filter(user=team.eva).update(role=Role.OWNER)
    ada = came_by_a_link(campaign, team.olga)
    assert ground(campaign, ada) == "unknown"
    person = campaign.reviewers.get(user=ada)
    form = reverse("site:change_reviewer", args=[campaign.pk, person.pk])
    said = olga.post(form, {"verb": "vouch"}, follow=True).text
    assert "another owner vouches for them" in said
    member = Membership.objects.get(user=ada)
    confirm = reverse("site:change_member", args=[team.project.slug, member.pk])
    olga.post(confirm, {"verb": "confirm"})
    assert not campaign.events.filter(kind="vouched").exists()
    assert ground(campaign, ada) == "unknown"
    eva = team.signed_in(team.eva)
    shown = eva.get(reverse("site:members", args=[team.project.slug])).text
    assert "nobody else has confirmed" in shown
    eva.post(confirm, {"verb": "confirm"})
    assert ground(campaign, ada) == "vouched"
    assert Provenance.objects.get(user=ada).confirmed_by == team.eva


def test_a_provider_or_a_confirmed_mail_answers_for_an_account(
    team: Team, campaign: Campaign
) -> None:
    ada, bob = (came_by_a_link(campaign, team.eva, f"{name}@x.example") for name in ("ada", "bob"))
    SocialAccount.objects.create(user=ada, provider="team", uid="1")
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True)
    assert (ground(campaign, ada), ground(campaign, bob)) == ("provider", "mail")


def test_who_reads_a_mailbox_of_somebody_who_knows_the_arms_is_unknown(
    team: Team, campaign: Campaign
) -> None:
    """Eva gives the account that she made her own address, and follows the mail."""
    ada, bob = (came_by_a_link(campaign, team.eva, f"{name}@x.example") for name in ("ada", "bob"))
    EmailAddress.objects.create(user=ada, email="Eva+ada@example.org", verified=True)
    told = {"userinfo": {"email": "eva@example.org"}}
    SocialAccount.objects.create(user=bob, provider="team", uid="1", extra_data=told)
    assert (ground(campaign, ada), ground(campaign, bob)) == ("unknown", "unknown")


def test_the_seal_keeps_who_answered_for_whom(team: Team, campaign: Campaign) -> None:
    ada = came_by_a_link(campaign, team.eva)
    close_campaign(campaign=campaign, by=team.olga)
    campaign.refresh_from_db()
    key = campaign.reviewers.get(user=ada).key
    assert campaign.sealed_as is not None
    assert campaign.sealed_as["reviewers"][key]["identity"] == {"ground": "unknown", "person": key}
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True)
    assert ground(campaign, ada) == "unknown", "what is confirmed later changes nothing"
    assert campaign.state == CampaignState.CLOSED
    assert "example.org" not in str(campaign.sealed_as)


def test_who_is_who_takes_as_many_queries_however_many_there_are(
    team: Team, campaign: Campaign
) -> None:
    counts = []
    for several in (["ada"], ["bob", "cyd", "dan"]):
        for name in several:
            came_by_a_link(campaign, team.eva, f"{name}@x.example")
        with CaptureQueriesContext(connection) as captured:
            identities(campaign)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 11


def test_nothing_is_said_where_everybody_is_known() -> None:
    assert identity_cautions([], "exclude") == []
