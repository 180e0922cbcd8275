"""From an invitation's link to a place in the review, and a practice before it."""

import datetime
from typing import Any

import pytest
from django.core import mail
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import Action, LogEntry, Role, User
from evalhub.declare.review import Design
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.assign import End
from reviews.assignments.judge import form_nonce
from reviews.assignments.reviewers import let_in, pause_reviewer, remove_reviewer, set_quota
from reviews.errors import (
    CampaignEndedError,
    InvitationError,
    NotQualifiedError,
    PlanError,
    UnblindedError,
)
from reviews.joining.invite import Invited, accept, invite, mail_invitation, withdraw
from reviews.joining.qualify import practice_of, qualify
from reviews.models import Assignment, Campaign, Invitation, Reviewer
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.reviews.joining.test_admit import a_campaign_with
from tests.reviews.planning.test_planning import a_certain_campaign
from tests.reviews.steps import next_assignment, record

NORA = "nora@example.org"


def invited(campaign: Campaign, team: Team, **more: Any) -> Invited:
    return invite(campaign=campaign, by=team.olga, **{"email": NORA, "name": "Nora"} | more)


def judged(campaign: Campaign, user: User, choice: str) -> None:
    found = next_assignment(campaign=campaign, user=user)
    assert isinstance(found, Assignment)
    nonce = form_nonce(token=found.token, user=user)
    record(token=found.token, user=user, nonce=nonce, answer=ReviewerAnswer(choice))


def token_of(invited: Invited) -> str:
    return invited.path.rstrip("/").rpartition("/")[2]


def test_the_link_makes_an_account_a_member_and_a_reviewer(campaign: Campaign, team: Team) -> None:
    client = Client()
    path = invited(campaign, team, quota=5, tags=["de"]).path
    page = client.get(path)
    assert page.status_code == 200
    assert "Nora, you" in page.text
    assert campaign.question in page.text
    answer = client.post(path, follow=True)
    assert answer.status_code == 200
    assert campaign.question in answer.text
    nora = User.objects.get(email=NORA)
    assert not nora.has_usable_password()
    assert team.project.memberships.get(user=nora).role == Role.REVIEWER
    reviewer = campaign.reviewers.get(user=nora)
    assert (reviewer.quota, reviewer.tags, reviewer.state) == (5, ["de"], "active")
    assert client.get(reverse("reviews:campaign", args=[campaign.pk])).status_code == 200
    [entry] = LogEntry.objects.filter(action=Action.SIGNED_IN)
    assert (entry.by, entry.what) == (nora, "by invitation")


def test_a_visit_does_not_use_the_link_up(campaign: Campaign, team: Team) -> None:
    path = invited(campaign, team).path
    for _ in range(3):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code in (200, 405)
    assert Invitation.objects.get().used is None
    assert not User.objects.filter(email=NORA).exists()


def test_the_link_works_once(campaign: Campaign, team: Team) -> None:
    path = invited(campaign, team).path
    Client().post(path)
    second = Client()
    for answer in (second.get(path), second.post(path)):
        assert answer.status_code == 403
        assert "used" in answer.text
    assert "_auth_user_id" not in second.session
    assert campaign.reviewers.count() == 1


@pytest.mark.parametrize("spoiled", ["x", "a:b", ""])
def test_a_link_that_was_altered_lets_nobody_in(
    campaign: Campaign, team: Team, spoiled: str
) -> None:
    token = token_of(invited(campaign, team))
    for wrong in (token + spoiled + "x", token[:-2], Invitation.objects.get().digest or ""):
        with pytest.raises(InvitationError, match="damaged"):
            accept(token=wrong, user=None)


def test_a_link_ends_by_itself(campaign: Campaign, team: Team) -> None:
    invitation = invited(campaign, team)
    Invitation.objects.update(expires=F("expires") - datetime.timedelta(days=14, seconds=1))
    with pytest.raises(InvitationError, match="has ended"):
        accept(token=token_of(invitation), user=None)


def test_inviting_again_renews_the_link_and_ends_the_first(campaign: Campaign, team: Team) -> None:
    first, second = invited(campaign, team), invited(campaign, team)
    with pytest.raises(InvitationError, match="renewed"):
        accept(token=token_of(first), user=None)
    assert accept(token=token_of(second), user=None).email == NORA


def test_an_invitation_can_be_withdrawn_until_it_is_used(campaign: Campaign, team: Team) -> None:
    used, open_ = invited(campaign, team), invited(campaign, team, email="max@example.org")
    accept(token=token_of(used), user=None)
    for each in (used, open_):
        withdraw(invitation=each.invitation, by=team.olga)
    assert list(Invitation.objects.values_list("email", flat=True)) == [NORA]
    with pytest.raises(InvitationError):
        accept(token=token_of(open_), user=None)


@pytest.mark.parametrize("person", ["olga", "eva"])
def test_whoever_knows_the_arms_is_not_invited(campaign: Campaign, team: Team, person: str) -> None:
    with pytest.raises(UnblindedError):
        invited(campaign, team, email=getattr(team, person).email.upper())


@pytest.mark.parametrize("person", ["olga", "eva"])
def test_an_owner_who_opens_the_link_is_refused_and_leaves_it_open(
    campaign: Campaign, team: Team, person: str
) -> None:
    path = invited(campaign, team).path
    answer = team.signed_in(getattr(team, person)).post(path)
    assert answer.status_code == 403
    assert "sign out to use it" in answer.text
    assert Invitation.objects.get().used is None


def test_a_password_lets_a_reviewer_come_back(campaign: Campaign, team: Team) -> None:
    path = invited(campaign, team).path
    assert Client().post(path, {"password": "short"}).status_code == 400
    Client().post(path, {"password": "a long enough phrase"})
    client = Client()
    assert client.login(username=NORA, password="a long enough phrase")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"email": "no.address"}, "isn't a mail address"),
        ({"quota": 0}, "1 or more"),
        ({"days": 0}, "1 to 90 days"),
        ({"tags": ["<b>"]}, "use letters"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused(
    campaign: Campaign, team: Team, more: dict[str, Any], error: str
) -> None:
    with pytest.raises((InvitationError, PlanError), match=error):
        invited(campaign, team, **more)


def test_a_reviewer_is_not_invited_twice(campaign: Campaign, team: Team) -> None:
    next_assignment(campaign=campaign, user=team.rui)
    with pytest.raises(InvitationError, match="already"):
        invited(campaign, team, email=team.rui.email)


def test_a_campaign_that_has_ended_invites_nobody(campaign: Campaign, team: Team) -> None:
    invitation = invited(campaign, team)
    close_campaign(campaign=campaign, by=None)
    with pytest.raises(CampaignEndedError):
        invited(campaign, team)
    with pytest.raises(CampaignEndedError):
        accept(token=token_of(invitation), user=None)


def test_required_tags_are_vouched_for_by_whoever_invites(team: Team) -> None:
    campaign = a_campaign_with(team, Design(requires=("de", "law")))
    with pytest.raises(InvitationError, match="needs reviewers with: law"):
        invited(campaign, team, tags=["DE"])
    nora = accept(token=token_of(invited(campaign, team, tags=["law", "DE", "it"])), user=None)
    assert campaign.reviewers.get(user=nora).tags == ["de", "it", "law"]
    assert isinstance(next_assignment(campaign=campaign, user=nora), Assignment)


def test_the_mail_has_the_link_and_names_no_model(campaign: Campaign, team: Team) -> None:
    mail_invitation(invited=invited(campaign, team), url="https://evals.example.org/x")
    (sent,) = mail.outbox
    assert sent.to == [NORA]
    assert "https://evals.example.org/x" in sent.body
    assert campaign.question in sent.body
    assert "canary" not in f"{sent.subject} {sent.body}"


def test_the_way_in_names_no_model(campaign: Campaign, team: Team) -> None:
    path = invited(campaign, team).path
    client = Client()
    pages = [client.get(path), client.post(path, follow=True), client.get(path)]
    assert not any("canary" in page.text for page in pages)


def test_a_quota_ends_a_reviewers_turn(campaign: Campaign, team: Team) -> None:
    nora = accept(token=token_of(invited(campaign, team, quota=1)), user=None)
    judged(campaign, nora, "left")
    assert next_assignment(campaign=campaign, user=nora) == End("quota")
    set_quota(reviewer=campaign.reviewers.get(user=nora), quota=None, by=team.olga)
    assert isinstance(next_assignment(campaign=campaign, user=nora), Assignment)
    with pytest.raises(InvitationError):
        set_quota(reviewer=campaign.reviewers.get(user=nora), quota=0, by=team.olga)


def test_a_reviewer_is_paused_let_in_and_removed(campaign: Campaign, team: Team) -> None:
    next_assignment(campaign=campaign, user=team.rui)
    reviewer = campaign.reviewers.get(user=team.rui)
    for verb, end in ((pause_reviewer, End("paused")), (remove_reviewer, End("removed"))):
        verb(reviewer=reviewer, by=team.olga)
        assert next_assignment(campaign=campaign, user=team.rui) == end
        let_in(reviewer=reviewer, by=team.olga)
        assert isinstance(next_assignment(campaign=campaign, user=team.rui), Assignment)
    remove_reviewer(reviewer=reviewer, by=team.olga)
    pause_reviewer(reviewer=reviewer, by=team.olga)
    assert reviewer.state == "removed", "a pause doesn't bring anybody back"
    events = campaign.events.filter(kind="reviewer")
    assert {each.by for each in events} == {team.olga}
    assert [each.detail["state"] for each in events] == [
        "paused",
        "active",
        "removed",
        "active",
        "removed",
    ]


def practised(campaign: Campaign, user: User, *, right: bool) -> None:
    """All of a reviewer's practice, answered as expected or just the other way round."""
    while isinstance(found := next_assignment(campaign=campaign, user=user), Assignment):
        if found.pair.kind != "practice":
            return
        left = (found.pair.expected == "candidate") == found.candidate_on_left
        judged(campaign, user, "left" if left == right else "right")


def test_practice_comes_before_the_first_real_pair_and_lets_in_who_passes(team: Team) -> None:
    campaign = a_certain_campaign(team, Design(practice=4, pass_mark=0.75))
    nora = accept(token=token_of(invited(campaign, team)), user=None)
    assert campaign.reviewers.get(user=nora).state == "practising"
    with pytest.raises(NotQualifiedError):
        qualify(campaign=campaign, user=nora)
    practised(campaign, nora, right=True)
    assert next_assignment(campaign=campaign, user=nora) == End("practice")
    found = practice_of(campaign=campaign, user=nora)
    assert (found.right, found.pairs, found.needed, found.passed) == (4, 4, 3, True)
    client = team.signed_in(nora)
    page = client.get(reverse("reviews:practice", args=[campaign.pk]))
    assert "You are in" in page.text
    assert "finds one of the two answers right" in page.text
    client.post(reverse("reviews:practice", args=[campaign.pk]))
    first = next_assignment(campaign=campaign, user=nora)
    assert isinstance(first, Assignment)
    assert first.pair.kind == "main"


def test_practice_that_is_not_passed_waits_for_the_owner(team: Team) -> None:
    campaign = a_certain_campaign(team, Design(practice=4, pass_mark=0.75))
    next_assignment(campaign=campaign, user=team.rui)
    practised(campaign, team.rui, right=False)
    page = team.signed_in(team.rui).get(reverse("reviews:practice", args=[campaign.pk]))
    assert "Not this time" in page.text
    with pytest.raises(NotQualifiedError):
        qualify(campaign=campaign, user=team.rui)
    let_in(reviewer=Reviewer.objects.get(user=team.rui), by=team.olga)
    assert isinstance(next_assignment(campaign=campaign, user=team.rui), Assignment)


def test_feedback_speaks_of_sides_as_they_were_seen(team: Team) -> None:
    campaign = a_certain_campaign(team, Design(practice=4))
    next_assignment(campaign=campaign, user=team.rui)
    practised(campaign, team.rui, right=False)
    answers = practice_of(campaign=campaign, user=team.rui).answers
    assert {each.right for each in answers} == {False}
    for each in answers:
        assert {each.said, each.expected} == {"Left is better", "Right is better"}


def test_somebody_elses_practice_is_not_there(campaign: Campaign, team: Team) -> None:
    path = reverse("reviews:practice", args=[campaign.pk])
    assert team.signed_in(team.sam).get(path).status_code == 404
    assert team.signed_in(team.eva).get(path).status_code == 403
    assert team.signed_in(team.rui).post(path).status_code == 403


def test_an_expiry_lies_in_the_future(campaign: Campaign, team: Team) -> None:
    left = invited(campaign, team, days=3).invitation.expires - timezone.now()
    assert datetime.timedelta(days=2, hours=23) < left <= datetime.timedelta(days=3)


def a_campaign_with_seed(campaign: Campaign, seed: int) -> Campaign:
    from tests.reviews.asking import a_review

    pair = campaign.pairs.latest("pk")
    assert pair.candidate_output is not None
    return a_review(
        study=campaign.study,
        baseline_run=pair.baseline_output.run,
        candidate_run=pair.candidate_output.run,
        items=6,
        reviewers_per_item=1,
        seed=seed,
        design=Design(invited_only=True),
    )
