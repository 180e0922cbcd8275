"""One's own account: password, mail address, sessions; and what the audit log keeps of it."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from evalhub.accounts.models import Action, LogEntry, User
from evalhub.accounts.sign_in import sign_in_path
from tests.cast import Team

ACCOUNT = "/accounts/"
OLD, NEW = "the old passphrase", "the new passphrase"


@pytest.fixture
def with_mail(settings: Settings) -> None:
    settings.MAIL_URL = "smtp://mail.example.org"


def with_password(user: User) -> None:
    user.set_password(OLD)
    user.save()


def is_signed_in(browser: Client) -> bool:
    return browser.get(ACCOUNT).status_code == 200


def by_password(name: str, password: str, **query: str) -> Client:
    browser = Client()
    browser.post(reverse("accounts:login"), {"login": name, "password": password} | query)
    return browser


def mails(number: int) -> list[str]:
    """What was sent: a thread sends it, so that nobody can time it."""
    until = time.monotonic() + 10
    while len(mail.outbox) < number and time.monotonic() < until:
        time.sleep(0.01)
    return [str(each.body) for each in mail.outbox]


def test_who_came_by_a_link_sets_a_password_and_signs_in_by_it(team: Team) -> None:
    team.olga.set_unusable_password()
    team.olga.save()
    browser = Client()
    browser.post(sign_in_path(team.olga))
    assert "You have no password yet" in browser.get(ACCOUNT).text
    fields = {"password1": NEW, "password2": NEW}
    answer = browser.post(reverse("account_set_password"), fields, follow=True)
    assert "The password is set" in answer.text
    assert is_signed_in(by_password("olga", NEW))


@pytest.mark.parametrize("page", ["account_set_password", "mfa_add_webauthn", "account_email"])
def test_who_came_by_a_link_opens_each_page_that_adds_a_way_in(
    team: Team, with_mail: None, page: str
) -> None:
    """Also who has a confirmed mail address: no code is sent there, as allauth 65.22 would."""
    EmailAddress.objects.create(user=team.olga, email="olga@example.org", verified=True)
    team.olga.set_unusable_password()
    team.olga.save()
    browser = Client()
    browser.post(sign_in_path(team.olga))
    assert browser.get(reverse(page)).status_code == 200
    assert not mail.outbox


@pytest.mark.parametrize("page", ["mfa_add_webauthn", "account_email"])
def test_who_came_by_a_link_and_has_a_password_gives_it_first(
    team: Team, with_mail: None, page: str
) -> None:
    with_password(team.olga)
    browser = Client()
    browser.post(sign_in_path(team.olga))
    answer = browser.get(reverse(page), follow=True)
    assert "Is it still you?" in answer.text
    answer = browser.post(answer.request["PATH_INFO"], {"password": OLD, "next": reverse(page)})
    assert answer.url == reverse(page)
    assert browser.get(reverse(page)).status_code == 200


def test_a_poor_password_is_refused_with_the_reason(olga: Client, team: Team) -> None:
    with_password(team.olga)
    browser = by_password("olga", OLD)
    for poor, why in {"short": "too short", "password1": "too common"}.items():
        fields = {"oldpassword": OLD, "password1": poor, "password2": poor}
        assert why in browser.post(reverse("account_change_password"), fields).text
    fields = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    assert is_signed_in(browser)
    browser.post(reverse("account_change_password"), fields)
    assert not is_signed_in(by_password("olga", NEW))


def test_another_password_ends_all_other_sessions(team: Team) -> None:
    with_password(team.olga)
    here, there = by_password("olga", OLD), by_password("olga", OLD)
    fields = {"oldpassword": OLD, "password1": NEW, "password2": NEW}
    here.post(reverse("account_change_password"), fields)
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_signing_out_everywhere_else_ends_all_other_sessions(team: Team) -> None:
    here, there, rui = (team.signed_in(user) for user in (team.olga, team.olga, team.rui))
    for _ in range(2):
        answer = here.post(reverse("accounts:sign_out_elsewhere"), follow=True)
        assert "signed out everywhere else" in answer.text
        assert is_signed_in(here)
        assert not is_signed_in(there)
        assert is_signed_in(rui)
        there = team.signed_in(User.objects.get(pk=team.olga.pk))
        assert is_signed_in(there)


def test_each_sign_in_makes_a_new_session_that_ends_in_two_weeks(team: Team) -> None:
    """A session that somebody else put into the browser isn't the one that is signed in."""
    with_password(team.olga)
    browser = Client()
    browser.get(reverse("accounts:login"))
    session = browser.session
    session["put there"] = True
    session.save()
    browser.cookies["sessionid"] = session.session_key
    browser.post(reverse("accounts:login"), {"login": "olga", "password": OLD})
    assert browser.cookies["sessionid"].value != session.session_key
    assert browser.cookies["sessionid"]["max-age"] == 14 * 24 * 3600
    assert browser.cookies["sessionid"]["httponly"]
    other = Client()
    other.cookies["sessionid"] = session.session_key
    assert not is_signed_in(other)


def test_signing_in_leads_to_no_other_site(team: Team) -> None:
    with_password(team.olga)
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"):
        fields = {"login": "olga", "password": OLD, "next": elsewhere}
        assert Client().post(reverse("accounts:login"), fields).url == reverse("home")


def test_who_was_shut_out_does_not_come_in_by_password(team: Team) -> None:
    with_password(team.olga)
    User.objects.filter(pk=team.olga.pk).update(is_active=False)
    browser = Client()
    fields = {"login": "olga", "password": OLD}
    answer = browser.post(reverse("accounts:login"), fields, follow=True)
    assert "can’t sign in any more" in answer.text
    assert not is_signed_in(browser)


def test_without_mail_nothing_needs_it(team: Team) -> None:
    with_password(team.olga)
    browser = by_password("olga", OLD)
    assert "Forgotten" not in Client().get(reverse("accounts:login")).text
    assert "This site sends no mail" in browser.get(ACCOUNT).text
    for name in ("account_reset_password", "account_reset_password_done", "account_email"):
        assert browser.get(reverse(name)).status_code == 404


def test_a_forgotten_password_is_set_by_a_link_in_the_mail(team: Team, with_mail: None) -> None:
    with_password(team.olga)
    signed_in = by_password("olga", OLD)
    Client().post(reverse("account_reset_password"), {"email": "Olga@example.org"})
    [body] = mails(1)
    [link] = re.findall(r"http://localhost:8000(/\S+)", body)
    browser = Client()
    page = browser.get(link, follow=True)
    assert "A new password" in page.text
    fields = {"password1": NEW, "password2": NEW}
    answer = browser.post(page.request["PATH_INFO"], fields, follow=True)
    assert "The password is set" in answer.text
    assert is_signed_in(by_password("olga", NEW))
    assert not is_signed_in(signed_in)
    assert "This link sets no password" in Client().get(link, follow=True).text


def test_the_page_says_the_same_whether_there_is_such_a_person_or_not(
    team: Team, with_mail: None
) -> None:
    said = [
        Client().post(reverse("account_reset_password"), {"email": address}, follow=True).text
        for address in ("olga@example.org", "nobody@example.org")
    ]
    token = re.compile(r'value="\w{64}"')
    assert token.sub("", said[0]) == token.sub("", said[1])
    mails(1)
    assert [message.to for message in mail.outbox] == [["olga@example.org"]]


def test_a_new_address_counts_once_the_link_sent_there_was_opened(
    team: Team, with_mail: None
) -> None:
    with_password(team.olga)
    browser = by_password("olga", OLD)
    page = browser.get(reverse("account_email"), follow=True)
    assert "Is it still you?" in page.text
    browser.post(page.request["PATH_INFO"], {"password": OLD})
    fields = {"email": "olga@new.example", "action_add": "1"}
    answer = browser.post(reverse("account_email"), fields, follow=True)
    assert "A link was sent to olga@new.example" in answer.text
    team.olga.refresh_from_db()
    assert team.olga.email == "olga@example.org"
    [body] = mails(1)
    [link] = re.findall(r"http://localhost:8000(/\S+)", body)
    assert "Is this your address?" in browser.get(link).text
    browser.post(link)
    team.olga.refresh_from_db()
    assert team.olga.email == "olga@new.example"
    assert EmailAddress.objects.get(user=team.olga).verified


def test_a_password_is_changed_only_by_who_has_it(team: Team) -> None:
    """An open session alone adds no passkey."""
    with_password(team.olga)
    browser = by_password("olga", OLD)
    page = browser.get(reverse("mfa_add_webauthn"), follow=True)
    assert "Is it still you?" in page.text
    page = browser.post(page.request["PATH_INFO"], {"password": OLD, "next": ACCOUNT}, follow=True)
    assert "Add a passkey" in browser.get(reverse("mfa_add_webauthn")).text


def test_the_audit_log_keeps_who_signed_in_and_how_and_who_was_locked_out(team: Team) -> None:
    with_password(team.olga)
    by_password("olga", OLD)
    Client().post(sign_in_path(team.olga))
    for _ in range(9):
        by_password("olga", "wrong")
    for _ in range(9):
        by_password("nobody", "wrong")
    ours = [Action.SIGNED_IN, Action.SIGN_IN_FAILED, Action.LOCKED_OUT]
    kept = LogEntry.objects.filter(action__in=ours).order_by("pk")
    assert [(entry.action, entry.what) for entry in kept] == [
        (Action.SIGNED_IN, "by password"),
        (Action.SIGNED_IN, "by link"),
        *[(Action.SIGN_IN_FAILED, "")] * 5,
        (Action.LOCKED_OUT, ""),
    ]
    assert {entry.by or entry.about for entry in kept} == {team.olga}
