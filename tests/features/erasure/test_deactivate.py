"""`evalhub user deactivate`: the account lets nobody in; what its person judged stays."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.members import invite_member
from evalhub.accounts.models import ApiToken, LogEntry, MemberInvitation, Role, SignInLink, User
from evalhub.accounts.sign_in import sign_in_path
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from reviews.assignments.seats import REST
from reviews.chain.verify import verify
from reviews.models import Assignment, Judgment, Reviewer
from tests.accounts.test_provider import provider, sign_in
from tests.cast import Team
from tests.fakes.oidc_server import OIDCServer
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.conftest import a_campaign

__all__ = ["provider"]
pytestmark = pytest.mark.django_db
Capture = pytest.CaptureFixture[str]
PASSWORD = "a long passphrase"


def deactivated(name: str, capsys: Capture) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["user", "deactivate", name, "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def signed_in_by_password(name: str) -> Client:
    client = Client()
    client.post(reverse("accounts:login"), {"login": name, "password": PASSWORD})
    return client


def lets_in(client: Client) -> bool:
    return client.get(reverse("accounts:account")).status_code == 200


def test_sessions_tokens_and_links_end_at_once_and_stay_ended(team: Team, capsys: Capture) -> None:
    team.eva.set_password(PASSWORD)
    team.eva.save()
    session = signed_in_by_password("eva")
    assert lets_in(session)
    secret = add_token(
        project=team.project, user=team.eva, name="ci", scopes=["read"], by=team.eva
    ).secret
    headers = {"Authorization": f"Bearer {secret}"}
    api = reverse("api:project", args=[team.project.slug])
    assert Client(headers=headers).get(api).status_code == 200
    link = sign_in_path(team.eva)

    told = deactivated("eva", capsys)
    assert told == {"user": "eva", "tokens": 1, "reviews": []}
    for _ in ("deactivated", "let in again"):
        assert not lets_in(session)
        assert Client(headers=headers).get(api).status_code == 401
        page = Client().post(link, follow=True)
        assert page.status_code == 403
        run(["user", "reactivate", "eva"])
    assert lets_in(signed_in_by_password("eva"))
    assert not ApiToken.objects.filter(revoked=None).exists()
    assert not SignInLink.objects.filter(user=team.eva).exists()
    assert team.eva.memberships.get().role == Role.EVALUATOR


def test_no_way_in_opens_while_somebody_is_deactivated(
    team: Team, provider: OIDCServer, capsys: Capture
) -> None:
    nora = sign_in(provider).context["user"]
    nora.set_password(PASSWORD)
    nora.save()
    deactivated("nora", capsys)
    assert not lets_in(signed_in_by_password("nora"))
    refused = sign_in(provider)
    assert "_auth_user_id" not in refused.client.session
    assert User.objects.filter(username__startswith="nora").count() == 1
    assert run(["user", "reactivate", "nora"]) == 0
    assert lets_in(sign_in(provider).client)


def test_judgments_stay_and_others_judge_what_was_at_hand(team: Team, capsys: Capture) -> None:
    campaign = a_campaign(team, items=2, reviewers_per_item=1)
    answer(deal(campaign, team.rui), team.rui)
    deal(campaign, team.rui)
    before = list(Judgment.objects.order_by("pk").values())
    assert len(before) == 1
    assert deactivated("rui", capsys)["reviews"] == [campaign.pk]
    assert list(Judgment.objects.order_by("pk").values()) == before
    assert Reviewer.objects.get(user=team.rui).state == "removed"
    soon = timezone.now() + REST
    assert not Assignment.objects.filter(state="leased", lease_until__gt=soon).exists()
    let_leases_end(campaign)
    answer(deal(campaign, team.ruth), team.ruth)
    assert verify(campaign).faults == []


def test_invitations_that_they_made_end_and_the_log_has_it_all(team: Team, capsys: Capture) -> None:
    run(["user", "add", "deputy", "--project", team.project.slug, "--role", "owner"])
    invite_member(project=team.project, whom="x@example.org", role=Role.OWNER, by=team.olga)
    deactivated("olga", capsys)
    assert not MemberInvitation.objects.exists()
    newest = LogEntry.objects.first()
    assert newest is not None
    assert (newest.action, newest.about, newest.by) == ("deactivated", team.olga, None)
    assert run(["user", "list"]) == 0
    assert "olga: not active, owner of support-desk" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deactivate", "olga"], "olga is the only owner of support-desk"),
        (["deactivate", "root"], "root alone administers the site"),
        (["deactivate", "sam"], "sam is deactivated already"),
        (["deactivate", "nobody"], "there is no user nobody"),
        (["reactivate", "eva"], "eva isn't deactivated"),
        (["reactivate", "erased-1"], "erased-1 was erased"),
    ],
)
def test_who_can_not_be_is_refused_and_nothing_changes(
    words: list[str], said: str, team: Team, capsys: Capture
) -> None:
    User.objects.create_superuser("root")
    User.objects.filter(username="sam").update(is_active=False)
    assert run(["user", "erase", "rui", "--yes"]) == 0
    User.objects.filter(username__startswith="erased-").update(username="erased-1")
    before = list(User.objects.order_by("pk").values())
    assert run(["user", *words]) == 64
    assert said in capsys.readouterr().err
    assert list(User.objects.order_by("pk").values()) == before


def test_unticking_active_in_the_admin_ends_the_same_ways_in(team: Team) -> None:
    root = User.objects.create_superuser("root")
    add_token(project=team.project, user=team.eva, name="ci", scopes=["read"], by=team.eva)
    session = team.signed_in(team.eva)
    admin = Client()
    admin.force_login(root)
    address = reverse("admin:accounts_user_change", args=[team.eva.pk])
    form = {
        "username": "eva",
        "email": team.eva.email,
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    answer = admin.post(address, form)
    assert answer.status_code == 302, answer.text
    team.eva.refresh_from_db()
    assert not team.eva.is_active
    assert not ApiToken.objects.filter(revoked=None).exists()
    admin.post(address, form | {"is_active": "on"})
    assert not lets_in(session)
