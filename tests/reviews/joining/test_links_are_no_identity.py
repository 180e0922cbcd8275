"""Whoever invites sees the link that they made, and becomes nobody else by it."""

import html
import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import LogEntry, Membership, Project, Provenance, Role, User
from evalhub.declare.review import Design
from reviews.models import Campaign, Invitation, Judgment
from tests.cast import Team
from tests.reviews.joining.test_admit import a_campaign_with
from tests.reviews.joining.test_invite import a_campaign_with_seed, judged

LINK = re.compile(r"https?://localhost:8000(/(?:reviews/join|accounts/(?:join|sign-in))/[^\"<\s]+)")


def invites(client: Client, campaign: Campaign, whom: str) -> str:
    path = reverse("site:invite_people", args=[campaign.pk])
    return html.unescape(client.post(path, {"emails": whom}, follow=True).text)


def links(client: Client, campaign: Campaign, said: str) -> list[str]:
    """Every link that somebody sees who invites: as they do it, and on the review's page later."""
    page = client.get(reverse("site:campaign", args=[campaign.pk])).text
    return LINK.findall(said + page)


def who(client: Client) -> str | None:
    key: Any = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else None


@pytest.fixture
def own(team: Team, campaign: Campaign) -> Campaign:
    """A campaign of Eva's own, beside the one in which Rui reviews."""
    return a_campaign_with_seed(campaign, 9)


@pytest.mark.parametrize(
    "address",
    ["rui@example.org", " RUI@Example.ORG", "ｒｕｉ@example.org", "Rui@EXAMPLE.org", "rui", "RUI"],
)
def test_an_evaluator_never_becomes_the_reviewer_whom_they_invite(
    team: Team, own: Campaign, eva: Client, address: str
) -> None:
    said = invites(eva, own, address)
    found = links(eva, own, said)
    assert "waits in their own list" in said
    assert found == []
    thief = Client()
    for path in [
        *found,
        "/reviews/join/x/",
        f"/reviews/invitations/{Invitation.objects.get().pk}/",
    ]:
        thief.get(path)
        thief.post(path, {"answer": "accept"})
    assert who(thief) is None
    assert who(eva) == "eva"
    assert not own.reviewers.exists()
    assert User.objects.filter(email__iexact="rui@example.org").count() == 1


def test_what_waits_is_accepted_by_the_person_alone_after_signing_in(
    team: Team, own: Campaign, eva: Client, ruth: Client, rui: Client
) -> None:
    invites(eva, own, "rui@example.org")
    home, invitation = reverse("reviews:home"), Invitation.objects.get()
    assert "invites you to review" not in ruth.get(home).text
    answer = reverse("reviews:answer_invitation", args=[invitation.pk])
    for other in (eva, ruth):
        assert other.post(answer, {"answer": "accept"}).status_code == 404
    assert "eva invites you to review" in rui.get(home).text
    assert rui.post(answer, {"answer": "accept"}).status_code == 302
    assert own.reviewers.get().user == team.rui
    [event] = own.events.filter(kind="joined")
    assert (event.by, event.detail["new_account"]) == (team.rui, False)
    last = LogEntry.objects.first()
    assert last
    assert (last.action, last.by) == ("invitation-used", team.rui)


def test_what_waits_can_be_declined_and_is_gone(
    team: Team, own: Campaign, eva: Client, rui: Client
) -> None:
    invites(eva, own, "rui")
    answer = reverse("reviews:answer_invitation", args=[Invitation.objects.get().pk])
    rui.post(answer, {"answer": "decline"})
    assert "invites you" not in rui.get(reverse("reviews:home")).text
    assert rui.post(answer, {"answer": "accept"}).status_code == 403
    assert not own.reviewers.exists()


def test_the_person_s_mail_has_no_link_that_signs_in(
    team: Team, own: Campaign, eva: Client, settings: LazySettings
) -> None:
    settings.MAIL_URL = "smtp://localhost"
    invites(eva, own, "rui")
    [sent] = mail.outbox
    assert sent.to == ["rui@example.org"]
    assert re.findall(r"https?://\S+", str(sent.body)) == ["http://localhost:8000/reviews/"]


def test_a_new_address_s_link_is_mailed_and_shown_to_nobody(
    team: Team, own: Campaign, eva: Client, settings: LazySettings
) -> None:
    settings.MAIL_URL = "smtp://localhost"
    assert links(eva, own, invites(eva, own, "nora@example.org")) == []
    [path] = set(LINK.findall(str(mail.outbox[0].body)))
    Client().post(path)
    assert Provenance.objects.get(user__email="nora@example.org").confirmed is not None


def test_a_new_address_s_link_is_shown_once_and_its_token_is_kept_nowhere(
    team: Team, own: Campaign, eva: Client
) -> None:
    [path] = set(LINK.findall(invites(eva, own, "nora@example.org")))
    assert path not in eva.get(reverse("site:campaign", args=[own.pk])).text
    token = path.rstrip("/").rpartition("/")[2]
    assert token not in str([*Invitation.objects.values(), *LogEntry.objects.values()])
    made = Invitation.objects.get()
    assert made.digest is not None
    for forged in (made.digest, str(made.pk)):
        assert Client().post(f"/reviews/join/{forged}/").status_code == 403


def test_a_link_does_not_enter_an_account_that_was_made_meanwhile(
    team: Team, own: Campaign, eva: Client
) -> None:
    [path] = set(LINK.findall(invites(eva, own, "nora@example.org")))
    User.objects.create_user("nora", "Nora@Example.org")
    thief = Client()
    for answer in (thief.get(path), thief.post(path)):
        assert answer.status_code == 403
        assert "this link doesn’t enter" in html.unescape(answer.text).replace("'", "’") or (
            "which this link doesn't enter" in html.unescape(answer.text)
        )
    assert who(thief) is None


def test_a_link_changes_nobody_who_is_signed_in(
    team: Team, own: Campaign, eva: Client, stranger: Client
) -> None:
    [path] = set(LINK.findall(invites(eva, own, "nora@example.org")))
    for client, name in ((stranger, "sam"), (eva, "eva")):
        assert client.post(path).status_code == 403
        assert who(client) == name
    assert not own.reviewers.exists()


@pytest.mark.parametrize("other", ["address", "name"])
def test_of_two_accounts_with_one_address_neither_is_taken_for_the_other(
    team: Team, own: Campaign, eva: Client, other: str
) -> None:
    shared = "RUI@example.org"
    User.objects.create(username=shared if other == "name" else "rui2", email=shared)
    assert "tell them apart" in invites(eva, own, "rui@example.org")
    assert not Invitation.objects.exists()


def test_only_an_owner_invites_somebody_who_has_judged(
    team: Team, campaign: Campaign, own: Campaign, eva: Client, olga: Client
) -> None:
    judged(campaign, team.rui, "left")
    for whom in ("rui", "RUI@example.org"):
        assert "has judged answers before: only an owner" in invites(eva, own, whom)
    assert not Invitation.objects.exists()
    assert "waits in their own list" in invites(olga, own, "rui")
    assert Judgment.objects.count() == 1


def test_an_account_that_a_link_made_is_known_as_such_until_an_owner_confirms_it(
    team: Team, own: Campaign, eva: Client
) -> None:
    [path] = set(LINK.findall(invites(eva, own, "nora@example.org")))
    Client().post(path)
    made = Provenance.objects.get()
    assert (made.by, made.project, made.confirmed) == (team.eva, team.project, None)
    [event] = own.events.filter(kind="joined")
    assert event.detail["new_account"] is True


def test_an_account_that_its_inviter_may_have_opened_is_invited_nowhere_else(
    team: Team, own: Campaign, eva: Client
) -> None:
    [path] = set(LINK.findall(invites(eva, own, "nora@example.org")))
    Client().post(path)
    elsewhere = Project.objects.create(slug="elsewhere", name="Elsewhere")
    Membership.objects.create(project=elsewhere, user=team.sam, role=Role.OWNER)
    sam = team.signed_in(team.sam)
    address = reverse("site:members", args=["elsewhere"])
    said = sam.post(address, {"whom": "nora@example.org", "role": "reviewer"}, follow=True).text
    assert "somebody else could have opened" in said


def test_an_open_review_needs_no_link(team: Team) -> None:
    campaign = a_campaign_with(team, Design(invited_only=True))
    olga = team.signed_in(team.olga)
    invites(olga, campaign, "rui")
    rui = team.signed_in(team.rui)
    answer = reverse("reviews:answer_invitation", args=[Invitation.objects.get().pk])
    rui.post(answer, {"answer": "accept"})
    assert rui.get(reverse("reviews:campaign", args=[campaign.pk])).status_code == 200
