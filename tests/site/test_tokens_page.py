"""Tokens on their page: made once, shown once, revoked by whoever may."""

import re

import pytest
from django.test import Client

from evalhub.accounts.models import ApiToken
from tests.cast import Team

PAGE = "/projects/support-desk/tokens/"


def made_by(client: Client, **asked: object) -> str:
    form = {"name": "ci", "scopes": ["read", "run"], "days": "30"} | asked
    return client.post(PAGE, form).content.decode()


def test_a_token_is_shown_once_and_works(team: Team) -> None:
    eva = team.signed_in(team.eva)
    secret = re.search(r'value="(evh_[^"]+)"', made_by(eva))
    assert secret is not None
    asked = Client().get(
        "/api/v1/projects/support-desk/studies", headers={"Authorization": f"Bearer {secret[1]}"}
    )
    assert asked.status_code == 200
    page = eva.get(PAGE).content.decode()
    assert secret[1] not in page
    assert "ci <span" in page
    assert '<span class="dim">never</span>' not in page, "it has been used"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"name": " "}, "says what the token is for"),
        ({"scopes": []}, "none is given"),
        ({"scopes": ["all"]}, "isn&#x27;t one of them"),
        ({"days": "0"}, "lasts 1 to 366 days"),
        ({"days": "x"}, "lasts 1 to 366 days"),
    ],
)
def test_what_can_t_be_is_said_and_what_was_typed_stays(
    team: Team, asked: dict[str, object], says: str
) -> None:
    page = made_by(team.signed_in(team.eva), **asked)
    assert says in page
    assert not ApiToken.objects.exists()
    if "name" not in asked:
        assert 'value="ci"' in page


def test_each_sees_their_own_and_an_owner_all(team: Team) -> None:
    eva, olga = team.signed_in(team.eva), team.signed_in(team.olga)
    made_by(eva, name="eva-ci")
    made_by(olga, name="olga-ci")
    assert "olga-ci" not in eva.get(PAGE).content.decode()
    page = olga.get(PAGE).content.decode()
    assert "eva-ci" in page
    assert "olga-ci" in page


def test_only_an_owner_is_offered_the_scope_admin(team: Team) -> None:
    assert 'value="admin"' in team.signed_in(team.olga).get(PAGE).content.decode()
    eva = team.signed_in(team.eva)
    assert 'value="admin"' not in eva.get(PAGE).content.decode()
    assert eva.post(PAGE, {"name": "x", "scopes": ["admin"], "days": "9"}).status_code == 403


def test_it_is_revoked(team: Team) -> None:
    eva = team.signed_in(team.eva)
    made_by(eva)
    token = ApiToken.objects.get()
    eva.post(f"{PAGE}{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked is not None
    assert "revoked" in eva.get(PAGE).content.decode()


def test_one_s_account_leads_there(team: Team) -> None:
    assert PAGE in team.signed_in(team.eva).get("/accounts/").content.decode()
    assert "/tokens/" not in team.signed_in(team.rui).get("/accounts/").content.decode()
