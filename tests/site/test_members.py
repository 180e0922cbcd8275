"""Owners manage members on a page; who does so can't lose the project or raise themselves."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import (
    Action,
    LogEntry,
    MemberInvitation,
    Membership,
    Provenance,
    ResultsSeen,
    User,
)
from tests.cast import Team, a_team
from tests.forms_read import Browser

PAGE = "/projects/support-desk/members/"
LINK = re.compile(r"http://localhost:8000(/accounts/join/[^\"]+)")


def member(team: Team, user: User) -> Membership:
    return team.project.memberships.get(user=user)


def does(client: Client, team: Team, user: User, verb: str, **more: str) -> str:
    path = reverse("site:change_member", args=["support-desk", member(team, user).pk])
    answer: Any = client.post(path, {"verb": verb, **more}, follow=True)
    return html.unescape(answer.text)


def invites(client: Client, whom: str, role: str = "reviewer") -> str:
    return html.unescape(client.post(PAGE, {"whom": whom, "role": role}, follow=True).text)


def roles(team: Team) -> dict[str, str]:
    return dict(team.project.memberships.values_list("user__username", "role"))


def test_an_owner_sees_members_with_roles_and_their_last_sign_in(olga: Client, team: Team) -> None:
    shown = olga.get(PAGE).text
    assert all(name in shown for name in ("olga", "eva", "rui", "ruth"))
    assert "sam" not in shown
    assert "never" in shown
    assert f'href="{reverse("site:projects")}"' in shown


@pytest.mark.parametrize("person", ["eva", "rui"])
def test_other_members_are_refused_at_each_address(team: Team, person: str) -> None:
    client = team.signed_in(getattr(team, person))
    for path in (PAGE, "/projects/", "/projects/support-desk/log/", "/log/"):
        assert client.get(path).status_code == 403, path


def test_another_project_is_not_there(team: Team, stranger: Client, olga: Client) -> None:
    other = a_team("Others", "others")
    other.project.memberships.all().delete()
    other.project.memberships.create(user=team.sam, role="owner")
    for path in ("members/", "log/"):
        assert stranger.get(f"/projects/support-desk/{path}").status_code == 404
        assert olga.get(f"/projects/others/{path}").status_code == 404
    pk = member(team, team.rui).pk
    assert stranger.post(f"/projects/others/members/{pk}/", {"verb": "remove"}).status_code == 404


def test_a_role_is_changed_and_an_evaluator_stays_unblinded(olga: Client, team: Team) -> None:
    assert "rui is evaluator now" in does(olga, team, team.rui, "role", role="evaluator")
    assert ResultsSeen.objects.filter(user=team.rui).exists()
    assert "stays unblinded" in does(olga, team, team.rui, "role", role="reviewer")
    assert roles(team)["rui"] == "reviewer"
    told = LogEntry.objects.filter(about=team.rui).values_list("by__username", "what")
    assert list(told) == [
        ("olga", "evaluator → reviewer"),
        ("olga", "reviewer → evaluator"),
    ]


@pytest.mark.parametrize("verb", ["role", "remove"])
def test_an_owner_goes_once_there_is_another(olga: Client, team: Team, verb: str) -> None:
    does(olga, team, team.eva, "role", role="owner")
    does(olga, team, team.olga, verb, role="reviewer")
    assert roles(team).get("olga") == (None if verb == "remove" else "reviewer")


def test_an_owner_who_cannot_sign_in_is_no_other_owner(olga: Client, team: Team) -> None:
    does(olga, team, team.eva, "role", role="owner")
    User.objects.filter(pk=team.eva.pk).update(is_active=False)
    assert "is the only owner" in does(olga, team, team.olga, "remove")


def test_nobody_raises_themselves_not_even_who_administers_the_site(team: Team) -> None:
    User.objects.filter(pk=team.eva.pk).update(is_superuser=True)
    root = User.objects.get(pk=team.eva.pk)
    said = does(team.signed_in(root), team, root, "role", role="owner")
    assert "Nobody gives themselves a higher role" in said
    assert roles(team)["eva"] == "evaluator"


def test_who_is_removed_finds_no_page_any_more(olga: Client, team: Team, eva: Client) -> None:
    assert eva.get("/studies/").status_code == 200
    assert "eva is no member any more" in does(olga, team, team.eva, "remove")
    assert eva.get("/studies/").status_code == 403
    [entry] = LogEntry.objects.filter(action="member-removed")
    assert (entry.by, entry.about, entry.what) == (team.olga, team.eva, "evaluator")


def test_an_existing_account_answers_in_its_own_list(
    olga: Client, team: Team, stranger: Client, rui: Client
) -> None:
    said = invites(olga, "SAM@example.org", "evaluator")
    assert "waits in their own list" in said
    assert not LINK.findall(said)
    invitation = MemberInvitation.objects.get()
    answer = reverse("reviews:answer_membership", args=[invitation.pk])
    assert rui.post(answer, {"answer": "accept"}).status_code == 404
    assert "olga invites you" in stranger.get(reverse("reviews:home")).text
    stranger.post(answer, {"answer": "accept"})
    assert roles(team)["sam"] == "evaluator"
    assert stranger.post(answer, {"answer": "accept"}).status_code == 403


def test_a_member_is_not_made_by_who_says_no(olga: Client, team: Team, stranger: Client) -> None:
    invites(olga, "sam")
    answer = reverse("reviews:answer_membership", args=[MemberInvitation.objects.get().pk])
    stranger.post(answer, {"answer": "decline"})
    assert "sam" not in roles(team)
    assert "invites you" not in stranger.get(reverse("reviews:home")).text


def test_a_new_address_gets_a_link_that_makes_one_account_once(olga: Client, team: Team) -> None:
    [path] = set(LINK.findall(invites(olga, "Nora@example.org", "evaluator")))
    assert path not in olga.get(PAGE).text
    client = Client()
    assert client.get(path).status_code == 200
    assert client.post(path, {"password": "short"}).status_code == 400
    assert client.post(path, {"password": "a long enough phrase"}).status_code == 302
    assert client.get("/studies/").status_code == 200
    assert roles(team)["nora@example.org"] == "evaluator"
    for again in (Client(), client):
        assert again.get(path).status_code == 403
    nora = User.objects.get(email="nora@example.org")
    [entry] = LogEntry.objects.filter(action=Action.SIGNED_IN)
    assert (entry.by, entry.what) == (nora, "by invitation")


def test_a_link_is_no_way_in_for_who_is_signed_in_or_has_an_account(
    olga: Client, team: Team
) -> None:
    [path] = set(LINK.findall(invites(olga, "nora@example.org", "owner")))
    assert olga.post(path).status_code == 403
    User.objects.create(username="NORA@example.org")
    thief = Client()
    assert thief.post(path).status_code == 403
    assert "_auth_user_id" not in thief.session
    assert len(roles(team)) == 4


def test_an_owner_confirms_whose_an_account_is_and_nobody_their_own(
    olga: Client, team: Team
) -> None:
    [path] = set(LINK.findall(invites(olga, "nora@example.org", "owner")))
    nora = Browser()
    nora.post(path)
    user = User.objects.get(email="nora@example.org")
    assert "nobody has confirmed" in html.unescape(olga.get(PAGE).text)
    assert "Another owner has to confirm" in does(nora, team, user, "confirm")
    assert Provenance.objects.get().confirmed is None
    does(olga, team, user, "confirm")
    assert Provenance.objects.get().confirmed_by == team.olga
    assert "nobody has confirmed" not in html.unescape(olga.get(PAGE).text)


def test_an_invitation_is_withdrawn_by_an_owner_or_with_their_role(
    olga: Client, team: Team
) -> None:
    [path] = set(LINK.findall(invites(olga, "nora@example.org")))
    withdraw = reverse(
        "site:withdraw_member", args=["support-desk", MemberInvitation.objects.get().pk]
    )
    olga.post(withdraw)
    assert Client().post(path).status_code == 403
    does(olga, team, team.eva, "role", role="owner")
    [path] = set(LINK.findall(invites(team.signed_in(team.eva), "max@example.org", "owner")))
    does(olga, team, team.eva, "role", role="evaluator")
    assert Client().post(path).status_code == 403


def test_a_role_or_a_verb_that_there_is_not_is_404(olga: Client, team: Team) -> None:
    path = f"{PAGE}{member(team, team.rui).pk}/"
    assert olga.post(path, {"verb": "role", "role": "king"}).status_code == 404
    assert olga.post(path, {"verb": "crown"}).status_code == 404
    assert olga.post(PAGE, {"whom": "sam", "role": ""}).status_code == 404
    assert "isn't a mail address" in invites(olga, "no.body" + "x" * 300)
