"""One click signs in; a bad link says why it doesn't."""

from datetime import datetime, timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from evalhub.accounts.sign_in import SignInError, sign_in_path, user_of
from tests.cast import Team


def token_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def test_the_link_signs_in_and_leads_an_owner_to_the_studies(team: Team) -> None:
    browser = Client()
    answer = browser.get(sign_in_path(team.olga), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("dashboard:studies")
    assert answer.context["user"] == team.olga


def test_the_link_leads_a_reviewer_to_their_reviews(team: Team) -> None:
    answer = Client().get(sign_in_path(team.rui), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("reviews:home")


def test_the_link_replaces_whoever_was_signed_in(olga: Client, team: Team) -> None:
    session = olga.session
    session["kept"] = "of Olga"
    session.save()
    olga.get(sign_in_path(team.rui))
    assert olga.session["_auth_user_id"] == str(team.rui.pk)
    assert "kept" not in olga.session


def test_a_damaged_link_signs_nobody_in_and_says_so(team: Team) -> None:
    browser = Client()
    answer = browser.get(sign_in_path(team.olga).replace(":", "x:", 1))
    assert answer.status_code == 403
    assert "damaged" in answer.text
    assert "_auth_user_id" not in browser.session


def test_a_link_older_than_twelve_hours_signs_nobody_in(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(sign_in_path(team.olga))
    late = datetime.now().timestamp() + timedelta(hours=12, seconds=5).total_seconds()
    monkeypatch.setattr(signing.time, "time", lambda: late)
    with pytest.raises(SignInError, match="older than 12 hours"):
        user_of(token)


def test_a_person_who_was_shut_out_has_no_way_in_by_an_old_link(team: Team) -> None:
    path = sign_in_path(team.olga)
    team.olga.is_active = False
    team.olga.save()
    assert Client().get(path).status_code == 403


def test_every_page_but_signing_in_asks_who_you_are(db: None) -> None:
    for name in ("home", "dashboard:studies", "dashboard:runs"):
        assert Client().get(reverse(name)).url.startswith(reverse("accounts:login"))


def test_name_and_password_sign_in_and_a_wrong_one_is_told(team: Team) -> None:
    team.olga.set_password("a long passphrase")
    team.olga.save()
    login = reverse("accounts:login")
    wrong = Client().post(login, {"username": "olga", "password": "no"})
    assert "don’t match" in wrong.text
    right = Client().post(login, {"username": "olga", "password": "a long passphrase"})
    assert right.url == reverse("home")


def test_signing_out_takes_a_post_and_ends_the_session(olga: Client) -> None:
    assert olga.get(reverse("accounts:logout")).status_code == 405
    olga.post(reverse("accounts:logout"))
    assert "_auth_user_id" not in olga.session
