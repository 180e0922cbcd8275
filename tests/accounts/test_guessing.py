"""Passwords can't be guessed, by no door, and nobody can lock an owner out for long."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts import guessing
from evalhub.accounts.models import User
from evalhub.accounts.sign_in import sign_in_path
from tests.cast import Team

PASSWORD = "a long passphrase"


@pytest.fixture(autouse=True)
def passwords(team: Team) -> Iterator[None]:
    for user in (team.olga, team.eva):
        user.set_password(PASSWORD)
        user.save()
    yield
    cache.clear()


def attempt(
    name: str, password: str, address: str = "10.0.0.1", client: Client | None = None
) -> HttpResponse:
    """Somebody at this address, whose browser is new, signs in with this name and password."""
    browser = client or Client()
    fields = {"login": name, "password": password}
    return browser.post(reverse("accounts:login"), fields, REMOTE_ADDR=address)


def later(monkeypatch: pytest.MonkeyPatch, wait: timedelta) -> None:
    """As though this long had passed."""
    now = timezone.now().timestamp() + wait.total_seconds()
    monkeypatch.setattr("allauth.core.internal.ratelimit.time.time", lambda: now)


def test_after_forty_wrong_passwords_the_right_one_does_not_get_in(team: Team) -> None:
    answers = [attempt("olga", f"wrong {number}") for number in range(40)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 35
    browser = Client()
    answer = attempt("olga", PASSWORD, client=browser)
    assert answer.status_code == 429
    assert "Try again at" in answer.text
    assert "in 5 minutes" in answer.text
    assert 0 < int(answer["Retry-After"]) <= 300
    assert "_auth_user_id" not in browser.session


def test_after_the_wait_the_right_one_gets_in(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        attempt("olga", f"wrong {number}")
    later(monkeypatch, timedelta(minutes=5, seconds=1))
    assert attempt("olga", PASSWORD).status_code == 302


def test_a_name_in_another_spelling_or_its_mail_address_is_the_same_account(team: Team) -> None:
    names = ["olga", "OLGA", "Olga", "olga@example.org", "Olga@Example.org", "olga"]
    assert [attempt(name, "wrong").status_code for name in names] == [200] * 5 + [429]


def test_a_name_that_nobody_has_is_refused_in_the_same_way(team: Team) -> None:
    for name in ("olga", "nobody"):
        answers = [attempt(name, f"wrong {number}") for number in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert "don’t match" in answers[0].text


def test_somebody_elsewhere_does_not_lock_an_owner_out(team: Team) -> None:
    for number in range(40):
        attempt("olga", f"wrong {number}", address="10.0.0.66")
    assert attempt("olga", PASSWORD, address="10.0.0.1").status_code == 302


def test_many_addresses_together_guess_fifty_times_an_hour(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [
        attempt("olga", f"wrong {number}", address=f"10.0.1.{number}") for number in range(52)
    ]
    assert [answer.status_code for answer in answers] == [200] * 50 + [429] * 2
    assert attempt("eva", PASSWORD, address="10.0.1.1").status_code == 302
    assert Client().post(sign_in_path(team.olga)).status_code == 302  # links aren't guessed
    later(monkeypatch, timedelta(hours=1, seconds=1))
    assert attempt("olga", PASSWORD).status_code == 302


def test_one_address_tries_thirty_accounts_and_no_more(team: Team) -> None:
    answers = [attempt(f"person{number}", "wrong") for number in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]


def test_right_passwords_do_not_count(team: Team) -> None:
    assert [attempt("olga", PASSWORD).status_code for _ in range(20)] == [302] * 20


def test_an_address_that_the_browser_claims_is_not_believed(team: Team) -> None:
    statuses = [
        Client()
        .post(
            reverse("accounts:login"),
            {"login": "olga", "password": "wrong"},
            REMOTE_ADDR="10.0.0.1",
            headers={"X-Forwarded-For": f"10.9.9.{number}", "X-Real-IP": f"10.9.9.{number}"},
        )
        .status_code
        for number in range(6)
    ]
    assert statuses == [200] * 5 + [429]


def test_the_admins_own_page_asks_for_no_password(team: Team) -> None:
    browser = Client()
    fields = {"username": "olga", "password": PASSWORD}
    answer = browser.post(reverse("admin:login") + "?next=/admin/", fields)
    assert answer.url == f"{reverse('accounts:login')}?next=/admin/"
    assert "_auth_user_id" not in browser.session
    assert "oldpassword" not in browser.get(reverse("admin:password_change"), follow=True).text


def test_who_does_not_administer_the_site_is_told_so_by_the_admin(olga: Client) -> None:
    answer = olga.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "administer" in answer.text


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_two_processes_count_together(team: Team) -> None:
    """Guesses in other processes count here: they are kept in the database."""
    code = (
        "import sys, django\n"
        "from django.conf import settings\n"
        "settings.DATABASES['default']['NAME'] = sys.argv[1]\n"
        "settings.ALLOWED_HOSTS = ['testserver']\n"
        "django.setup()\n"
        "from django.test import Client\n"
        "fields = {'login': 'olga', 'password': 'wrong'}\n"
        "print(Client().post('/accounts/login/', fields, REMOTE_ADDR='10.0.0.1').status_code)\n"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "evalhub.settings"}
    said = [
        subprocess.run(
            [sys.executable, "-c", code, str(connection.settings_dict["NAME"])],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["200", "200"]
    here = [attempt("olga", f"wrong {number}").status_code for number in range(4)]
    assert here == [200] * 3 + [429]


def test_signing_in_asks_the_database_little(team: Team) -> None:
    attempt("olga", "wrong")
    with CaptureQueriesContext(connection) as asked:
        attempt("olga", "wrong")
    assert len(asked) < 90


def test_rates_are_the_documented_ones() -> None:
    assert guessing.RATES == {
        "account_from_address": "5/5m/key",
        "address": "30/10m/ip",
        "account": "50/h/key",
    }
    assert User.objects.count() == 5
