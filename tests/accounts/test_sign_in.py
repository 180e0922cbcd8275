"""One click signs in, once; a bad link says why it doesn't."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import SignInLink
from evalhub.accounts.sign_in import SignInError, sign_in_path, use_link
from tests.cast import Team


def token_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def test_the_link_signs_in_and_leads_an_owner_to_what_needs_them(team: Team) -> None:
    browser = Client()
    path = sign_in_path(team.olga)
    assert path == reverse("accounts:sign_in", args=[token_of(path)])
    assert "Sign in as olga" in browser.get(path).text
    answer = browser.post(path, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("home")
    assert "What needs you" in answer.text
    assert answer.context["user"] == team.olga


def test_the_link_leads_a_reviewer_to_their_reviews(team: Team) -> None:
    answer = Client().post(sign_in_path(team.rui), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("reviews:home")


def test_looking_at_the_link_in_advance_does_not_use_it_up(team: Team) -> None:
    path = sign_in_path(team.olga)
    for _ in range(3):
        prefetcher = Client()
        assert prefetcher.get(path).status_code == 200
        assert prefetcher.head(path).status_code == 200
        assert "_auth_user_id" not in prefetcher.session
    assert Client().post(path).url == reverse("home")


def test_a_link_works_once(team: Team) -> None:
    path = sign_in_path(team.olga)
    Client().post(path)
    second = Client()
    for answer in (second.get(path), second.post(path)):
        assert answer.status_code == 403
        assert "works once" in answer.text
    assert "_auth_user_id" not in second.session


@pytest.mark.django_db(transaction=True)
def test_of_many_calls_at_once_one_signs_in(team: Team) -> None:
    token = token_of(sign_in_path(team.olga))

    def use(_: int) -> bool:
        try:
            return use_link(token) == team.olga
        except SignInError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(8))) == 1


def test_only_the_digest_of_a_token_is_stored(team: Team) -> None:
    token = token_of(sign_in_path(team.olga))
    [link] = SignInLink.objects.all()
    assert link.digest == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) >= 40


def test_the_link_replaces_whoever_was_signed_in(olga: Client, team: Team) -> None:
    session = olga.session
    session["kept"] = "of Olga"
    session.save()
    path = sign_in_path(team.rui)
    assert "olga is signed in in this browser" in olga.get(path).text
    olga.post(path)
    assert olga.session["_auth_user_id"] == str(team.rui.pk)
    assert "kept" not in olga.session


def test_a_damaged_link_signs_nobody_in_and_says_so(team: Team) -> None:
    browser = Client()
    path = sign_in_path(team.olga)
    answer = browser.post(path.replace(token_of(path), token_of(path)[:-1]))
    assert answer.status_code == 403
    assert "copied whole" in answer.text
    assert "_auth_user_id" not in browser.session


def test_a_link_older_than_an_hour_signs_nobody_in(team: Team) -> None:
    path = sign_in_path(team.olga)
    [link] = SignInLink.objects.all()
    assert timedelta(minutes=59) < link.expires - timezone.now() <= timedelta(hours=1)
    SignInLink.objects.update(expires=timezone.now())
    answer = Client().post(path)
    assert answer.status_code == 403
    assert "older than an hour" in answer.text
    sign_in_path(team.olga)
    assert not SignInLink.objects.filter(pk=link.pk).exists()


def test_a_person_who_was_shut_out_has_no_way_in_by_an_old_link(team: Team) -> None:
    path = sign_in_path(team.olga)
    team.olga.is_active = False
    team.olga.save()
    assert Client().post(path).status_code == 403


def test_every_page_but_signing_in_asks_who_you_are(db: None) -> None:
    for name in ("home", "site:studies", "site:runs"):
        assert Client().get(reverse(name)).url.startswith(reverse("accounts:login"))


def test_name_and_password_sign_in_and_a_wrong_one_is_told(team: Team) -> None:
    team.olga.set_password("a long passphrase")
    team.olga.save()
    login = reverse("accounts:login")
    wrong = Client().post(login, {"login": "olga", "password": "no"})
    assert "don’t match" in wrong.text
    right = Client().post(login, {"login": "olga", "password": "a long passphrase"})
    assert right.url == reverse("home")


def test_signing_out_takes_a_post_and_ends_the_session(olga: Client) -> None:
    assert olga.get(reverse("accounts:logout")).status_code == 405
    olga.post(reverse("accounts:logout"))
    assert "_auth_user_id" not in olga.session
